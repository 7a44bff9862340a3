/** Rectangle, ellipse, and the box that labels what has no label: drag from corner to corner; Shift makes the sides equal. */
import { cornerBox, ellipse, rectangle } from "../labels/raster";
import type { Spans } from "../labels/spans";
import type { Combine } from "../settings";
import type { Camera, Point, Rect } from "../types";
import { ink } from "./ink";
import { combineOf, type DrawingTool, type Easel, type Modifiers } from "./tool";

const DRAG_PX = 3; // a shorter way is a click by mistake; CSS pixels

/** What fills a box, and how its outline is drawn between two screen points. */
export interface BoxShape {
  fill(box: Rect, area: Rect): Spans;
  outline(context: CanvasRenderingContext2D, from: Point, to: Point): void;
}

export const RECTANGLE: BoxShape = {
  fill: rectangle,
  outline: (context, from, to) => context.rect(from.x, from.y, to.x - from.x, to.y - from.y),
};

export const ELLIPSE: BoxShape = {
  fill: ellipse,
  outline: (context, from, to) =>
    context.ellipse((from.x + to.x) / 2, (from.y + to.y) / 2, (to.x - from.x) / 2, (to.y - from.y) / 2, 0, 0, 2 * Math.PI),
};

export class Box implements DrawingTool {
  private start: Point | null = null;
  private box: Rect | null = null;
  private combine: Combine = "add";

  constructor(
    protected readonly easel: Easel,
    private readonly shape: BoxShape,
  ) {}

  get busy(): boolean {
    return this.start !== null;
  }

  down(point: Point, modifiers: Modifiers): void {
    this.start = point;
    this.combine = combineOf({ ...modifiers, shift: false }, this.easel.settings.combine);
    this.move(point, modifiers);
  }

  move(point: Point, modifiers: Modifiers): void {
    if (this.start !== null) this.box = cornerBox(this.start, point, modifiers.shift);
  }

  up(point: Point, modifiers: Modifiers): void {
    if (this.start === null) return;
    const isDrag = this.easel.distance(this.start, point) >= DRAG_PX;
    const spans = this.shape.fill(cornerBox(this.start, point, modifiers.shift), this.easel.area);
    this.cancel();
    if (isDrag) this.commit(spans, this.combine);
  }

  doubleClick(): void {
    // Clicks paint nothing.
  }

  key(name: string): boolean {
    if (name !== "Escape" || !this.busy) return false;
    this.cancel();
    return true;
  }

  cancel(): void {
    this.start = null;
    this.box = null;
  }

  preview(context: CanvasRenderingContext2D, camera: Camera): void {
    if (this.box === null) return;
    context.beginPath();
    const { x0, y0, x1, y1 } = this.box;
    this.shape.outline(context, camera.imageToScreen({ x: x0, y: y0 }), camera.imageToScreen({ x: x1, y: y1 }));
    ink(context, camera, this.easel.color);
  }

  protected commit(spans: Spans, combine: Combine): void {
    this.easel.commit(spans, combine);
  }
}

/** Says of a box that it is fully labelled: all that has no label in it becomes the active class, the background for instance. */
export class BackgroundBox extends Box {
  constructor(easel: Easel) {
    super(easel, RECTANGLE);
  }

  protected override commit(spans: Spans): void {
    this.easel.commitBehind(spans);
  }
}
