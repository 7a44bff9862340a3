/** Brush and eraser: a disc swept along the pointer's way. What the stroke does to the pixels is the easel's affair. */
import { capsule, pixelAt } from "../labels/raster";
import type { Camera, Point } from "../types";
import { ink } from "./ink";
import type { DrawingTool, Easel } from "./tool";

const NAKED_PX = 2; // a smaller circle would not be seen, in CSS pixels

export class Brush implements DrawingTool {
  private last: Point | null = null; // pixel of the newest dab while the button is held

  constructor(private readonly easel: Easel) {}

  get busy(): boolean {
    return this.last !== null;
  }

  down(point: Point): void {
    this.sweep(pixelAt(point));
  }

  move(point: Point): void {
    if (this.busy) this.sweep(pixelAt(point));
  }

  up(point: Point): void {
    if (!this.busy) return;
    this.sweep(pixelAt(point));
    this.last = null;
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
    this.last = null;
    this.easel.discardStroke();
  }

  preview(context: CanvasRenderingContext2D, camera: Camera, pointer: Point | null): void {
    if (pointer === null) return;
    // The disc sits on the middle of a pixel, as the paint does.
    const pixel = pixelAt(pointer);
    const centre = camera.imageToScreen({ x: pixel.x + 0.5, y: pixel.y + 0.5 });
    context.beginPath();
    const radius = Math.max(NAKED_PX * camera.pixelRatio, this.easel.radius * camera.scale);
    context.ellipse(centre.x, centre.y, radius, radius * camera.aspect, 0, 0, 2 * Math.PI);
    ink(context, camera, "#ffffff");
  }

  private sweep(to: Point): void {
    this.easel.paint(capsule(this.last ?? to, to, this.easel.radius, this.easel.area));
    this.last = to;
  }
}
