/**
 * Live-wire ("intelligent scissors", Mortensen and Barrett 1995): a click sets an anchor, and from there a path follows edges in the
 * image to the pointer; the server finds it. A double click, Enter or a click on the first anchor closes the outline and fills it,
 * Backspace takes the last anchor back, Escape gives up.
 */
import { polygon } from "../labels/raster";
import type { Combine } from "../settings";
import type { Camera, Point } from "../types";
import { Asker } from "./asker";
import { drawHandle, ink, trace } from "./ink";
import { combineOf, type DrawingTool, type Easel, type Modifiers } from "./tool";

const CLOSE_PX = 10; // a click this near the first anchor closes; CSS pixels
const SAME_PX = 4; // the second click of a double click sets no anchor; CSS pixels
const HANDLE_PX = 3;

/** The way between two anchors; straight until the server has answered. */
class Leg {
  points: readonly Point[];
  private readonly asker: Asker;

  constructor(
    easel: Easel,
    readonly from: Point,
    private to: Point,
    settled: () => void,
  ) {
    this.points = [from, to];
    this.asker = new Asker(easel, "livewire", (answer) => {
      if (answer !== null && answer.points.length > 1) this.points = answer.points;
      settled();
    });
    this.reach(to);
  }

  get waiting(): boolean {
    return this.asker.waiting;
  }

  reach(to: Point): void {
    this.to = to;
    if (!this.waiting) this.points = [...this.points.slice(0, -1), to];
    this.asker.ask({ points: [this.from, this.to] });
  }

  cancel(): void {
    this.asker.cancel();
  }
}

export class LiveWire implements DrawingTool {
  private anchors: Point[] = [];
  private legs: Leg[] = [];
  private leading: Leg | null = null; // from the last anchor to the pointer
  private closing = false; // filled as soon as every way is known
  private added = false; // the press under way has set an anchor
  private combine: Combine = "add";

  constructor(private readonly easel: Easel) {}

  get busy(): boolean {
    return this.anchors.length > 0;
  }

  down(point: Point, modifiers: Modifiers): void {
    this.added = false;
    if (this.closing) return;
    if (!this.busy) this.combine = combineOf(modifiers, this.easel.settings.combine);
    if (this.anchors.length > 2 && this.easel.distance(this.anchors[0], point) <= CLOSE_PX) this.close();
    else if (!this.busy || this.easel.distance(this.anchors.at(-1)!, point) > SAME_PX) this.anchor(point);
  }

  move(): void {
    // Anchors are set where the button goes down.
  }

  up(): void {
    // The outline stays open until it is closed.
  }

  hover(point: Point): void {
    if (!this.busy || this.closing) return;
    if (this.leading === null) this.leading = this.leg(this.anchors.at(-1)!, point);
    else this.leading.reach(point);
  }

  doubleClick(): void {
    if (this.busy) this.close();
  }

  key(name: string): boolean {
    if (!this.busy) return false;
    if (name === "Enter") this.close();
    else if (name === "Escape") this.cancel();
    else if (name === "Backspace" || name === "Delete") this.takeBack();
    else return false;
    return true;
  }

  cancel(): void {
    this.dropLeading();
    for (const leg of this.legs) leg.cancel();
    this.anchors = [];
    this.legs = [];
    this.closing = false;
    this.easel.propose("none");
  }

  interrupt(): void {
    if (this.added) this.takeBack();
  }

  preview(context: CanvasRenderingContext2D, camera: Camera): void {
    if (!this.busy) return;
    trace(context, camera, [...this.outline(), ...(this.leading?.points ?? [])]);
    ink(context, camera, this.easel.color);
    this.anchors.forEach((point, i) => drawHandle(context, camera, point, this.easel.color, HANDLE_PX, i === 0));
  }

  private anchor(point: Point): void {
    this.dropLeading();
    const last = this.anchors.at(-1);
    if (last !== undefined) this.legs.push(this.leg(last, point));
    this.anchors.push(point);
    this.added = true;
  }

  private takeBack(): void {
    this.dropLeading();
    this.anchors.pop();
    this.legs.pop()?.cancel();
    this.easel.redraw();
  }

  private close(): void {
    if (this.closing) return;
    this.dropLeading();
    this.closing = true;
    if (this.anchors.length > 1) this.legs.push(this.leg(this.anchors.at(-1)!, this.anchors[0]));
    this.easel.propose("working");
    this.settle();
  }

  private settle(): void {
    if (this.closing && !this.legs.some(({ waiting }) => waiting)) this.fill();
    this.easel.redraw();
  }

  private fill(): void {
    const spans = polygon(this.outline(), this.easel.area);
    this.cancel();
    this.easel.commit(spans, this.combine);
  }

  private outline(): Point[] {
    return this.legs.length === 0 ? [...this.anchors] : this.legs.flatMap(({ points }) => [...points]);
  }

  private leg(from: Point, to: Point): Leg {
    return new Leg(this.easel, from, to, () => this.settle());
  }

  private dropLeading(): void {
    this.leading?.cancel();
    this.leading = null;
  }
}
