/** Brushes whose pixels the server chooses: whole superpixels, or only grey values of a range. Letting go keeps what shows. */
import { capsule, pixelAt } from "../labels/raster";
import { SpanSet, type Spans } from "../labels/spans";
import type { Camera, Point } from "../types";
import { Sweep } from "./brush";
import { drawDisc, ink } from "./ink";
import { SmartTool } from "./smart";
import type { Easel } from "./tool";

const THIN_PX = 0.5; // radius: one pixel wide

/** Every superpixel the pointer goes over. */
export class SuperpixelBrush extends SmartTool {
  private touched = new SpanSet();
  private last: Point = { x: 0, y: 0 }; // pixel

  constructor(easel: Easel) {
    super(easel, "superpixel");
  }

  down(point: Point): void {
    this.cancel();
    this.pressed = true;
    this.last = pixelAt(point);
    this.touch(this.last);
  }

  move(point: Point): void {
    const pixel = pixelAt(point);
    if (this.pressed && (pixel.x !== this.last.x || pixel.y !== this.last.y)) this.touch(pixel);
  }

  up(point: Point): void {
    if (!this.pressed) return;
    this.move(point);
    this.pressed = false;
    this.keep();
  }

  override cancel(): void {
    this.touched = new SpanSet();
    super.cancel();
  }

  protected draw(context: CanvasRenderingContext2D, camera: Camera, pointer: Point | null): void {
    if (pointer !== null) drawDisc(context, camera, pointer, THIN_PX);
  }

  private touch(pixel: Point): void {
    this.touched.add(capsule(this.last, pixel, THIN_PX, this.easel.area));
    this.last = pixel;
    this.ask({ spans: this.touched.toSpans(), options: { size: this.easel.settings.superpixelSize } });
  }
}

const SAMPLES = 24; // each way over the box that shows the range
const TAIL = 0.02; // of the samples at either end: dust and hot pixels

/** A brush that leaves out grey values beyond a range. Without one, its first drag takes the range from the image. */
export class ThresholdBrush extends SmartTool {
  private covered = new SpanSet();
  private readonly sweep: Sweep;
  private corners: [Point, Point] | null = null; // of the box the range is taken from

  constructor(easel: Easel) {
    super(easel, "threshold");
    this.sweep = new Sweep(easel);
  }

  down(point: Point): void {
    this.cancel();
    this.pressed = true;
    if (this.easel.settings.range === null) this.corners = [point, point];
    else this.cover(this.sweep.start(point));
  }

  move(point: Point): void {
    if (!this.pressed) return;
    if (this.corners !== null) this.corners[1] = point;
    else this.cover(this.sweep.go(point));
  }

  up(point: Point): void {
    if (!this.pressed) return;
    this.pressed = false;
    if (this.corners !== null) return this.learn([this.corners[0], point]);
    this.cover(this.sweep.end(point));
    this.keep();
  }

  override cancel(): void {
    this.covered = new SpanSet();
    this.corners = null;
    this.sweep.drop();
    super.cancel();
  }

  protected draw(context: CanvasRenderingContext2D, camera: Camera, pointer: Point | null): void {
    if (this.corners !== null) return this.drawBox(context, camera, this.corners);
    if (pointer !== null && this.easel.settings.range !== null) drawDisc(context, camera, pointer, this.easel.radius);
  }

  private drawBox(context: CanvasRenderingContext2D, camera: Camera, corners: [Point, Point]): void {
    const [from, to] = corners.map((point) => camera.imageToScreen(point));
    context.beginPath();
    context.rect(from.x, from.y, to.x - from.x, to.y - from.y);
    ink(context, camera, "#ffffff");
  }

  private cover(spans: Spans): void {
    this.covered.add(spans);
    const [lo, hi] = this.easel.settings.range!;
    this.ask({ spans: this.covered.toSpans(), options: { lo, hi } });
  }

  private learn(corners: [Point, Point]): void {
    this.cancel();
    const range = rangeOf(this.easel, corners);
    if (range === null) this.easel.toast("The values here are not known yet. Drag once more when the image is sharp.");
    else this.easel.changeSettings({ range });
  }
}

/** The grey values between two corners without the outermost few; null when none is known. */
export function rangeOf(easel: Pick<Easel, "valueAt">, [a, b]: [Point, Point]): [number, number] | null {
  const values: number[] = [];
  for (let i = 0; i <= SAMPLES; i++) {
    for (let j = 0; j <= SAMPLES; j++) {
      const value = easel.valueAt({ x: a.x + ((b.x - a.x) * j) / SAMPLES, y: a.y + ((b.y - a.y) * i) / SAMPLES });
      if (value !== null) values.push(value);
    }
  }
  if (values.length === 0) return null;
  values.sort((p, q) => p - q);
  const cut = Math.floor(TAIL * values.length);
  return [values[cut], values[values.length - 1 - cut]];
}
