import { describe, expect, it } from "vitest";
import { expand, Speed } from "./previews";
import { TileCache } from "./tilecache";
import { TileMemory } from "./tilememory";
import type { Manifest } from "./types";

describe("the speed of the link", () => {
  it("is told from all answers under way together", () => {
    let now = 0;
    const speed = new Speed(() => now);
    expect(speed.isSlow).toBe(false);
    for (let i = 0; i < 6; i++) speed.begin();
    now = 1000;
    for (let i = 0; i < 6; i++) speed.end(500_000); // 3 MB in a second
    expect(speed.isSlow).toBe(true);
    for (let n = 0; n < 4; n++) {
      speed.begin();
      now += 10;
      speed.end(500_000); // 50 MB/s
    }
    expect(speed.isSlow).toBe(false);
  });

  it("is not judged by answers too small to tell", () => {
    let now = 0;
    const speed = new Speed(() => now);
    speed.begin();
    now = 1000;
    speed.end(100);
    expect(speed.isSlow).toBe(false);
  });
});

it("turns a preview back into stored values", () => {
  const grey = { preview: [100, 610], channels: 1, encoding: { dtype: "uint16" } } as unknown as Manifest;
  expect([...new Uint16Array(expand(Uint8ClampedArray.from([0, 0, 0, 255, 255, 255, 255, 255, 3, 3, 3, 255]), grey))]).toEqual([100, 610, 106]);
  const colour = { preview: [0, 255], channels: 3, encoding: { dtype: "uint8" } } as unknown as Manifest;
  expect([...new Uint8Array(expand(Uint8ClampedArray.from([1, 2, 3, 255]), colour))]).toEqual([1, 2, 3]);
});

it("asks for previews of all visible tiles first, then for the exact ones", async () => {
  const asked: string[] = [];
  const fetcher = ((url: string) => {
    asked.push(url);
    return Promise.resolve(new Response(new Uint8Array(url.endsWith("p") ? 1 : 10)));
  }) as typeof fetch;
  const cache = new TileCache({ arrived: () => undefined, gone: () => undefined, trouble: () => undefined }, new TileMemory(1000), fetcher);
  const keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
  cache.want(keys.map((key) => ({ key, url: `/${key}`, preview: `/${key}p`, prefetch: false })));
  await expect.poll(() => cache.idle).toBe(true);
  expect(asked.slice(0, 8)).toEqual(keys.map((key) => `/${key}p`));
  expect(asked.slice(8).sort()).toEqual(keys.map((key) => `/${key}`));
  expect(keys.some((key) => cache.isDraft(key))).toBe(false);
});
