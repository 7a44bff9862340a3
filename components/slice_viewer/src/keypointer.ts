/**
 * A pointer moved by keys, so that every tool works without a mouse: arrows move it, Space puts the tool down and lifts it.
 *
 * What a press and a move mean is `pointer.ts`'s affair; this one only says where.
 */
import type { Engine } from "./engine";
import type { Camera, Point, PointerInfo, Tool } from "./types";

const STEP_CSS_PX = 8; // an arrow held down crosses a window in a few seconds
const ARM_CSS_PX = 11;
const GAP_CSS_PX = 4; // the pixel itself stays free
const ARROWS: Record<string, Point> = { ArrowLeft: { x: -1, y: 0 }, ArrowRight: { x: 1, y: 0 }, ArrowUp: { x: 0, y: -1 }, ArrowDown: { x: 0, y: 1 } };
/** Tools that want clicks, so that Space need not be pressed twice. */
const CLICKED: readonly Tool[] = ["picker", "accept", "click", "polygon", "livewire", "fill", "wand"];

/** What a press, a move and letting go do. `press` is false where nothing can be begun. */
export interface Hand {
  press(point: Point, info: PointerInfo): boolean;
  move(point: Point, info: PointerInfo): void;
  lift(point: Point, info: PointerInfo): void;
  drop(): void;
}

export class KeyPointer {
  private pressed = false;

  constructor(
    private readonly engine: Engine,
    private readonly hand: Hand,
  ) {}

  get shown(): boolean {
    return this.engine.mark !== null;
  }

  /** Begin in the middle of the window. */
  show(): void {
    if (this.engine.picture === null || this.shown) return;
    this.pressed = false;
    const { x0, y0, x1, y1 } = this.engine.camera.get().view();
    this.place({ x: (x0 + x1) / 2, y: (y0 + y1) / 2 }, false);
    this.engine.say({ message: "The tool follows the keys.", hint: "Arrows move it, with Shift by one pixel. Space puts it down and lifts it. Esc ends." });
  }

  /** The mouse takes over, or Escape was pressed. What is under way is dropped. */
  hide(): void {
    if (this.pressed) this.hand.drop();
    this.pressed = false;
    this.engine.setMark(null);
  }

  /** Whether the key was for this pointer. */
  key(event: KeyboardEvent): boolean {
    const { mark } = this.engine;
    if (mark === null) return false;
    if (event.key in ARROWS) this.step(mark, ARROWS[event.key], event.shiftKey);
    else if (event.key === " ") this.press(mark, event);
    else if (event.key === "Escape" && this.pressed) this.drop();
    else return false;
    return true;
  }

  private step(mark: Point, { x, y }: Point, fine: boolean): void {
    const { scale, pixelRatio } = this.engine.camera.get();
    const step = fine ? 1 : Math.max(1, Math.round((STEP_CSS_PX * pixelRatio) / scale));
    this.place({ x: mark.x + x * step, y: mark.y + y * step }, fine);
  }

  /** Go to the middle of a pixel of the image; the window follows. */
  private place(point: Point, shift: boolean): void {
    const [height, width] = this.engine.manifest.levels[0];
    const mark = { x: middle(point.x, width), y: middle(point.y, height) };
    const { x0, y0, x1, y1 } = this.engine.camera.get().view();
    if (mark.x < x0 || mark.x > x1 || mark.y < y0 || mark.y > y1) this.engine.view.lookAt(mark);
    this.engine.setMark(mark);
    this.hand.move(mark, info(this.pressed && shift));
  }

  private press(mark: Point, { repeat, shiftKey }: KeyboardEvent): void {
    if (repeat) return;
    if (this.pressed) this.hand.lift(mark, info(shiftKey));
    else if (!this.hand.press(mark, info(shiftKey))) return;
    else if (CLICKED.includes(this.engine.shell.get().tool)) return this.hand.lift(mark, info(shiftKey));
    this.pressed = !this.pressed;
  }

  private drop(): void {
    this.pressed = false;
    this.hand.drop();
  }
}

function middle(place: number, size: number): number {
  return Math.min(size - 1, Math.max(0, Math.floor(place))) + 0.5;
}

function info(shift: boolean): PointerInfo {
  return { shift, alt: false, ctrl: false, type: "key", pressure: 0.5 };
}

/** A cross around the pixel, dark below light, so that it shows on any image. */
export function drawMark(context: CanvasRenderingContext2D, camera: Camera, mark: Point): void {
  const { x, y } = camera.imageToScreen(mark);
  const [gap, arm] = [GAP_CSS_PX * camera.pixelRatio, ARM_CSS_PX * camera.pixelRatio];
  context.beginPath();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(x + dx * gap, y + dy * gap);
    context.lineTo(x + dx * arm, y + dy * arm);
  }
  for (const [width, color] of [[4, "rgba(0, 0, 0, 0.6)"], [2, "#ffffff"]] as const) {
    context.lineWidth = width * camera.pixelRatio;
    context.strokeStyle = color;
    context.stroke();
  }
}
