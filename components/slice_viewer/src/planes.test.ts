import { describe, expect, it } from "vitest";
import { clampVoxel, pixelAspect, planeManifest, pointOf, tilesOnPlane, voxelAt } from "./planes";
import { AXES, type Manifest } from "./types";

const encoding = { dtype: "uint16", lo: 0, step: 1, exact: true, nan_code: null } as const;
const rest = { id: "v", path: "v", name: "v", channels: 1, dtype: "uint16", version: "1", tile_px: 512, window: [0, 1], histogram: [], histogram_range: [0, 1] };
const stack = {
  ...rest,
  encoding,
  axis: "z",
  shape: [30, 700, 1100],
  levels: [[700, 1100]],
  planes: { y: [[30, 1100]], x: [[700, 30]] },
  voxel_size_um: [3, 2, 1],
} as unknown as Manifest;

describe("planes", () => {
  it("turn the manifest so that their slices are planes", () => {
    expect(planeManifest(stack, "y")).toMatchObject({ axis: "y", shape: [700, 30, 1100], levels: [[30, 1100]], voxel_size_um: [2, 3, 1] });
    expect(planeManifest(stack, "x")).toMatchObject({ axis: "x", shape: [1100, 700, 30], levels: [[700, 30]], voxel_size_um: [1, 2, 3] });
    expect(planeManifest(stack, "z")).toEqual(stack);
  });

  it.each(AXES)("place a voxel and find it again (%s)", (axis) => {
    const voxel = { z: 7, y: 600, x: 1000 };
    expect(voxelAt(axis, voxel[axis], pointOf(axis, voxel))).toEqual(voxel);
  });

  it("show voxels in their true shape, unless the metadata make no sense", () => {
    expect(pixelAspect(planeManifest(stack, "y"))).toBe(3);
    expect(pixelAspect(planeManifest(stack, "x"))).toBe(2 / 3);
    expect(pixelAspect({ ...stack, voxel_size_um: null })).toBe(1);
    expect(pixelAspect({ ...stack, voxel_size_um: [1, 1000, 1] })).toBe(1);
  });

  it("keep the voxel inside", () => {
    expect(clampVoxel({ z: 99, y: -4, x: 5 }, stack)).toEqual({ z: 29, y: 0, x: 5 });
  });

  it("know which of their tiles a changed tile of a slice meets", () => {
    const changed: [number, number, number][] = [
      [3, 1, 0],
      [600, 2, 1],
    ];
    expect(tilesOnPlane("z", 3, 512, changed)).toEqual([[1, 0]]);
    expect(tilesOnPlane("y", 20, 512, changed)).toEqual([[1, 0]]);
    expect(tilesOnPlane("y", 520, 512, changed)).toEqual([[2, 1]]);
    expect(tilesOnPlane("x", 1030, 512, changed)).toEqual([[1, 1]]);
  });
});
