/** The place in an image as a link names it: plane, voxel in the middle of the window, zoom. */
import { PLANE_NAMES, voxelAt } from "./planes";
import { AXES, type Camera, type PlaneAxis, type Voxel } from "./types";

export interface Place {
  axis: PlaneAxis;
  voxel: Voxel;
  /** CSS pixels an image pixel. */
  zoom: number;
}

/** The place a camera looks at on plane `index` of `axis`. */
export function placeOf(camera: Camera, axis: PlaneAxis, index: number): Place {
  const middle = camera.screenToImage({ x: camera.width / 2, y: camera.height / 2 });
  return { axis, voxel: voxelAt(axis, index, middle), zoom: camera.scale / camera.pixelRatio };
}

/** For example "xz_1204_512_13_0.85": plane, x, y, z (all from 0), zoom. */
export function writePlace({ axis, voxel: { x, y, z }, zoom }: Place): string {
  return [PLANE_NAMES[axis].toLowerCase(), x, y, z, Number(zoom.toPrecision(4))].join("_");
}

/** Null when `text` is not a place. */
export function readPlace(text: string): Place | null {
  const found = /^(xy|xz|yz)_(-?\d+)_(-?\d+)_(-?\d+)_(\d*\.?\d+(?:e-?\d+)?)$/.exec(text);
  const axis = AXES.find((name) => PLANE_NAMES[name].toLowerCase() === found?.[1]);
  if (found === null || axis === undefined) return null;
  const [x, y, z, zoom] = found.slice(2).map(Number);
  return zoom > 0 ? { axis, voxel: { x, y, z }, zoom } : null;
}
