/** Lasso: draw around something, let go, and the inside is filled, taken away, or all that stays. */
import { polygon } from "../labels/raster";
import { STRING_CSS_PX, type Combine } from "../settings";
import type { Camera, Point } from "../types";
import { ink, trace } from "./ink";
import { Stabiliser } from "./stabiliser";
import { combineOf, type DrawingTool, type Easel, type Modifiers } from "./tool";

export class Freeform implements DrawingTool {
  private points: Point[] = [];
  private combine: Combine = "add";
  private readonly steady = new Stabiliser();

  constructor(private readonly easel: Easel) {}

  get busy(): boolean {
    return this.points.length > 0;
  }

  down(point: Point, modifiers: Modifiers): void {
    this.combine = combineOf(modifiers, this.easel.settings.combine);
    this.steady.start(point);
    this.points = [point];
  }

  move(point: Point): void {
    if (!this.busy) return;
    const slack = STRING_CSS_PX[this.easel.settings.smoothing] / this.easel.distance({ x: 0, y: 0 }, { x: 1, y: 0 });
    this.points.push(this.steady.pull(point, slack));
  }

  up(point: Point): void {
    if (!this.busy) return;
    const spans = polygon([...this.points, point], this.easel.area);
    this.cancel();
    this.easel.commit(spans, this.combine);
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
