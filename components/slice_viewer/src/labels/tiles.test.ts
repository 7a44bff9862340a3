import { describe, expect, it } from "vitest";
import { LocalEdit } from "./edits";
import { capsule } from "./raster";
import { FREE, type Overwrite } from "./rules";
import { clip, union, type Spans } from "./spans";
import { Stroke } from "./stroke";
import { FakeServer, firstDifference, randomFrom } from "./testing";
import { LabelTile, TileStore } from "./tiles";

const HEIGHT = 601; // odd, so that the last blocks are cut by the border
const WIDTH = 1101;
const LEVELS: [number, number][] = [
  [601, 1101],
  [301, 551],
  [151, 276],
];
const VIEW = { x0: 0, y0: 0, x1: WIDTH, y1: HEIGHT };

function loadedStore(server: FakeServer): TileStore {
  const store = new TileStore(LEVELS);
  for (const level of [0, 1, 2]) {
    for (const address of store.addresses(level, VIEW)) store.use(address).load(cut(server, store.use(address)), 0);
  }
  return store;
}

/** The server's pixels of a tile. */
function cut(server: FakeServer, tile: LabelTile): Uint8Array {
  const { pixels, width } = server.pooled(0, tile.address.level);
  const out = new Uint8Array(tile.width * tile.height);
  for (let y = 0; y < tile.height; y++) {
    const start = (tile.area.y0 + y) * width + tile.area.x0;
    out.set(pixels.subarray(start, start + tile.width), y * tile.width);
  }
  return out;
}

function shown(tile: LabelTile): Uint8Array {
  return tile.pixels ?? new Uint8Array(tile.width * tile.height);
}

function randomStroke(random: () => number): Spans[] {
  const place = (): { x: number; y: number } => ({ x: Math.floor(random() * (WIDTH + 40)) - 20, y: Math.floor(random() * (HEIGHT + 40)) - 20 });
  const points = [place(), place(), place()];
  const radius = 0.5 + Math.floor(random() * 30);
  return points.map((point, i) => capsule(points[Math.max(0, i - 1)], point, radius, VIEW));
}

function joined(steps: Spans[]): Spans {
  return union(Int32Array.from(steps.flatMap((spans) => [...spans])));
}

describe("label tiles", () => {
  it("show after live painting what the server pools, at every level, for the greatest class", () => {
    const random = randomFrom(11);
    const server = new FakeServer(HEIGHT, WIDTH);
    for (let round = 1; round <= 6; round++) {
      const steps = randomStroke(random);
      const store = loadedStore(server);
      const stroke = new Stroke(0, round, FREE, store);
      for (const spans of steps) stroke.add(spans);
      server.paint(0, round, stroke.spans());
      for (const tile of store.all()) expect(firstDifference(shown(tile), cut(server, tile))).toBe(-1);
    }
  });

  it("are exact at level 0 for any class and for erasing, and settle wholly covered blocks at coarser levels", () => {
    const random = randomFrom(12);
    const server = new FakeServer(HEIGHT, WIDTH);
    for (let round = 0; round < 8; round++) {
      const label = Math.floor(random() * 4);
      const spans = joined(randomStroke(random));
      const store = loadedStore(server);
      const edit = new LocalEdit("e", "z", 0, [{ label, spans }]);
      for (const tile of store.all()) tile.paint(edit.at(tile.address.level, store.image), FREE);
      server.paint(0, label, spans);
      for (const tile of store.all()) compareGuess(tile, cut(server, tile), edit, store);
    }
  });

  function compareGuess(tile: LabelTile, truth: Uint8Array, edit: LocalEdit, store: TileStore): void {
    const guess = shown(tile);
    if (tile.address.level === 0) expect(firstDifference(guess, truth)).toBe(-1);
    // A guess never shows less than the truth, so nothing painted is missed on the screen.
    expect(guess.every((value, i) => value >= truth[i])).toBe(true);
    const [{ label, coarse }] = edit.at(tile.address.level, store.image);
    const inside = clip(coarse.full, tile.area);
    for (let i = 0; i < inside.length; i += 3) {
      for (let x = inside[i + 1]; x < inside[i + 2]; x++) if (tile.valueAt(x, inside[i]) !== label) throw new Error(`(${x}, ${inside[i]}) is not settled`);
    }
  }

  it("go back to the server's pixels when a stroke is dropped, and keep edits that are on their way", () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    server.paint(0, 3, Int32Array.of(5, 0, 100, 6, 0, 100));
    const store = loadedStore(server);
    const edit = new LocalEdit("e", "z", 0, [{ label: 1, spans: Int32Array.of(5, 10, 20) }]);
    const tile = store.find({ level: 0, tx: 0, ty: 0 })!;
    tile.paint(edit.at(0, store.image), FREE);
    new Stroke(0, 2, FREE, store).add(Int32Array.of(5, 15, 40));
    tile.restore([edit], store.image);
    expect([...tile.pixels!.subarray(5 * 512, 5 * 512 + 41)]).toEqual([...Array(10).fill(3), ...Array(10).fill(1), ...Array(21).fill(3)]);
    tile.restore([], store.image);
    expect(tile.pixels).toEqual(cut(server, tile));
  });

  it("keep what the overwrite mode and the locks of an edit spare", () => {
    const server = new FakeServer(HEIGHT, WIDTH);
    server.paint(0, 3, Int32Array.of(5, 0, 4));
    server.paint(0, 2, Int32Array.of(5, 4, 8));
    const row = (overwrite: Overwrite, protect: number[]): number[] => {
      const tile = loadedStore(server).find({ level: 0, tx: 0, ty: 0 })!;
      const spans = Int32Array.of(5, 2, 10);
      tile.paint([{ label: 1, coarse: { touched: spans, full: spans } }], { overwrite, protect });
      return [...tile.pixels!.subarray(5 * 512, 5 * 512 + 10)];
    };
    expect(row("all", [])).toEqual([3, 3, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(row("empty", [])).toEqual([3, 3, 3, 3, 2, 2, 2, 2, 1, 1]);
    expect(row(3, [])).toEqual([3, 3, 1, 1, 2, 2, 2, 2, 0, 0]);
    expect(row("all", [2])).toEqual([3, 3, 1, 1, 2, 2, 2, 2, 1, 1]);
    expect(row(3, [3])).toEqual([3, 3, 3, 3, 2, 2, 2, 2, 0, 0]);
  });

  it("ask for colours only where paint has touched them", () => {
    const tile = new LabelTile({ level: 0, tx: 1, ty: 0 }, { x0: 512, y0: 0, x1: 1024, y1: 512 });
    tile.load(new Uint8Array(512 * 512), 0);
    tile.dirty = null;
    const spans = Int32Array.of(7, 500, 520, 9, 530, 540);
    tile.paint([{ label: 1, coarse: { touched: spans, full: spans } }], FREE);
    expect(tile.dirty).toEqual({ x0: 0, y0: 7, x1: 28, y1: 10 });
  });

  it("are dropped in the order of last use when they take too much memory", () => {
    const store = new TileStore(LEVELS);
    const addresses = store.addresses(0, VIEW);
    for (const address of addresses) store.use(address).load(new Uint8Array(512 * 512), 0);
    const kept = store.use(addresses[0]);
    const dropped = store.trim(3 * 5 * 512 * 512, new Set([kept]));
    expect(dropped.map((tile) => tile.address)).toEqual(addresses.slice(1, 1 + dropped.length));
    expect(store.find(addresses[0])).toBe(kept);
  });

  it("are found for a view, cut at the image", () => {
    const store = new TileStore(LEVELS);
    expect(store.addresses(0, { x0: -50, y0: 520, x1: 5000, y1: 530 })).toEqual([0, 1, 2].map((tx) => ({ level: 0, tx, ty: 1 })));
    expect(store.addresses(2, VIEW)).toEqual([{ level: 2, tx: 0, ty: 0 }]);
  });
});

describe("a brush step", () => {
  it("of radius 200 stays far under a frame", () => {
    const store = new TileStore([[2560, 2560], [1280, 1280], [640, 640], [320, 320]]);
    for (const address of store.addresses(0, { x0: 0, y0: 0, x1: 2560, y1: 2560 })) store.use(address).load(new Uint8Array(512 * 512), 0);
    const stroke = new Stroke(0, 1, FREE, store);
    const step = (i: number): void => stroke.add(capsule({ x: 300 + 10 * i, y: 900 }, { x: 310 + 10 * i, y: 905 }, 200, store.image));
    for (let i = 0; i < 50; i++) step(i);
    const times = Array.from({ length: 100 }, (_, i) => {
      const start = performance.now();
      step(50 + i);
      return performance.now() - start;
    }).sort((a, b) => a - b);
    expect(times[50]).toBeLessThan(2); // ms; about 0.2 when the machine is quiet
  });
});
