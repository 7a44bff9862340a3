/** Tools that cut up an area: draw around it, or a box; the server says what is what in it. Enter keeps that, Escape drops it. */
import { cornerBox, polygon, rectangle } from "../labels/raster";
import type { Spans } from "../labels/spans";
import type { Camera, Point } from "../types";
import { ink, trace } from "./ink";
import type { ServerTool } from "./server";
import { SmartTool } from "./smart";
import type { Easel } from "./tool";

const DRAG_PX = 3; // a shorter way is a click by mistake; CSS pixels

abstract class Region extends SmartTool {
  protected points: Point[] = [];

  down(point: Point): void {
    this.cancel();
    this.pressed = true;
    this.points = [point];
  }

  move(point: Point): void {
    if (this.pressed) this.points.push(point);
  }

  up(point: Point): void {
    if (!this.pressed) return;
    this.points.push(point);
    const spans = this.spans();
    const way = Math.max(...this.points.map((other) => this.easel.distance(this.points[0], other)));
    this.points = [];
    this.pressed = false;
    if (way < DRAG_PX || spans.length === 0) this.cancel();
    else this.ask({ spans });
  }

  override cancel(): void {
    this.points = [];
    super.cancel();
  }

  protected abstract spans(): Spans;
}

/** Watershed and random walker grow the strokes that are inside the outline until they meet. */
export class Grow extends Region {
  constructor(easel: Easel, tool: ServerTool) {
    super(easel, tool);
  }

  protected spans(): Spans {
    return polygon(this.points, this.easel.area);
  }

  protected draw(context: CanvasRenderingContext2D, camera: Camera): void {
    if (!this.pressed) return;
    trace(context, camera, this.points);
    context.closePath();
    ink(context, camera, this.easel.color);
  }
}

/** GrabCut finds the object in a box drawn around it. */
export class GrabCut extends Region {
  constructor(easel: Easel) {
    super(easel, "grabcut");
  }

  protected spans(): Spans {
    return rectangle(cornerBox(this.points[0], this.points.at(-1)!, false), this.easel.area);
  }

  protected draw(context: CanvasRenderingContext2D, camera: Camera): void {
    if (!this.pressed) return;
    const [from, to] = [this.points[0], this.points.at(-1)!].map((point) => camera.imageToScreen(point));
    context.beginPath();
    context.rect(from.x, from.y, to.x - from.x, to.y - from.y);
    ink(context, camera, this.easel.color);
  }
}
