/** The lines where the other planes cut the one on the screen. */
import { lineAxes, PLANE_COLORS, pointOf } from "./planes";
import type { Shell } from "./shell";
import type { Camera } from "./types";

const GAP_CSS_PX = 9; // the voxel itself stays free

/** Draw where the other planes cut this one, each line in the colour of its plane. */
export function drawCrosshair(context: CanvasRenderingContext2D, camera: Camera, { axis, position, manifest }: Shell): void {
  if (manifest === null) return;
  const { x, y } = camera.imageToScreen(pointOf(axis, position));
  const [rows, columns] = lineAxes(axis);
  const [gap, width] = [GAP_CSS_PX * camera.pixelRatio, Math.max(1, Math.round(camera.pixelRatio))];
  context.fillStyle = PLANE_COLORS[rows];
  for (const [from, to] of [[0, x - gap], [x + gap, camera.width]]) context.fillRect(from, Math.round(y), Math.max(0, to - from), width);
  context.fillStyle = PLANE_COLORS[columns];
  for (const [from, to] of [[0, y - gap], [y + gap, camera.height]]) context.fillRect(Math.round(x), from, width, Math.max(0, to - from));
}
