/** A straight line as wide as the brush: drag it, or click both ends. Shift turns it to the nearest 45 degrees. */
import { capsule, pixelAt } from "../labels/raster";
import type { Camera, Point } from "../types";
import { drawDisc, trace } from "./ink";
import type { DrawingTool, Easel, Modifiers } from "./tool";

const DRAG_PX = 3; // a shorter way is a click; CSS pixels
const EIGHTH = Math.PI / 4;

export class Line implements DrawingTool {
  private start: Point | null = null;
  private end: Point = { x: 0, y: 0 };
  private second = false; // the press under way sets the second end

  constructor(private readonly easel: Easel) {}

  get busy(): boolean {
    return this.start !== null;
  }

  down(point: Point, modifiers: Modifiers): void {
    this.second = this.busy;
    this.start ??= point;
    this.move(point, modifiers);
  }

  move(point: Point, { shift }: Modifiers): void {
    if (this.start !== null) this.end = shift ? snapped(this.start, point) : point;
  }

  hover(point: Point): void {
    this.end = point;
  }

  up(point: Point, modifiers: Modifiers): void {
    if (this.start === null) return;
    this.move(point, modifiers);
    if (!this.second && this.easel.distance(this.start, point) < DRAG_PX) return; // the other end comes with the next click
    const spans = capsule(pixelAt(this.start), pixelAt(this.end), this.easel.radius, this.easel.area);
    this.cancel();
    this.easel.commit(spans, "add");
  }

  doubleClick(): void {
    // The second click has ended the line.
  }

  key(name: string): boolean {
    if (name !== "Escape" || !this.busy) return false;
    this.cancel();
    return true;
  }

  cancel(): void {
    this.start = null;
  }

  preview(context: CanvasRenderingContext2D, camera: Camera, pointer: Point | null): void {
    if (this.start !== null) this.drawLine(context, camera, this.start);
    if (pointer !== null) drawDisc(context, camera, this.busy ? this.end : pointer, this.easel.radius);
  }

  private drawLine(context: CanvasRenderingContext2D, camera: Camera, start: Point): void {
    trace(context, camera, [start, this.end]);
    context.lineCap = "round";
    context.lineWidth = Math.max(1, 2 * this.easel.radius * camera.scale);
    context.globalAlpha = 0.6;
    context.strokeStyle = this.easel.color;
    context.stroke();
    context.globalAlpha = 1;
  }
}

/** `point` turned around `start` to the nearest multiple of 45 degrees. */
export function snapped(start: Point, point: Point): Point {
  const [dx, dy] = [point.x - start.x, point.y - start.y];
  const angle = EIGHTH * Math.round(Math.atan2(dy, dx) / EIGHTH);
  const along = dx * Math.cos(angle) + dy * Math.sin(angle);
  return { x: start.x + along * Math.cos(angle), y: start.y + along * Math.sin(angle) };
}
