/** Closed freeform: draw around something, let go, and the inside is filled. */
import { polygon } from "../labels/raster";
import type { Camera, Point } from "../types";
import { ink, trace } from "./ink";
import type { DrawingTool, Easel } from "./tool";

export class Freeform implements DrawingTool {
  private points: Point[] = [];

  constructor(private readonly easel: Easel) {}

  get busy(): boolean {
    return this.points.length > 0;
  }

  down(point: Point): void {
    this.points = [point];
  }

  move(point: Point): void {
    if (this.busy) this.points.push(point);
  }

  up(point: Point): void {
    if (!this.busy) return;
    const spans = polygon([...this.points, point], this.easel.area);
    this.cancel();
    this.easel.commit(spans);
  }

  doubleClick(): void {
    // Two clicks enclose nothing.
  }

  key(name: string): boolean {
    if (name !== "Escape" || !this.busy) return false;
    this.cancel();
    return true;
  }

  cancel(): void {
    this.points = [];
  }

  preview(context: CanvasRenderingContext2D, camera: Camera): void {
    if (!this.busy) return;
    trace(context, camera, this.points);
    context.closePath();
    ink(context, camera, this.easel.color);
  }
}
