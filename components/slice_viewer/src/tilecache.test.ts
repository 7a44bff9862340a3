import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Wish } from "./batches";
import { Connections } from "./connections";
import { TileCache, type Problem } from "./tilecache";
import { TileMemory } from "./tilememory";

/** A server whose answers the test gives one by one. */
class Server {
  readonly asked: string[] = [];
  readonly aborted: string[] = [];
  private readonly open = new Map<string, (response: Response) => void>();

  readonly fetch = ((url: string, { signal }: RequestInit) => {
    this.asked.push(url);
    return new Promise<Response>((resolve, reject) => {
      this.open.set(url, resolve);
      signal!.addEventListener("abort", () => {
        this.aborted.push(url);
        reject(signal!.reason);
      });
    });
  }) as typeof fetch;

  async answer(url: string, bytes = 10, status = 200): Promise<void> {
    const body = status === 204 ? null : status === 200 ? new Uint8Array(bytes) : JSON.stringify({ error: "down", hint: "wait" });
    await this.send(url, new Response(body, { status }));
  }

  async send(url: string, response: Response): Promise<void> {
    this.open.get(url)!(response);
    await vi.advanceTimersByTimeAsync(0);
  }
}

const wish = (key: string, prefetch = false): Wish => ({ key, url: `/${key}`, prefetch });

/** A tile of slice `z` that can be asked for with others of it. */
const tileOf = (z: number, place: string, prefetch = false): Wish => ({ ...wish(`${z}/${place}`, prefetch), batch: { root: `/${z}`, place } });

/** The answer to a request for several tiles: lengths, then bytes. */
function joined(...tiles: number[][]): Uint8Array<ArrayBuffer> {
  const lengths = new Uint32Array(tiles.map(({ length }) => length)); // little-endian, as all machines that run browsers are
  return new Uint8Array([...new Uint8Array(lengths.buffer), ...tiles.flat()]);
}

let server: Server;
let connections: Connections;
let arrived: string[];
let gone: string[];
let troubles: (Problem | null)[];

function makeCache(memory = new TileMemory(1000)): TileCache {
  const events = {
    arrived: (key: string) => void arrived.push(key),
    gone: (key: string) => void gone.push(key),
    trouble: (problem: Problem | null) => void troubles.push(problem),
  };
  return new TileCache(events, memory, server.fetch, undefined, undefined, connections);
}

beforeEach(() => {
  vi.useFakeTimers();
  server = new Server();
  connections = new Connections();
  [arrived, gone, troubles] = [[], [], []];
});
afterEach(() => void vi.useRealTimers());

describe("memory", () => {
  test("caches share it: what was used longest ago in any goes first, what came last stays", async () => {
    const memory = new TileMemory(25);
    const [image, result] = [makeCache(memory), makeCache(memory)];
    image.want(["a", "b"].map((key) => wish(key)));
    await server.answer("/a");
    await server.answer("/b");
    image.get("a");
    result.want([wish("c")]);
    await server.answer("/c");
    expect([image.has("a"), image.has("b"), result.has("c")]).toEqual([true, false, true]);
    result.want([wish("d")]);
    await server.answer("/d", 100);
    expect([image.has("a"), result.has("c"), result.has("d")]).toEqual([false, false, true]);
    result.clear();
    expect(image.bytes + result.bytes).toBe(0);
  });
});

describe("fetching", () => {
  test("a tile wished for twice, as the coarsest and the finest of a small image, is asked for once and arrives", async () => {
    const cache = makeCache();
    cache.want([wish("only"), wish("only", true)]);
    expect(server.asked).toEqual(["/only"]);
    await server.answer("/only");
    expect([arrived, cache.idle, troubles.length]).toEqual([["only"], true, 0]);
  });

  test("tiles are asked for in the order of the wishes, and leave two of a browser's six connections to labels and the page", async () => {
    const cache = makeCache();
    cache.want("abcdefgh".split("").map((key) => wish(key)));
    expect(server.asked).toEqual(["/a", "/b", "/c", "/d"]);
    await server.answer("/c");
    expect(server.asked.at(-1)).toBe("/e");
    expect(arrived).toEqual(["c"]);
    expect(cache.get("c")!.byteLength).toBe(10);
  });

  test("a tile no longer wished for is aborted, the others go on", () => {
    const cache = makeCache();
    cache.want([wish("a"), wish("b")]);
    cache.want([wish("b"), wish("c")]);
    expect(server.aborted).toEqual(["/a"]);
    expect(server.asked).toEqual(["/a", "/b", "/c"]);
  });

  test("all caches of the page share the connections, and one that waited goes on when another has done", async () => {
    const [image, result] = [makeCache(), makeCache()];
    image.want("abcd".split("").map((key) => wish(key)));
    result.want([wish("r")]);
    expect(server.asked).not.toContain("/r");
    await server.answer("/a");
    expect(server.asked.at(-1)).toBe("/r");
  });

  test("prefetching leaves connections free, and waits until what is visible is on the screen", async () => {
    const cache = makeCache();
    const ahead = "abcdef".split("").map((key) => wish(key, true));
    cache.want([wish("seen"), ...ahead]);
    cache.seen(); // an older frame
    expect(server.asked).toEqual(["/seen"]);
    await server.answer("/seen");
    cache.want([wish("seen"), ...ahead]);
    expect(server.asked).toEqual(["/seen"]);
    cache.seen();
    expect(server.asked).toEqual(["/seen", "/a", "/b"]);
    await server.answer("/a");
    expect(server.asked.at(-1)).toBe("/c"); // nothing visible is asked for: nothing to wait for
  });

  test("an aborted request gives its connection back", async () => {
    const cache = makeCache();
    cache.want("abcd".split("").map((key) => wish(key)));
    cache.want([wish("e")]);
    await vi.advanceTimersByTimeAsync(0);
    expect(server.asked.at(-1)).toBe("/e");
  });

  test("a tile at hand is not asked for again", async () => {
    const cache = makeCache();
    cache.want([wish("a")]);
    await server.answer("/a");
    cache.want([wish("a")]);
    expect(server.asked).toEqual(["/a"]);
    expect(cache.pending).toBe(0);
  });

  test("an empty answer is remembered until asked to forget", async () => {
    const cache = makeCache();
    cache.want([wish("a")]);
    await server.answer("/a", 0, 204);
    expect(cache.get("a")).toBe(null);
    cache.askAgain();
    expect(cache.has("a")).toBe(false);
  });
});

describe("asking for the tiles of a plane together", () => {
  test("one request brings the tiles of a slice, and each is kept under its own key", async () => {
    const cache = makeCache();
    cache.want([tileOf(5, "3.0.0"), tileOf(5, "1.2.0"), tileOf(4, "3.0.0"), tileOf(6, "1.2.0", true)]);
    expect(server.asked).toEqual(["/5/tiles/3.0.0,1.2.0", "/4/3.0.0"]);
    await server.send("/5/tiles/3.0.0,1.2.0", new Response(joined([1, 2], [3])));
    expect(arrived).toEqual(["5/3.0.0", "5/1.2.0"]);
    expect([...new Uint8Array(cache.get("5/3.0.0")!), ...new Uint8Array(cache.get("5/1.2.0")!)]).toEqual([1, 2, 3]);
  });

  test("what is here of a slice is not asked for again with the rest", async () => {
    const cache = makeCache();
    cache.want([tileOf(5, "1.0.0")]);
    await server.answer("/5/1.0.0");
    cache.want(["1.0.0", "1.1.0", "1.2.0"].map((place) => tileOf(5, place)));
    expect(server.asked.at(-1)).toBe("/5/tiles/1.1.0,1.2.0");
  });

  test("tiles are kept as they come; the request is aborted once none of those left is wished for", async () => {
    const cache = makeCache();
    const both = [tileOf(5, "3.0.0"), tileOf(5, "1.0.0")];
    cache.want(both);
    let stream!: ReadableStreamDefaultController<Uint8Array>;
    await server.send("/5/tiles/3.0.0,1.0.0", new Response(new ReadableStream({ start: (controller) => void (stream = controller) })));
    stream.enqueue(joined([1, 2], [3, 4]).subarray(0, 11)); // the lengths, the first tile, half of the second
    await vi.advanceTimersByTimeAsync(0);
    expect(arrived).toEqual(["5/3.0.0"]);
    cache.want([both[0], tileOf(6, "1.0.0")]);
    expect(server.aborted).toEqual(["/5/tiles/3.0.0,1.0.0"]);
  });

  test("a preview that is still being decoded is not asked for again, and exact tiles wait for the last preview", async () => {
    const decoded: (() => void)[] = [];
    const decode = (): Promise<ArrayBuffer> => new Promise((resolve) => decoded.push(() => resolve(new ArrayBuffer(4))));
    const cache = new TileCache({ arrived: () => undefined, gone: () => undefined, trouble: () => undefined }, new TileMemory(1000), server.fetch, decode, undefined, connections);
    const wishes = ["1.0.0", "1.1.0"].map((place) => ({ ...tileOf(5, place), preview: `/5/${place}?preview` }));
    cache.want(wishes);
    await server.send("/5/tiles/1.0.0,1.1.0?preview", new Response(joined([1], [2])));
    cache.want(wishes);
    decoded[0]();
    await vi.advanceTimersByTimeAsync(0);
    cache.want(wishes);
    expect(server.asked).toHaveLength(1);
    decoded[1]();
    await vi.advanceTimersByTimeAsync(0);
    expect(server.asked.slice(1)).toEqual(["/5/tiles/1.0.0,1.1.0"]);
  });

  test("an answer that breaks off keeps what has come, and the rest is asked for again", async () => {
    const cache = makeCache();
    cache.want([tileOf(5, "3.0.0"), tileOf(5, "1.0.0")]);
    await server.send("/5/tiles/3.0.0,1.0.0", new Response(joined([1, 2], [3, 4]).subarray(0, 11)));
    expect([arrived, troubles.length]).toEqual([["5/3.0.0"], 1]);
    await vi.advanceTimersByTimeAsync(500);
    expect(server.asked.at(-1)).toBe("/5/1.0.0");
  });
});

describe("keeping", () => {
  test("the tile used longest ago goes when the bytes exceed the budget", async () => {
    const cache = makeCache(new TileMemory(25));
    for (const key of ["a", "b"]) {
      cache.want([wish(key)]);
      await server.answer(`/${key}`);
    }
    cache.get("a");
    cache.want([wish("c")]);
    await server.answer("/c");
    expect(["a", "b", "c"].map((key) => cache.has(key))).toEqual([true, false, true]);
  });
});

describe("trouble", () => {
  test("a failed tile is asked for again by itself, with growing pauses, until it comes", async () => {
    const cache = makeCache();
    cache.want([wish("a")]);
    await server.answer("/a", 0, 503);
    expect(troubles).toEqual([{ message: "down", hint: "wait" }]);
    await vi.advanceTimersByTimeAsync(500);
    expect(server.asked).toHaveLength(2);
    await server.answer("/a", 0, 503);
    await vi.advanceTimersByTimeAsync(500);
    expect(server.asked).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(500);
    expect(server.asked).toHaveLength(3);
    await server.answer("/a");
    expect(troubles.at(-1)).toBe(null);
    expect(arrived).toEqual(["a"]);
  });

  test("the pause of a broken tile does not hold up other slices", async () => {
    const cache = makeCache();
    cache.want([wish("broken")]);
    await server.answer("/broken", 0, 503);
    cache.want([wish("fine")]);
    expect(server.asked.at(-1)).toBe("/fine");
    expect(troubles.at(-1)).toBe(null);
  });

  test("a tile that is gone is told once and not asked for again", async () => {
    const cache = makeCache();
    cache.want([wish("a")]);
    await server.answer("/a", 0, 404);
    cache.want([wish("a")]);
    expect(gone).toEqual(["a"]);
    expect(server.asked).toHaveLength(1);
  });

  test("a tile that is gone does not hold up what is fetched ahead", async () => {
    const cache = makeCache();
    cache.want([wish("a"), wish("b", true)]);
    await server.answer("/a", 0, 404);
    expect(server.asked).toEqual(["/a", "/b"]);
  });
});
