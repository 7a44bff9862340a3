/**
 * The three planes of a stack. A plane is named by the axis it stands on: "z" is XY, "y" is XZ (rows z), "x" is YZ (columns z).
 *
 * To everything that draws, a plane is a slice of a turned volume: `planeManifest` gives that volume's manifest.
 */
import type { Manifest, PlaneAxis, Point, Voxel } from "./types";

/** Depth, rows and columns of each plane. */
const TURNED: Record<PlaneAxis, readonly [PlaneAxis, PlaneAxis, PlaneAxis]> = { z: ["z", "y", "x"], y: ["y", "z", "x"], x: ["x", "y", "z"] };

export const PLANE_NAMES: Record<PlaneAxis, string> = { z: "XY", y: "XZ", x: "YZ" };

/** Colours of the planes' frames and of the lines where they cut others; they stay apart for colour-blind eyes. */
export const PLANE_COLORS: Record<PlaneAxis, string> = { z: "#56b4e9", y: "#e69f00", x: "#cc79a7" };

/** The planes whose cuts are the horizontal and the vertical line on a plane of `axis`. */
export function lineAxes(axis: PlaneAxis): [PlaneAxis, PlaneAxis] {
  const [, rows, columns] = TURNED[axis];
  return [rows, columns];
}

/** The nearest voxel inside the volume. */
export function clampVoxel(voxel: Voxel, { shape: [z, y, x] }: Manifest): Voxel {
  const clamp = (value: number, count: number): number => Math.min(count - 1, Math.max(0, Math.round(value)));
  return { z: clamp(voxel.z, z), y: clamp(voxel.y, y), x: clamp(voxel.x, x) };
}

const MAX_ASPECT = 50; // beyond it the metadata are more likely wrong than the image so flat

/** Height of a pixel of a plane in its widths; 1 where the voxel size is not known. */
export function pixelAspect({ voxel_size_um: size }: Manifest): number {
  const aspect = size === null ? 1 : size[1] / size[2];
  return aspect > 1 / MAX_ASPECT && aspect < MAX_ASPECT ? aspect : 1;
}

/** The middle of slice `z`. */
export function middleOf(manifest: Manifest, z: number): Voxel {
  const [, y, x] = manifest.shape;
  return clampVoxel({ z, y: Math.floor(y / 2), x: Math.floor(x / 2) }, manifest);
}

function asVoxel<T>([z, y, x]: readonly [T, T, T]): Record<PlaneAxis, T> {
  return { z, y, x };
}

/** The manifest of the volume whose slices are the planes of `axis`; `manifest` is that of the volume itself. */
export function planeManifest(manifest: Manifest, axis: PlaneAxis): Manifest {
  if (axis === "z") return { ...manifest, axis };
  const turn = <T>(values: readonly [T, T, T]): [T, T, T] => {
    const byAxis = asVoxel(values);
    const [depth, rows, columns] = TURNED[axis];
    return [byAxis[depth], byAxis[rows], byAxis[columns]];
  };
  const { voxel_size_um: size } = manifest;
  return { ...manifest, axis, shape: turn(manifest.shape), levels: manifest.planes[axis], voxel_size_um: size === null ? null : turn(size) };
}

/** The voxel at a point of a plane. */
export function voxelAt(axis: PlaneAxis, index: number, { x, y }: Point): Voxel {
  const [depth, rows, columns] = TURNED[axis];
  return { z: 0, y: 0, x: 0, [depth]: index, [rows]: Math.floor(y), [columns]: Math.floor(x) };
}

/** The middle of a voxel on the planes of `axis`. */
export function pointOf(axis: PlaneAxis, voxel: Voxel): Point {
  const [, rows, columns] = TURNED[axis];
  return { x: voxel[columns] + 0.5, y: voxel[rows] + 0.5 };
}

/** Tiles (tx, ty) of plane `index` that the changed tiles (z, tx, ty) of slices meet. */
export function tilesOnPlane(axis: PlaneAxis, index: number, tilePx: number, changed: readonly [number, number, number][]): [number, number][] {
  const place = Math.floor(index / tilePx);
  const along = (z: number): number => Math.floor(z / tilePx);
  if (axis === "z") return changed.filter(([z]) => z === index).map(([, tx, ty]) => [tx, ty]);
  if (axis === "y") return changed.filter(([, , ty]) => ty === place).map(([z, tx]) => [tx, along(z)]);
  return changed.filter(([, tx]) => tx === place).map(([z, , ty]) => [along(z), ty]);
}
