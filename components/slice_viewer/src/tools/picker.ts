/** Eyedropper: a click makes the class under the pointer the active one. */
import type { Camera, Point } from "../types";
import { drawDisc } from "./ink";
import type { DrawingTool, Easel } from "./tool";

export class Picker implements DrawingTool {
  readonly busy = false;

  constructor(private readonly easel: Easel) {}

  down(point: Point): void {
    this.easel.pick(point);
  }

  move(): void {
    // A press picks once.
  }

  up(): void {
    // Picked already.
  }

  doubleClick(): void {
    // Picked already.
  }

  key(): boolean {
    return false;
  }

  cancel(): void {
    // Nothing is ever under way.
  }

  preview(context: CanvasRenderingContext2D, camera: Camera, pointer: Point | null): void {
    if (pointer !== null) drawDisc(context, camera, pointer, 0.5);
  }
}
