import { describe as group, expect, it } from "vitest";
import type { Renderer, Sprite } from "../renderer";
import { View } from "../camera";
import type { Manifest } from "../types";
import { describe, LIVE_OFF } from "./live";
import { FrameReader, inflate, type Header } from "./stream";
import { LiveTiles } from "./tiles";

const MANIFEST = { tile_px: 512, shape: [2, 600, 700], levels: [[600, 700], [300, 350]] } as unknown as Manifest;

function framed(header: object, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify({ ...header, size: payload.length }));
  const bytes = new Uint8Array(4 + text.length + payload.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  bytes.set(payload, 4 + text.length);
  return bytes;
}

group("the frames of a live prediction", () => {
  it("are the same however the connection cuts them", () => {
    const both = [...framed({ state: "learned", pixels: 9 }), ...framed({ tile: [0, 1, 0] }, new Uint8Array([7, 8]))];
    const reader = new FrameReader();
    const found = both.flatMap((byte) => reader.take(new Uint8Array([byte])));
    expect(found.map(({ header }) => header.state)).toEqual(["learned", undefined]);
    expect([...found[1].payload]).toEqual([7, 8]);
    expect(new FrameReader().take(new Uint8Array(both))).toEqual(found);
  });

  it("carry pixels as zlib packs them", async () => {
    const packed = new Uint8Array(await new Response(new Response(new Uint8Array([1, 1, 2])).body!.pipeThrough(new CompressionStream("deflate"))).arrayBuffer());
    expect([...(await inflate(packed))]).toEqual([1, 1, 2]);
  });
});

group("the tiles of a live prediction", () => {
  const part = (level: number, value: number, at: [number, number, number, number]): [Header, Uint8Array] => [{ tile: [level, 0, 0], at, size: 0 }, new Uint8Array(at[2] * at[3]).fill(value)];

  it("keep what was there until something newer lands on it", () => {
    const tiles = new LiveTiles(MANIFEST);
    tiles.put(0, ...part(0, 1, [0, 0, 20, 20]));
    tiles.put(0, ...part(0, 2, [10, 0, 10, 20]));
    expect([tiles.at(0, 5, 5), tiles.at(0, 5, 15), tiles.at(0, 5, 25), tiles.at(1, 5, 5)]).toEqual([1, 2, 0, 0]);
  });

  it("show another level only once all of it is there", () => {
    const tiles = new LiveTiles(MANIFEST);
    tiles.put(0, ...part(0, 1, [0, 0, 20, 20]));
    tiles.put(0, ...part(1, 2, [0, 0, 20, 20]));
    expect(tiles.at(0, 5, 5)).toBe(1);
    tiles.show(0, 1);
    expect(tiles.at(0, 5, 5)).toBe(2);
    expect(drawn(tiles)).toEqual(["0/1/0/0"]);
    tiles.clear();
    expect(drawn(tiles)).toEqual([]);
  });

  function drawn(tiles: LiveTiles): string[] {
    const found: string[] = [];
    const renderer = { recolor: () => undefined, forget: () => undefined, draw: (_: string, sprites: Sprite[]) => found.push(...sprites.map(({ key }) => key)) };
    tiles.draw(renderer as unknown as Renderer, 0, new View(0.5, 0, 0, 350, 300, 1));
    return found;
  }
});

group("the words of a live prediction", () => {
  it("say what it was learned from once it is up to date", () => {
    const state = { ...LIVE_OFF, phase: "current" as const, pixels: 1234, classes: 2, slices: 1 };
    expect(describe(state)).toBe("Up to date. Learned from 1,234 pixels of 2 classes on 1 slice.");
    expect(describe(LIVE_OFF)).toBe("");
  });
});
