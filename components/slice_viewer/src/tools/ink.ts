/** Lines of previews: dark below light, so that they show on any image. */
import type { Camera, Point } from "../types";

/** Stroke the current path. */
export function ink(context: CanvasRenderingContext2D, camera: Camera, color: string): void {
  context.lineWidth = 3 * camera.pixelRatio;
  context.strokeStyle = "rgba(0, 0, 0, 0.6)";
  context.stroke();
  context.lineWidth = 1.5 * camera.pixelRatio;
  context.strokeStyle = color;
  context.stroke();
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
