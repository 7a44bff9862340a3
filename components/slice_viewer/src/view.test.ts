import { describe, expect, test } from "vitest";
import * as cameras from "./camera";
import { ancestor, chooseLevel, tileRect, visibleTiles } from "./grid";
import { cover, wishes } from "./pieces";
import type { Manifest, TileAddress } from "./types";

const image = { width: 2000, height: 1000 };
const canvas = { width: 800, height: 600 };

const grey = { is_colour: false, channel_names: [], channel_colors: [], base_path: "v", channel_windows: [], extra_axes: [], axes: ["z", "y", "x"] };

function manifest(shape: [number, number, number], levels: [number, number][]): Manifest {
  const encoding = { dtype: "uint16", lo: 0, step: 1, exact: true, nan_code: null } as const;
  const rest = { id: "v", path: "v", name: "v", channels: 1, dtype: "uint16", version: "1", voxel_size_um: null, tile_px: 512 };
  return { ...rest, axis: "z", planes: { y: [], x: [] }, whole_planes: ["z", "y", "x"], preview: null, ...grey, shape, levels, encoding, window: [0, 1], histogram: [], histogram_range: [0, 1] };
}

const stack = manifest(
  [9, 1000, 2000],
  [
    [1000, 2000],
    [500, 1000],
    [250, 500],
  ],
);

describe("cameras", () => {
  test("a fitted image is in the middle and wholly visible", () => {
    const camera = cameras.fit(image, canvas, 1);
    expect(camera.imageToScreen({ x: 1000, y: 500 })).toEqual({ x: 400, y: 300 });
    const { x0, x1 } = camera.view();
    expect(x0).toBeLessThan(0);
    expect(x1).toBeGreaterThan(2000);
  });

  test("pixels that are taller than wide fit, zoom and move in their true shape", () => {
    const fitted = cameras.fit(image, canvas, 1, 3);
    const { y0, y1 } = fitted.screenRect({ x0: 0, y0: 0, x1: 2000, y1: 1000 });
    expect([y0, y1]).toEqual([16, 584]);
    const camera = cameras.panBy(cameras.zoomAt(fitted, { x: 300, y: 200 }, 2, image), 10, 5, image);
    const before = fitted.screenToImage({ x: 300, y: 200 });
    const after = camera.screenToImage({ x: 310, y: 205 });
    expect([after.x, after.y]).toEqual([expect.closeTo(before.x), expect.closeTo(before.y)]);
    expect(cameras.resized(camera, { width: 400, height: 300 }, 1).aspect).toBe(3);
  });

  test("screen and image coordinates undo each other", () => {
    const camera = cameras.zoomAt(cameras.fit(image, canvas, 2), { x: 123, y: 456 }, 7.3, image);
    const there = camera.imageToScreen({ x: 12.25, y: 90.5 });
    const back = camera.screenToImage(there);
    expect(back.x).toBeCloseTo(12.25, 9);
    expect(back.y).toBeCloseTo(90.5, 9);
  });

  test.each([0.5, 1.2, 6])("zooming by %f keeps the image point under the pointer", (factor) => {
    const before = cameras.zoomAt(cameras.fit(image, canvas, 1), { x: 400, y: 300 }, 4, image);
    const at = { x: 410, y: 280 };
    const anchor = before.screenToImage(at);
    const after = cameras.zoomAt(before, at, factor, image);
    expect(after.imageToScreen(anchor).x).toBeCloseTo(at.x, 6);
    expect(after.imageToScreen(anchor).y).toBeCloseTo(at.y, 6);
    expect(after.scale).not.toBe(before.scale);
  });

  test("the scale stays within its limits", () => {
    const fitted = cameras.fit(image, canvas, 1);
    expect(cameras.zoomAt(fitted, { x: 0, y: 0 }, 1e9, image).scale).toBe(cameras.MAX_SCALE);
    expect(cameras.zoomAt(fitted, { x: 0, y: 0 }, 1e-9, image).scale).toBeGreaterThan(0.05);
  });

  test("an image dragged far away still reaches the middle of the canvas", () => {
    const camera = cameras.panBy(cameras.fit(image, canvas, 1), 1e6, -1e6, image);
    const middle = camera.screenToImage({ x: 400, y: 300 });
    expect(middle).toEqual({ x: 0, y: 1000 });
  });

  test("a resized window keeps the middle and the size on screen, also when the pixel ratio changes", () => {
    const before = cameras.zoomAt(cameras.fit(image, canvas, 1), { x: 300, y: 200 }, 3, image);
    const middle = before.screenToImage({ x: 400, y: 300 });
    const after = cameras.resized(before, { width: 2000, height: 900 }, 2);
    expect(after.screenToImage({ x: 1000, y: 450 })).toEqual({ x: expect.closeTo(middle.x, 6), y: expect.closeTo(middle.y, 6) });
    expect(after.scale / after.pixelRatio).toBeCloseTo(before.scale, 9);
  });

  test("neighbouring rectangles meet without a seam at any scale", () => {
    const camera = cameras.zoomAt(cameras.fit(image, canvas, 1), { x: 311, y: 97 }, 1.37, image);
    const left = camera.screenRect({ x0: 0, y0: 0, x1: 512, y1: 512 });
    const right = camera.screenRect({ x0: 512, y0: 0, x1: 1024, y1: 512 });
    expect(left.x1).toBe(right.x0);
  });
});

describe("tiles of a view", () => {
  test.each([
    [4, 0],
    [1, 0],
    [0.9, 0],
    [0.5, 1],
    [0.3, 1],
    [0.25, 2],
    [0.01, 2],
  ])("scale %f needs level %i", (scale, level) => {
    expect(chooseLevel(scale, 3)).toBe(level);
  });

  test("a view inside one tile needs that tile only", () => {
    const camera = new cameras.View(8, -8 * 600, -8 * 100, 800, 600, 1); // shows x 600..700, y 100..175
    expect(visibleTiles(stack, camera, 0)).toEqual([{ level: 0, tx: 1, ty: 0 }]);
  });

  test("the most central tile comes first, and none lies outside the image", () => {
    const tiles = visibleTiles(stack, cameras.fit(image, canvas, 1), 0);
    expect(tiles).toHaveLength(8);
    expect([1, 2]).toContain(tiles[0].tx);
    expect(tiles.every(({ tx, ty }) => tx >= 0 && tx < 4 && ty >= 0 && ty < 2)).toBe(true);
  });

  test("edge tiles are cropped, in level-0 pixels", () => {
    expect(tileRect(stack, { level: 0, tx: 3, ty: 1 })).toEqual({ x0: 1536, y0: 512, x1: 2000, y1: 1000 });
    expect(tileRect(stack, { level: 1, tx: 1, ty: 0 })).toEqual({ x0: 1024, y0: 0, x1: 2000, y1: 1000 });
  });

  test("a coarser tile holds its descendants", () => {
    expect(ancestor({ level: 0, tx: 3, ty: 1 }, 2)).toEqual({ level: 2, tx: 0, ty: 0 });
  });
});

describe("what is drawn while tiles come", () => {
  const tiles = visibleTiles(stack, cameras.fit(image, canvas, 1), 0);

  test("nothing at hand leaves everything bare", () => {
    expect(cover(stack, tiles, { has: () => false, isDraft: () => false })).toMatchObject({ pieces: [], bare: 8, blurred: 8 });
  });

  test("the coarsest tile fills what the sharp ones do not", () => {
    const has = ({ level, tx }: TileAddress): boolean => level === 2 || (level === 0 && tx === 0);
    const here = cover(stack, tiles, { has, isDraft: () => false });
    expect(here).toMatchObject({ bare: 0, blurred: 6 });
    expect(here.pieces.filter(({ tile }) => tile.level === 2)).toHaveLength(6);
    expect(here.pieces.find(({ area }) => area.x0 === 0)?.tile.level).toBe(0);
  });

  test("the wanted slice comes before those passed, then its coarser level, neighbours last and in the direction of travel", () => {
    const { urgent, later } = wishes(stack, { trail: [3, 4, 5], tiles, direction: -1 });
    expect(urgent[0]).toEqual({ z: 5, level: 2, tx: 0, ty: 0 });
    expect(urgent.slice(1, 9).every(({ z, level }) => z === 5 && level === 0)).toBe(true);
    expect(urgent.slice(9).map(({ z, level }) => [z, level])).toEqual([
      [4, 2],
      [3, 2],
    ]);
    expect([...new Set(later.map(({ z }) => z))]).toEqual([5, 4, 3, 6, 7]);
    expect(later.filter(({ z }) => z === 5).every(({ level }) => level === 1)).toBe(true);
  });

  test("no neighbour lies outside the stack", () => {
    const { later } = wishes(stack, { trail: [8], tiles, direction: 1 });
    expect([...new Set(later.map(({ z }) => z))]).toEqual([8, 7, 6]);
  });
});
