/**
 * Point at an object and a model finds it: a click on it, Alt or the right button on what does not belong, a box dragged around it.
 * The mask is shown after each; Enter keeps it, Backspace takes the last click or box back, Escape gives all up.
 */
import { cornerBox } from "../labels/raster";
import type { Camera, Point, Rect } from "../types";
import { ink } from "./ink";
import type { Question } from "./server";
import { SmartTool } from "./smart";
import type { Easel, Modifiers } from "./tool";

const DRAG_PX = 3; // a shorter way is a click; CSS pixels
const DOT_PX = 7;
const BAR_PX = 3.5; // half of the plus or minus in a dot
const MEASURE = "sv-click"; // performance entry: from letting go to the mask

type Prompt = { readonly point: Point; readonly positive: boolean } | { readonly box: Rect };

export class Click extends SmartTool {
  private prompts: Prompt[] = [];
  private from: Point | null = null;
  private to: Point | null = null;
  private positive = true; // the press under way
  private asked = 0;

  constructor(easel: Easel) {
    super(easel, "click");
  }

  override get busy(): boolean {
    return super.busy || this.prompts.length > 0;
  }

  down(point: Point, { alt, ctrl }: Modifiers): void {
    this.pressed = true;
    this.from = this.to = point;
    this.positive = (this.easel.settings.clickTakes === "object") !== (alt || ctrl); // Ctrl and a click is the right button of a Mac
  }

  move(point: Point): void {
    if (this.pressed) this.to = point;
  }

  up(point: Point): void {
    if (this.from === null) return;
    const isClick = this.easel.distance(this.from, point) < DRAG_PX;
    if (isClick) this.prompts.push({ point: this.from, positive: this.positive });
    else this.prompts = [...this.prompts.filter((prompt) => !("box" in prompt)), { box: cornerBox(this.from, point, false) }];
    this.release();
    this.askAll();
  }

  override key(name: string): boolean {
    if (name !== "Backspace" || this.prompts.length === 0) return super.key(name);
    this.prompts.pop();
    this.askAll();
    return true;
  }

  override cancel(): void {
    this.prompts = [];
    this.release();
    super.cancel();
  }

  /** A second finger came down: only this press was a mistake. */
  interrupt(): void {
    this.release();
  }

  protected override shown(): void {
    performance.clearMeasures(MEASURE);
    performance.measure(MEASURE, { start: this.asked });
  }

  /** The last click could not be answered; those before it still hold. */
  protected override lose(): void {
    this.prompts.pop();
    if (this.prompts.length === 0) this.cancel();
    else this.easel.propose(this.hasProposal ? "ready" : "none");
  }

  /** The person may click elsewhere or drag a box; what was clicked stays to be corrected. */
  protected override giveUp(note: string): void {
    this.easel.toast(note);
    this.easel.propose("none");
  }

  protected draw(context: CanvasRenderingContext2D, camera: Camera): void {
    for (const prompt of this.prompts) {
      if ("box" in prompt) drawBox(context, camera, prompt.box, this.easel.color);
      else drawDot(context, camera, prompt.point, prompt.positive);
    }
    if (this.from !== null && this.easel.distance(this.from, this.to!) >= DRAG_PX) drawBox(context, camera, cornerBox(this.from, this.to!, false), this.easel.color);
  }

  private release(): void {
    this.pressed = false;
    this.from = this.to = null;
  }

  private askAll(): void {
    if (this.prompts.length === 0) return this.cancel();
    this.asked = performance.now();
    this.ask(this.question());
  }

  private question(): Question {
    const clicks = this.prompts.filter((prompt) => "point" in prompt);
    const box = this.prompts.find((prompt) => "box" in prompt)?.box;
    return {
      points: clicks.map(({ point }) => point),
      options: {
        model: this.easel.settings.clickModel,
        positive: clicks.map(({ positive }) => positive),
        box: box === undefined ? null : [box.y0, box.x0, box.y1, box.x1],
      },
    };
  }
}

function drawBox(context: CanvasRenderingContext2D, camera: Camera, { x0, y0, x1, y1 }: Rect, color: string): void {
  const [from, to] = [camera.imageToScreen({ x: x0, y: y0 }), camera.imageToScreen({ x: x1, y: y1 })];
  context.beginPath();
  context.rect(from.x, from.y, to.x - from.x, to.y - from.y);
  ink(context, camera, color);
}

/** White with a plus where it belongs, black with a minus where it does not: told apart without colours. */
function drawDot(context: CanvasRenderingContext2D, camera: Camera, point: Point, positive: boolean): void {
  const { x, y } = camera.imageToScreen(point);
  const [fill, line] = positive ? ["#ffffff", "#000000"] : ["#000000", "#ffffff"];
  const [dot, bar] = [DOT_PX * camera.pixelRatio, BAR_PX * camera.pixelRatio];
  context.beginPath();
  context.arc(x, y, dot, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.strokeStyle = line;
  context.lineWidth = 1.5 * camera.pixelRatio;
  context.fill();
  context.stroke();
  context.beginPath();
  context.moveTo(x - bar, y);
  context.lineTo(x + bar, y);
  if (positive) {
    context.moveTo(x, y - bar);
    context.lineTo(x, y + bar);
  }
  context.stroke();
}
