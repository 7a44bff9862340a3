/**
 * Polygon by clicks. Enter fills it at once. A double click or a click on the first corner closes it for a last touch: corners can be
 * dragged, a drag from an edge makes a new one, Backspace takes away the one touched last; Enter or a click beside it fills it.
 * Escape gives up.
 */
import { polygon } from "../labels/raster";
import type { Combine } from "../settings";
import type { Camera, Point } from "../types";
import { drawHandle, ink, trace } from "./ink";
import { combineOf, type DrawingTool, type Easel, type Modifiers } from "./tool";

const CLOSE_PX = 10; // a press this near a corner means it; CSS pixels
const EDGE_PX = 6; // a press this near an edge means it; CSS pixels
const SAME_PX = 4; // the second click of a double click adds no corner; CSS pixels
const HANDLE_PX = 3;
const GRIP_PX = 5; // handles that can be dragged are larger
const FEWEST = 3; // corners

export class Polygon implements DrawingTool {
  private points: Point[] = [];
  private closed = false;
  private held = -1; // corner being dragged
  private touched = -1; // corner that Backspace takes away
  private added = false; // the press under way has set a corner
  private combine: Combine = "add";

  constructor(private readonly easel: Easel) {}

  get busy(): boolean {
    return this.points.length > 0;
  }

  down(point: Point, modifiers: Modifiers): void {
    if (!this.busy) this.combine = combineOf(modifiers, this.easel.settings.combine);
    this.added = false;
    if (this.closed) this.grip(point);
    else if (this.points.length >= FEWEST && this.easel.distance(this.points[0], point) <= CLOSE_PX) this.close();
    else if (!this.busy || this.easel.distance(this.points.at(-1)!, point) > SAME_PX) this.set(point);
  }

  move(point: Point): void {
    if (this.held >= 0) this.points[this.held] = point;
  }

  up(point: Point): void {
    this.move(point);
    this.held = -1;
  }

  doubleClick(): void {
    if (this.busy && !this.closed) this.close();
  }

  key(name: string): boolean {
    if (!this.busy) return false;
    if (name === "Enter") this.fill();
    else if (name === "Escape") this.cancel();
    else if (name === "Backspace" || name === "Delete") this.takeBack();
    else return false;
    return true;
  }

  cancel(): void {
    this.points = [];
    this.closed = false;
    this.held = this.touched = -1;
  }

  interrupt(): void {
    if (this.added) this.points.pop();
    this.held = -1;
  }

  finish(): void {
    if (this.closed) this.fill();
    else this.cancel();
  }

  preview(context: CanvasRenderingContext2D, camera: Camera, pointer: Point | null): void {
    if (!this.busy) return;
    trace(context, camera, pointer === null || this.closed ? this.points : [...this.points, pointer]);
    context.closePath();
    ink(context, camera, this.easel.color);
    this.points.forEach((point, i) => drawHandle(context, camera, point, this.easel.color, this.closed ? GRIP_PX : HANDLE_PX, i === this.touched));
  }

  private set(point: Point): void {
    this.points.push(point);
    this.added = true;
  }

  private close(): void {
    if (this.points.length < FEWEST) return this.fill(); // a line encloses nothing, and has nothing to drag
    this.closed = true;
    this.touched = this.held = -1;
  }

  private fill(): void {
    const spans = polygon(this.points, this.easel.area);
    this.cancel();
    this.easel.commit(spans, this.combine);
  }

  private takeBack(): void {
    if (!this.closed) this.points.pop();
    else if (this.touched >= 0 && this.points.length > FEWEST) this.points.splice(this.touched, 1);
    this.held = this.touched = -1;
  }

  /** Take hold of the corner or the edge at `point`; a press beside the polygon fills it. */
  private grip(point: Point): void {
    const corner = this.points.findIndex((other) => this.easel.distance(other, point) <= CLOSE_PX);
    if (corner < 0) this.held = this.insert(point);
    else this.held = corner;
    this.touched = this.held;
    if (this.held < 0) this.fill();
  }

  /** A new corner on the edge at `point`; its place, or -1 when no edge is near. */
  private insert(point: Point): number {
    const edge = this.points.findIndex((from, i) => {
      const foot = nearestOn(from, this.points[(i + 1) % this.points.length], point);
      return this.easel.distance(foot, point) <= EDGE_PX;
    });
    if (edge < 0) return -1;
    this.points.splice(edge + 1, 0, point);
    return edge + 1;
  }
}

/** The point of the segment from `a` to `b` that is nearest to `point`. */
export function nearestOn(a: Point, b: Point, point: Point): Point {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length2 = dx * dx + dy * dy;
  if (length2 === 0) return a;
  const share = Math.min(1, Math.max(0, ((point.x - a.x) * dx + (point.y - a.y) * dy) / length2));
  return { x: a.x + share * dx, y: a.y + share * dy };
}
