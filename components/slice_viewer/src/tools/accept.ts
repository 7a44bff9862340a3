/**
 * Use the result as labels: the piece under a click, or what of it lies in an area drawn. The piece under the pointer is outlined
 * before. Alt and a click take a piece away again.
 */
import { cornerBox, polygon, rectangle } from "../labels/raster";
import type { Part } from "../labels/rules";
import type { Spans } from "../labels/spans";
import type { Camera, Point } from "../types";
import { Asker } from "./asker";
import { ink, trace } from "./ink";
import { Proposal } from "./proposal";
import type { Answer, Question } from "./server";
import { SmartTool } from "./smart";
import type { Easel, Modifiers } from "./tool";

const DRAG_PX = 3; // a shorter way is a click; CSS pixels
const AREA_COLOR = "#ffffff"; // an area may hold several classes

/** The piece under the pointer. `of`: the result and what of it is ticked, as it was asked about. */
interface Piece {
  of: string;
  answer: Answer;
  drawn: Proposal;
}

export class Accept extends SmartTool {
  private points: Point[] = [];
  private boxed = false; // the area is a box, not a lasso
  private takesAway = false;
  private piece: Piece | null = null;
  private pointer: Point | null = null;
  private isOffResult = false; // the pointer is where the result has nothing, or has not come yet
  private readonly looker: Asker;

  constructor(easel: Easel) {
    super(easel, "accept");
    // What cannot be shown under a pointer that only passes is no news; a click tells it.
    this.looker = new Asker({ ask: (...question) => easel.ask(...question), toast: () => undefined }, "accept", (answer) => this.see(answer));
  }

  /** Outline the piece under the pointer. */
  hover(point: Point): void {
    this.pointer = point;
    if (this.pressed || this.isOn(point)) return;
    this.piece = null;
    this.isOffResult = !this.easel.result?.classes.includes(this.easel.resultAt(point));
    if (this.isOffResult) this.looker.cancel();
    else this.looker.ask(this.question({ points: [point] }));
  }

  redrawn(): void {
    if (this.pointer !== null && this.isOffResult) this.hover(this.pointer);
  }

  leave(): void {
    this.looker.cancel();
    this.piece = this.pointer = null;
  }

  down(point: Point, { shift, alt }: Modifiers): void {
    this.cancel();
    [this.pressed, this.points, this.boxed, this.takesAway] = [true, [point], shift, alt];
  }

  move(point: Point): void {
    if (this.pressed) this.points.push(point);
  }

  up(point: Point): void {
    if (!this.pressed) return;
    const drawn = [...this.points, point];
    const isClick = drawn.every((other) => this.easel.distance(drawn[0], other) < DRAG_PX);
    this.pressed = false;
    this.points = [];
    if (this.easel.result === null) this.easel.toast("No predicted classes are shown. Choose a result in the panel “Overlay”.");
    else if (isClick) this.takePiece(drawn[0]);
    else if (this.takesAway) this.easel.toast("Alt takes away the piece under a click; Ctrl+Z takes back an area.");
    else this.takeArea(this.boxed ? rectangle(cornerBox(drawn[0], point, false), this.easel.area) : polygon(drawn, this.easel.area));
  }

  override cancel(): void {
    this.points = [];
    super.cancel();
  }

  protected override commit(parts: readonly Part[]): void {
    if (this.takesAway) for (const part of parts) this.easel.takeAway(part);
    else this.easel.accept(parts);
  }

  protected draw(context: CanvasRenderingContext2D, camera: Camera, pointer: Point | null): void {
    if (this.pressed && this.points.length > 1) this.drawArea(context, camera);
    else if (pointer !== null && this.isOn(pointer)) this.piece!.drawn.draw(context, camera);
  }

  private takePiece(point: Point): void {
    if (this.isOn(point)) return this.commit(this.piece!.answer.parts);
    this.ask(this.question({ points: [point] }));
    this.keep();
  }

  private takeArea(spans: Spans): void {
    if (spans.length === 0) return;
    this.ask(this.question({ spans }));
    this.keep();
  }

  private question(asked: Question): Question {
    return { ...asked, options: { ...this.easel.result } };
  }

  /** A piece has come; the pointer may be elsewhere by now. */
  private see(answer: Answer | null): void {
    if (answer === null || this.pointer === null) return;
    const drawn = new Proposal(answer.parts, (label) => this.easel.colorOf(label));
    this.piece = { of: JSON.stringify(this.easel.result), answer, drawn };
    if (!this.isOn(this.pointer)) this.piece = null;
    this.easel.redraw();
  }

  private isOn(point: Point): boolean {
    const { piece } = this;
    return piece !== null && piece.of === JSON.stringify(this.easel.result) && piece.answer.parts.some(({ spans }) => covers(spans, point));
  }

  private drawArea(context: CanvasRenderingContext2D, camera: Camera): void {
    const { points } = this;
    if (this.boxed) drawBox(context, camera, points[0], points.at(-1)!);
    else trace(context, camera, points);
    context.closePath();
    ink(context, camera, AREA_COLOR);
  }
}

function drawBox(context: CanvasRenderingContext2D, camera: Camera, one: Point, other: Point): void {
  const [from, to] = [one, other].map((point) => camera.imageToScreen(point));
  context.beginPath();
  context.rect(from.x, from.y, to.x - from.x, to.y - from.y);
}

/** Whether the pixel at `point` is in `spans`. */
export function covers(spans: Spans, point: Point): boolean {
  const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
  for (let i = 0; i < spans.length; i += 3) if (spans[i] === y && spans[i + 1] <= x && x < spans[i + 2]) return true;
  return false;
}
