/** Brush and eraser: a disc swept along the pointer's way. What the stroke does to the pixels is the easel's affair. */
import { capsule, pixelAt } from "../labels/raster";
import type { Spans } from "../labels/spans";
import { STRING_CSS_PX } from "../settings";
import type { Camera, Point } from "../types";
import { drawDisc } from "./ink";
import { Stabiliser } from "./stabiliser";
import type { DrawingTool, Easel } from "./tool";

/** The disc on its way: from each point the pixels that have come under it since the last. */
export class Sweep {
  private last: Point | null = null; // pixel of the newest dab while the button is held
  private readonly steady = new Stabiliser();

  constructor(private readonly easel: Easel) {}

  get busy(): boolean {
    return this.last !== null;
  }

  start(point: Point): Spans {
    this.steady.start(point);
    return this.reach(point);
  }

  go(point: Point): Spans {
    return this.reach(this.steady.pull(point, this.slack));
  }

  /** The stroke ends where the hand let go, however long the string. */
  end(point: Point): Spans {
    const spans = this.reach(point);
    this.drop();
    return spans;
  }

  drop(): void {
    this.last = null;
  }

  /** Length of the string, image pixels. */
  private get slack(): number {
    return STRING_CSS_PX[this.easel.settings.smoothing] / this.easel.distance({ x: 0, y: 0 }, { x: 1, y: 0 });
  }

  private reach(point: Point): Spans {
    const to = pixelAt(point);
    const spans = capsule(this.last ?? to, to, this.easel.radius, this.easel.area);
    this.last = to;
    return spans;
  }
}

export class Brush implements DrawingTool {
  private readonly sweep: Sweep;

  constructor(private readonly easel: Easel) {
    this.sweep = new Sweep(easel);
  }

  get busy(): boolean {
    return this.sweep.busy;
  }

  down(point: Point): void {
    this.easel.paint(this.sweep.start(point));
  }

  move(point: Point): void {
    if (this.busy) this.easel.paint(this.sweep.go(point));
  }

  up(point: Point): void {
    if (!this.busy) return;
    this.easel.paint(this.sweep.end(point));
    this.easel.commitStroke();
  }

  doubleClick(): void {
    // Each click has painted already.
  }

  key(name: string): boolean {
    if (name !== "Escape" || !this.busy) return false;
    this.cancel();
    return true;
  }

  cancel(): void {
    if (!this.busy) return;
    this.sweep.drop();
    this.easel.discardStroke();
  }

  preview(context: CanvasRenderingContext2D, camera: Camera, pointer: Point | null): void {
    if (pointer !== null) drawDisc(context, camera, pointer, this.easel.radius);
  }
}
