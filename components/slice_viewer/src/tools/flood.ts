/** Fill and wand: what hangs together with the pixel under the pointer. Letting go keeps what shows. */
import type { Camera, Point } from "../types";
import { SmartTool } from "./smart";
import type { Easel, Modifiers } from "./tool";

/** Fill stops where the label changes, and at grey values beyond the tolerance if that is chosen. */
export class Fill extends SmartTool {
  constructor(easel: Easel) {
    super(easel, "fill");
  }

  down(point: Point): void {
    this.cancel();
    const { settings } = this.easel;
    const tolerance = settings.fillByGrey ? this.easel.tolerance : null;
    if (settings.fillStack) return this.easel.proposeFill(point, tolerance);
    this.pressed = true;
    this.ask({ points: [point], options: { tolerance } });
  }

  move(): void {
    // What is filled was settled by the press.
  }

  up(): void {
    if (!this.pressed) return;
    this.pressed = false;
    this.keep();
  }

  protected draw(): void {
    // The crosshair of the pointer is enough.
  }
}

const DOUBLING_CSS_PX = 100; // this way to the right doubles the tolerance

/** The wand takes what is about as grey as the pixel that was pressed; moving to the right takes more, to the left less. */
export class Wand extends SmartTool {
  private start: Point = { x: 0, y: 0 };
  private startTolerance = 0;

  constructor(easel: Easel) {
    super(easel, "wand");
  }

  down(point: Point): void {
    this.cancel();
    this.pressed = true;
    this.start = point;
    this.startTolerance = this.easel.tolerance;
    this.take(this.startTolerance);
  }

  move(point: Point, _modifiers: Modifiers): void {
    if (!this.pressed) return;
    const way = this.easel.distance(this.start, { x: point.x, y: this.start.y }) * Math.sign(point.x - this.start.x);
    const tolerance = this.startTolerance * 2 ** (way / DOUBLING_CSS_PX);
    if (tolerance === this.easel.tolerance) return;
    this.easel.changeSettings({ tolerance });
    this.take(tolerance);
  }

  up(): void {
    if (!this.pressed) return;
    this.pressed = false;
    this.keep();
  }

  protected draw(_context: CanvasRenderingContext2D, _camera: Camera): void {
    // The outline of the suggestion tells all.
  }

  private take(tolerance: number): void {
    this.ask({ points: [this.start], options: { tolerance } });
  }
}
