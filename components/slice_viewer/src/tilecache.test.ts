import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TileCache, type Problem, type Wish } from "./tilecache";

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
    this.open.get(url)!(new Response(body, { status }));
    await vi.advanceTimersByTimeAsync(0);
  }
}

const wish = (key: string, prefetch = false): Wish => ({ key, url: `/${key}`, prefetch });

let server: Server;
let arrived: string[];
let gone: string[];
let troubles: (Problem | null)[];

function makeCache(budget = 1000): TileCache {
  const events = {
    arrived: (key: string) => void arrived.push(key),
    gone: (key: string) => void gone.push(key),
    trouble: (problem: Problem | null) => void troubles.push(problem),
  };
  return new TileCache(events, budget, server.fetch);
}

beforeEach(() => {
  vi.useFakeTimers();
  server = new Server();
  [arrived, gone, troubles] = [[], [], []];
});
afterEach(() => void vi.useRealTimers());

describe("fetching", () => {
  test("tiles are asked for in the order of the wishes, six at a time", async () => {
    const cache = makeCache();
    cache.want("abcdefgh".split("").map((key) => wish(key)));
    expect(server.asked).toEqual(["/a", "/b", "/c", "/d", "/e", "/f"]);
    await server.answer("/c");
    expect(server.asked.at(-1)).toBe("/g");
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

  test("prefetching leaves connections free", () => {
    const cache = makeCache();
    cache.want("abcdef".split("").map((key) => wish(key, true)));
    expect(server.asked).toHaveLength(3);
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

describe("keeping", () => {
  test("the tile used longest ago goes when the bytes exceed the budget", async () => {
    const cache = makeCache(25);
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
});
