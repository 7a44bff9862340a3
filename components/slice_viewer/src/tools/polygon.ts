/**
 * Polygon by clicks. A double click, Enter or a click on the first point closes it; Backspace takes the last point back; Escape
 * gives up.
 */
import { polygon } from "../labels/raster";
import type { Camera, Point } from "../types";
import { ink, trace } from "./ink";
import type { DrawingTool, Easel } from "./tool";

const CLOSE_PX = 10; // a click this near the first point closes; CSS pixels
const SAME_PX = 4; // the second click of a double click adds no point; CSS pixels
const HANDLE_PX = 3;

export class Polygon implements DrawingTool {
  private points: Point[] = [];

  constructor(private readonly easel: Easel) {}

  get busy(): boolean {
    return this.points.length > 0;
  }

  down(point: Point): void {
    if (this.points.length > 2 && this.easel.distance(this.points[0], point) <= CLOSE_PX) this.close();
    else if (!this.busy || this.easel.distance(this.points.at(-1)!, point) > SAME_PX) this.points.push(point);
  }

  move(): void {
    // Points are set where the button goes down.
  }

  up(): void {
    // The shape stays open until it is closed.
  }

  doubleClick(): void {
    if (this.busy) this.close();
  }

  key(name: string): boolean {
    if (!this.busy) return false;
    if (name === "Enter") this.close();
    else if (name === "Escape") this.cancel();
    else if (name === "Backspace") this.points.pop();
    else return false;
    return true;
  }

  cancel(): void {
    this.points = [];
  }

  preview(context: CanvasRenderingContext2D, camera: Camera, pointer: Point | null): void {
    if (!this.busy) return;
    trace(context, camera, pointer === null ? this.points : [...this.points, pointer]);
    context.closePath();
    ink(context, camera, this.easel.color);
    for (const point of this.points) drawHandle(context, camera, point, this.easel.color);
  }

  private close(): void {
    const spans = polygon(this.points, this.easel.area);
    this.cancel();
    this.easel.commit(spans);
  }
}

function drawHandle(context: CanvasRenderingContext2D, camera: Camera, point: Point, color: string): void {
  const { x, y } = camera.imageToScreen(point);
  context.beginPath();
  context.arc(x, y, HANDLE_PX * camera.pixelRatio, 0, 2 * Math.PI);
  ink(context, camera, color);
}
