import { IDBFactory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { History, LabelClass, Manifest, SaveState, TileAddress, ViewerHost } from "../types";
import { LabelBook } from "./book";
import { capsule } from "./raster";
import type { Overwrite } from "./rules";
import type { Spans } from "./spans";
import { FakeServer, firstDifference, randomFrom, until } from "./testing";

const HEIGHT = 601;
const WIDTH = 1101;
const IMAGE = { x0: 0, y0: 0, x1: WIDTH, y1: HEIGHT };
const MANIFEST = { levels: [[601, 1101], [301, 551], [151, 276]], shape: [4, HEIGHT, WIDTH], axis: "z", tile_px: 512 } as unknown as Manifest;

/** What the tests change of the host. */
interface Mutable {
  overwrite: Overwrite;
  classes: LabelClass[];
}

/** What the viewer would show and say. */
class Screen {
  save: SaveState = { state: "saved", pending: 0, message: "" };
  annotated: number[] = [];
  history: History = { undo: -1, redo: -1 };
  went: number[] = [];
  toasts: string[] = [];
  errors: string[] = [];
  redraws = 0;
  book!: LabelBook;
  level = 0;

  readonly host = {
    apiRoot: "/api",
    overwrite: "all" as Overwrite,
    classes: [] as LabelClass[],
    requestRedraw: () => void this.redraws++,
    setSaveState: (state: SaveState) => (this.save = state),
    setAnnotated: (slices: number[]) => (this.annotated = slices),
    setPresent: () => undefined,
    setHistory: (history: History) => (this.history = history),
    setClassesRevision: () => undefined,
    setLabelsRevision: () => undefined,
    setObjectsRevision: () => undefined,
    goToSlice: (z: number) => this.goTo(z),
    toast: (message: string) => void this.toasts.push(message),
    error: (message: string) => void this.errors.push(message),
  } as unknown as Mutable & ViewerHost;

  goTo(z: number): void {
    this.went.push(z);
    this.book.setSlice(z);
    this.look();
  }

  tiles(): TileAddress[] {
    return this.book.store.addresses(this.level, IMAGE);
  }

  look(level = this.level): void {
    this.level = level;
    this.book.show(this.tiles());
  }

  /** Whether the screen shows the server's pixels at its level. */
  agreesWith(server: FakeServer): boolean {
    const { pixels, width } = server.pooled(this.book.z, this.level);
    return this.tiles().every((address) => {
      const tile = this.book.store.use(address);
      const shown = tile.pixels ?? new Uint8Array(tile.width * tile.height);
      const truth = new Uint8Array(shown.length);
      for (let y = 0; y < tile.height; y++) {
        const start = (tile.area.y0 + y) * width + tile.area.x0;
        truth.set(pixels.subarray(start, start + tile.width), y * tile.width);
      }
      return firstDifference(shown, truth) === -1;
    });
  }
}

const open: Screen[] = [];
let page: EventTarget;

async function screenOn(server: FakeServer, z = 0): Promise<Screen> {
  const screen = new Screen();
  const around = { fetch: server.fetch, cookies: () => "", backoffMs: () => 3 };
  screen.book = new LabelBook(screen.host, "dm9s", MANIFEST, around);
  screen.book.setSlice(z);
  open.push(screen);
  await settled(screen, server);
  return screen;
}

/** Frames are drawn until everything has come; `poll` plays the two-second look for news. */
async function settled(screen: Screen, server: FakeServer): Promise<void> {
  await until(() => {
    screen.look();
    return screen.save.state === "saved" && !screen.book.loading;
  }, "rest");
  page.dispatchEvent(new Event("visibilitychange"));
  await until(() => {
    screen.look();
    return screen.agreesWith(server);
  }, "agreement with the server");
}

function dab(x: number, y: number, radius = 5): Spans {
  return capsule({ x, y }, { x: x + 3 * radius, y: y + radius }, radius, IMAGE);
}

beforeEach(() => {
  page = Object.assign(new EventTarget(), { visibilityState: "visible", cookie: "" });
  vi.stubGlobal("document", page);
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
  vi.stubGlobal("indexedDB", new IDBFactory());
});

afterEach(async () => {
  for (const screen of open.splice(0)) await screen.book.dispose();
  vi.unstubAllGlobals();
});

describe("the label book", () => {
  it("shows what the server holds, and asks only for tiles that exist", async () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    server.paint(0, 2, Int32Array.of(3, 600, 640));
    await screenOn(server);
    expect(server.requests.filter((request) => request.includes("?v="))).toEqual(["GET /api/labels/dm9s/z/0/0/1/0?v=1"]);
  });

  it("keeps a stroke painted while its tile is still loading", async () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    server.paint(0, 2, Int32Array.of(3, 0, 640));
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    server.gate = async (url, when) => {
      if (url.includes("?v=") && when === "after") await held;
      return null;
    };
    const screen = new Screen();
    screen.book = new LabelBook(screen.host, "dm9s", MANIFEST, { fetch: server.fetch, cookies: () => "", backoffMs: () => 3 });
    open.push(screen);
    screen.book.setSlice(0);
    await until(() => {
      screen.look();
      return server.requests.some((request) => request.includes("?v="));
    });
    screen.book.paint(dab(10, 3), 1);
    expect(screen.book.labelAt({ x: 10, y: 3 })).toBe(1);
    screen.book.commitStroke();
    await until(() => screen.save.state === "saved" && server.revision === 2);
    screen.book.paint(dab(60, 3), 3); // still under the button when the tile arrives
    release();
    await until(() => !screen.book.loading);
    expect([screen.book.labelAt({ x: 12, y: 3 }), screen.book.labelAt({ x: 62, y: 3 }), screen.book.labelAt({ x: 300, y: 3 })]).toEqual([1, 3, 2]);
    screen.book.commitStroke();
    await settled(screen, server);
  });

  it("never shows a tile of another slice, however late it comes", async () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    server.paint(0, 2, Int32Array.of(3, 0, 640));
    const screen = await screenOn(server, 1);
    const late: (() => void)[] = [];
    server.gate = (url, when) => (url.includes("/z/0") && when === "after" ? new Promise((resolve) => late.push(() => resolve(null))) : Promise.resolve(null));
    screen.goTo(0);
    await until(() => late.length > 0);
    screen.goTo(1);
    for (const let_go of late) let_go();
    await settled(screen, server);
    expect(screen.book.labelAt({ x: 5, y: 3 })).toBe(0);
  });

  it("puts a stroke on the slice where it began, when the slice changes under the button", async () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    const screen = await screenOn(server, 2);
    screen.book.paint(dab(20, 20), 1);
    screen.goTo(3);
    await settled(screen, server);
    expect([server.slice(2)[20 * WIDTH + 20], server.slice(3)[20 * WIDTH + 20]]).toEqual([1, 0]);
    expect(screen.annotated).toEqual([2]);
  });

  it("calls nothing saved that the outbox has not taken in yet", async () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    const screen = new Screen();
    screen.book = new LabelBook(screen.host, "dm9s", MANIFEST, { fetch: server.fetch, cookies: () => "", backoffMs: () => 3 });
    open.push(screen);
    screen.book.submitEdit(0, 1, dab(30, 30));
    expect([screen.save.state, screen.save.pending]).toEqual(["pending", 1]);
    await settled(screen, server);
    expect([screen.save.state, server.revision]).toEqual(["saved", 1]);
  });

  it("keeps an acknowledged stroke when a later one is dropped, without asking the server again", async () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    const screen = await screenOn(server);
    screen.book.submitEdit(0, 1, dab(30, 30));
    await settled(screen, server);
    screen.look(1); // a new list comes, so the acknowledged edit is forgotten
    await settled(screen, server);
    screen.look(0);
    screen.book.paint(dab(30, 32), 2);
    screen.book.discardStroke();
    expect(screen.agreesWith(server)).toBe(true);
    expect(server.requests.filter((request) => request.includes("/z/0/0/"))).toEqual([]);
  });

  it("takes a stroke back while offline, goes to its slice, and the server ends up the same", async () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    const screen = await screenOn(server);
    server.gate = () => Promise.reject(new TypeError("no network"));
    screen.book.submitEdit(0, 1, dab(30, 30));
    screen.book.submitEdit(0, 2, dab(30, 60));
    expect(screen.history).toEqual({ undo: 2, redo: 0 });
    screen.goTo(1);
    screen.book.step("undo");
    expect(screen.went.at(-1)).toBe(0);
    expect([screen.book.labelAt({ x: 30, y: 60 }), screen.book.labelAt({ x: 30, y: 30 })]).toEqual([0, 1]);
    screen.book.step("undo");
    screen.book.step("redo");
    expect(screen.history).toEqual({ undo: 1, redo: 1 });
    server.gate = () => Promise.resolve(null);
    await settled(screen, server);
    expect([server.slice(0)[60 * WIDTH + 30], server.slice(0)[30 * WIDTH + 30]]).toEqual([0, 1]);
    expect(screen.history).toEqual({ undo: 1, redo: 1 });
  });

  it("goes to the slice that an undo of an older edit changes", async () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    const screen = await screenOn(server);
    screen.book.submitEdit(0, 1, dab(30, 30));
    await settled(screen, server);
    screen.goTo(2);
    screen.book.step("undo");
    await until(() => screen.went.at(-1) === 0);
    await settled(screen, server);
    expect(screen.annotated).toEqual([]);
  });

  it("takes a request to the server for a step among the strokes, sent in order and once", async () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    const screen = await screenOn(server);
    let fails = 2;
    server.gate = (url, when) => (when === "after" && url.endsWith("merge") && fails-- > 0 ? Promise.reject(new TypeError("no line")) : Promise.resolve(null));
    screen.book.submitEdit(0, 1, dab(40, 40));
    screen.book.request({ url: "/api/instances/dm9s/1/2/merge", body: { ids: [1, 2] }, what: "merge" });
    screen.book.submitEdit(0, 2, dab(80, 40));
    expect(screen.history).toEqual({ undo: 3, redo: 0 });
    await settled(screen, server);
    const sent = server.requests.filter((line) => line.startsWith("POST")).map((line) => line.split("/").at(-1));
    expect(sent).toEqual(["edits", "merge", "merge", "merge", "edits"]);
    expect(screen.history).toEqual({ undo: 3, redo: 0 });
    for (const said of ["2 objects are object 1 now. Ctrl+Z takes it back.", "The merge is taken back."]) {
      screen.book.step("undo");
      await settled(screen, server);
      expect(screen.toasts.at(-1)).toBe(said);
    }
    expect(screen.history).toEqual({ undo: 1, redo: 2 });
  });

  it("hides no stroke for an undo that takes back a request still on its way", async () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    const screen = await screenOn(server);
    screen.book.submitEdit(0, 1, dab(40, 40));
    screen.book.request({ url: "/api/instances/dm9s/1/2/merge", body: { ids: [1, 2] }, what: "merge" });
    screen.book.step("undo");
    expect(screen.book.labelAt({ x: 42, y: 41 })).toBe(1);
    await settled(screen, server);
    expect(screen.history).toEqual({ undo: 1, redo: 1 });
    expect(server.slice(0)[41 * WIDTH + 42]).toBe(1);
  });

  it("says so when there is nothing to undo", async () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    const screen = await screenOn(server);
    await until(() => screen.history.undo === 0);
    screen.book.step("undo");
    expect(screen.toasts).toEqual(["There is nothing to undo."]);
    expect(server.requests.some((request) => request.startsWith("POST"))).toBe(false);
  });

  it("takes a refused stroke from the screen and says so", async () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    const screen = await screenOn(server);
    server.gate = async (url) => (url.endsWith("/edits") ? Response.json({ error: "Class 9 does not exist.", hint: "" }, { status: 400 }) : null);
    screen.book.submitEdit(0, 9, dab(30, 30));
    expect(screen.book.labelAt({ x: 30, y: 30 })).toBe(9);
    await settled(screen, server);
    expect(screen.errors).toEqual(["The stroke on slice 1 was not accepted: Class 9 does not exist."]);
  });

  it("shows what an earlier page life could not send, at once", async () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    const first = await screenOn(server);
    server.gate = (url) => (url.endsWith("/edits") ? Promise.reject(new TypeError("no network")) : Promise.resolve(null));
    first.book.submitEdit(0, 1, dab(30, 30));
    await until(() => first.save.state === "offline");
    await first.book.dispose();
    const second = new Screen();
    second.book = new LabelBook(second.host, "dm9s", MANIFEST, { fetch: server.fetch, cookies: () => "", backoffMs: () => 3 });
    open.push(second);
    second.book.setSlice(0);
    await until(() => {
      second.look();
      return second.book.labelAt({ x: 30, y: 30 }) === 1;
    });
    server.gate = () => Promise.resolve(null);
    await settled(second, server);
    expect(server.revision).toBe(1);
  });

  it("sends parts of several classes as one edit that one undo takes back", async () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    const screen = await screenOn(server);
    screen.book.submitParts(0, [{ label: 2, spans: Int32Array.of(5, 0, 9) }, { label: 1, spans: Int32Array.of(5, 9, 12, 6, 0, 3) }]);
    expect([...screen.book.store.find({ level: 0, tx: 0, ty: 0 })!.pixels!.subarray(5 * 512, 5 * 512 + 13)]).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 0]);
    await settled(screen, server);
    expect([server.revision, server.slice(0)[5 * WIDTH + 8], server.slice(0)[6 * WIDTH + 2]]).toEqual([1, 2, 1]);
    screen.book.step("undo");
    await settled(screen, server);
    expect(server.slice(0).some((value) => value > 0)).toBe(false);
  });

  it.each([1, 2, 3, 4, 5, 6])("agrees with the server after any mixture of strokes, steps, slices, zooms, others and lost answers (%i)", async (seed) => {
    const random = randomFrom(seed);
    const pick = (n: number): number => Math.floor(random() * n);
    const server = new FakeServer(HEIGHT, WIDTH);
    server.gate = async (_url, when) => {
      await new Promise((resolve) => setTimeout(resolve, pick(4)));
      if (random() < 0.1) throw new TypeError(`lost ${when}`);
      return null;
    };
    const screen = await screenOn(server);
    const acts = [
      () => screen.book.submitEdit(screen.book.z, pick(4), dab(pick(WIDTH), pick(HEIGHT), 1 + pick(40))),
      () => screen.book.paint(dab(pick(WIDTH), pick(HEIGHT), 1 + pick(40)), 1 + pick(3)),
      () => screen.book.commitStroke(),
      () => screen.book.submitParts(screen.book.z, [1, 2].map((label) => ({ label, spans: dab(300 * label + pick(100), 90, 40) }))),
      () => (screen.host.overwrite = (["all", "all", "empty", 1, 2] as const)[pick(5)]),
      () => (screen.host.classes = [1, 2, 3].map((id) => ({ id, name: "", color: "#ffffff", visible: true, locked: random() < 0.2 }))),
      () => screen.book.discardStroke(),
      () => screen.book.step("undo"),
      () => screen.book.step("redo"),
      () => screen.goTo(pick(3)),
      () => screen.look(pick(3)),
      () => server.paint(pick(3), pick(4), dab(pick(WIDTH), pick(HEIGHT), 1 + pick(40))),
    ];
    for (let i = 0; i < 60; i++) {
      acts[pick(acts.length)]();
      screen.look();
      if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, pick(8)));
    }
    screen.book.commitStroke();
    server.gate = () => Promise.resolve(null);
    for (const level of [2, 1, 0]) {
      screen.look(level);
      await settled(screen, server);
    }
  }, 30_000); // a machine with other work takes longer than the usual 5 s
});
