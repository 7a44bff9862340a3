/** Lines of previews: dark below light, so that they show on any image. */
import { pixelAt } from "../labels/raster";
import type { Camera, Point } from "../types";

const NAKED_PX = 2; // a smaller circle would not be seen, in CSS pixels

/** Stroke the current path. */
export function ink(context: CanvasRenderingContext2D, camera: Camera, color: string): void {
  double(context, camera, color, () => context.stroke());
}

/** Stroke `path`, which is in screen pixels. */
export function inkPath(context: CanvasRenderingContext2D, camera: Camera, color: string, path: Path2D): void {
  double(context, camera, color, () => context.stroke(path));
}

function double(context: CanvasRenderingContext2D, camera: Camera, color: string, stroke: () => void): void {
  context.lineWidth = 3 * camera.pixelRatio;
  context.strokeStyle = "rgba(0, 0, 0, 0.6)";
  stroke();
  context.lineWidth = 1.5 * camera.pixelRatio;
  context.strokeStyle = color;
  stroke();
}

/** Make the line through image `points` the current path. */
export function trace(context: CanvasRenderingContext2D, camera: Camera, points: readonly Point[]): void {
  context.beginPath();
  points.forEach((point, i) => {
    const { x, y } = camera.imageToScreen(point);
    if (i === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  });
}

/** The outline of the brush at its true size. It sits on the middle of a pixel, as the paint does. */
export function drawDisc(context: CanvasRenderingContext2D, camera: Camera, pointer: Point, radiusPx: number): void {
  const pixel = pixelAt(pointer);
  const centre = camera.imageToScreen({ x: pixel.x + 0.5, y: pixel.y + 0.5 });
  context.beginPath();
  const radius = Math.max(NAKED_PX * camera.pixelRatio, radiusPx * camera.scale);
  context.ellipse(centre.x, centre.y, radius, radius * camera.aspect, 0, 0, 2 * Math.PI);
  ink(context, camera, "#ffffff");
}

/** A corner that can be taken hold of. */
export function drawHandle(context: CanvasRenderingContext2D, camera: Camera, point: Point, color: string, radiusPx: number, filled: boolean): void {
  const { x, y } = camera.imageToScreen(point);
  context.beginPath();
  context.arc(x, y, radiusPx * camera.pixelRatio, 0, 2 * Math.PI);
  context.fillStyle = filled ? color : "#ffffff";
  context.fill();
  ink(context, camera, color);
}
