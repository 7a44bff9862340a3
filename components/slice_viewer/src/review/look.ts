/** How closely an item is looked at. */
import type { Camera, Rect } from "../types";

const WELL_SEEN = [0.15, 0.6] as const; // of the window's shorter side: the zoom stays as it is
const SHARE = 0.35; // of the window's shorter side, where it does not
const MOST_ZOOM = 8; // CSS pixels an image pixel; around a speck one wants to see something

/** The zoom, CSS pixels an image pixel, at which `box` is well seen; that of `camera` if it is already. */
export function zoomFor(box: Rect, { scale, aspect, width, height, pixelRatio }: Pick<Camera, "scale" | "aspect" | "width" | "height" | "pixelRatio">): number {
  const size = Math.max(1, box.x1 - box.x0, (box.y1 - box.y0) * aspect);
  const window = Math.min(width, height);
  const share = (size * scale) / window;
  if (share >= WELL_SEEN[0] && share <= WELL_SEEN[1]) return scale / pixelRatio;
  return Math.min(MOST_ZOOM, (SHARE * window) / size / pixelRatio);
}
