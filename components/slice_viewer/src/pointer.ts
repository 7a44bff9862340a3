/** Mouse, pen and fingers on the canvas: who pans, who zooms, who draws. */
import type { Engine } from "./engine";
import { KeyPointer } from "./keypointer";
import { CLASSLESS } from "./tools/catalog";
import type { Point, PointerInfo } from "./types";

const WHEEL_ZOOM = 0.0016; // per CSS pixel of wheel travel: a notch of 100 is 1.17x
const PINCH_ZOOM = 0.01; // trackpads send small steps with the control key
const CLICK_CSS_PX = 3; // a hand that clicks moves the mouse a little
const LINE_PX = 16; // Firefox counts wheel travel in lines
const WHEEL_SLICE_PX = 60; // travel for one slice
const BY_KEYS = -1; // in place of a pointer's number, which browsers count from 0

type Gesture = { kind: "pan"; id: number; travel: number } | { kind: "draw"; id: number } | { kind: "pinch" } | { kind: "none" };

export class PointerInput {
  readonly byKeys: KeyPointer;
  /** The space bar is held: the primary button pans whatever the tool. */
  private spaceHeld = false;
  private gesture: Gesture = { kind: "none" };
  private readonly down = new Map<number, Point>(); // pointers with a button or finger down, in screen pixels
  private wheelTravel = 0;
  private readonly stop = new AbortController();

  /** `follow` hears which image point is under the pointer, null when none is. */
  constructor(
    private readonly engine: Engine,
    private readonly stage: HTMLElement,
    private readonly follow: (point: Point | null) => void,
    private readonly entered: () => void = () => undefined,
  ) {
    const { signal } = this.stop;
    this.byKeys = new KeyPointer(engine, {
      press: (point, about) => this.startDrawing(BY_KEYS, point, about),
      move: (point, about) => this.moveByKeys(point, about),
      lift: (point, about) => this.finish(() => engine.labels?.end(point, about)),
      drop: () => this.finish(() => engine.labels?.cancel()),
    });
    stage.addEventListener("pointerenter", () => this.entered(), { signal });
    stage.addEventListener("pointerdown", (event) => this.press(event), { signal });
    stage.addEventListener("pointermove", (event) => this.move(event), { signal });
    stage.addEventListener("pointerup", (event) => this.release(event), { signal });
    stage.addEventListener("pointercancel", (event) => this.lose(event), { signal });
    stage.addEventListener("pointerleave", () => this.leave(), { signal });
    stage.addEventListener("dblclick", (event) => this.doubleClick(event), { signal });
    stage.addEventListener("contextmenu", (event) => this.takesRight && event.preventDefault(), { signal });
    stage.addEventListener("wheel", (event) => this.wheel(event), { signal, passive: false });
  }

  get drawing(): boolean {
    return this.gesture.kind === "draw";
  }

  holdSpace(held: boolean): void {
    this.spaceHeld = held;
    this.showMode();
  }

  dispose(): void {
    this.stop.abort();
  }

  private press(event: PointerEvent): void {
    if (event.button !== 0 && event.button !== 1 && !(event.button === 2 && this.takesRight)) return;
    event.preventDefault(); // no text selection, no autoscroll by the middle button
    this.stage.focus({ preventScroll: true });
    this.stage.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, this.screen(event));
    this.byKeys.hide();
    if (this.down.size > 1) this.startPinch();
    else if (this.pans(event)) this.gesture = { kind: "pan", id: event.pointerId, travel: 0 };
    else this.startDrawing(event.pointerId, this.image(event), info(event));
    this.showMode();
  }

  /** The right button says "not this"; with other tools it opens the browser's menu. */
  private get takesRight(): boolean {
    return this.engine.shell.get().tool === "click";
  }

  private pans(event: PointerEvent): boolean {
    return event.button === 1 || this.spaceHeld || this.engine.shell.get().tool === "pan";
  }

  private startPinch(): void {
    if (this.drawing) this.engine.labels?.interrupt();
    this.gesture = { kind: "pinch" };
  }

  /** False where nothing can be painted now; the user is told why. */
  private startDrawing(id: number, point: Point, about: PointerInfo): boolean {
    const { picture, labels, shell } = this.engine;
    const { tool, activeClass, slice, bare } = shell.get();
    if (labels === null || tool === "pan" || picture?.shown !== slice) return false; // never on a slice that is not to be seen yet
    if (!this.engine.mayEdit()) return false;
    if (activeClass === null && !CLASSLESS.includes(tool)) {
      this.engine.say({ message: "There is no class to paint.", hint: "Add one in the panel of classes." });
      return false;
    }
    if (bare) this.engine.setBare(false);
    this.gesture = { kind: "draw", id };
    labels.begin(tool, point, about);
    return true;
  }

  private moveByKeys(point: Point, about: PointerInfo): void {
    if (this.drawing) this.engine.labels?.move(point, about);
    else this.engine.labels?.hover(point);
    this.follow(point);
  }

  private finish(act: () => void): void {
    act();
    this.gesture = { kind: "none" };
  }

  private move(event: PointerEvent): void {
    const { gesture } = this;
    if (this.byKeys.shown) {
      if (event.movementX === 0 && event.movementY === 0) return; // the page moved below a resting mouse
      this.byKeys.hide();
    }
    if (gesture.kind === "pinch") this.pinch(event);
    else if (gesture.kind === "pan" && gesture.id === event.pointerId) gesture.travel += this.drag(event);
    else if (gesture.kind === "draw" && gesture.id === event.pointerId) this.draw(event);
    else if (gesture.kind === "none") this.engine.labels?.hover(this.image(event));
    this.follow(this.image(event));
  }

  /** Returns how far, in screen pixels. */
  private drag(event: PointerEvent): number {
    const before = this.down.get(event.pointerId)!;
    const now = this.screen(event);
    this.down.set(event.pointerId, now);
    this.engine.view.pan(now.x - before.x, now.y - before.y);
    return Math.hypot(now.x - before.x, now.y - before.y);
  }

  private draw(event: PointerEvent): void {
    const events = event.getCoalescedEvents();
    for (const step of events.length > 0 ? events : [event]) this.engine.labels?.move(this.image(step), info(step));
  }

  private pinch(event: PointerEvent): void {
    if (!this.down.has(event.pointerId)) return;
    const before = spread([...this.down.values()]);
    this.down.set(event.pointerId, this.screen(event));
    const now = spread([...this.down.values()]);
    this.engine.view.pan(now.middle.x - before.middle.x, now.middle.y - before.middle.y);
    if (before.distance > 0 && now.distance > 0) this.engine.view.zoom(now.distance / before.distance, now.middle);
  }

  private release(event: PointerEvent): void {
    this.down.delete(event.pointerId);
    const { gesture } = this;
    if (gesture.kind === "draw" && gesture.id === event.pointerId) this.engine.labels?.end(this.image(event), info(event));
    if (gesture.kind === "pan" && gesture.id === event.pointerId) this.click(event, gesture.travel);
    if (this.down.size === 0) this.gesture = { kind: "none" };
    this.showMode();
  }

  /** A click that moved nothing. */
  private click(event: PointerEvent, travel: number): void {
    const still = travel <= CLICK_CSS_PX * this.engine.camera.get().pixelRatio;
    if (still && event.button === 0 && !this.spaceHeld) this.engine.click(this.image(event), event.shiftKey);
  }

  private lose(event: PointerEvent): void {
    this.down.delete(event.pointerId);
    if (this.drawing) this.engine.labels?.cancel();
    if (this.down.size === 0) this.gesture = { kind: "none" };
    this.showMode();
  }

  private leave(): void {
    if (this.down.size > 0 || this.byKeys.shown) return;
    this.engine.labels?.hover(null);
    this.follow(null);
  }

  private doubleClick(event: MouseEvent): void {
    if (this.engine.shell.get().tool === "pan") this.engine.view.fit();
    else this.engine.labels?.doubleClick(this.image(event));
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const travel = (event.deltaY || event.deltaX) * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1);
    if (event.shiftKey) return this.wheelSlices(travel);
    if (event.altKey) return this.wheelBrush(travel);
    this.engine.view.zoom(Math.exp(-travel * (event.ctrlKey ? PINCH_ZOOM : WHEEL_ZOOM)), this.screen(event));
    this.engine.labels?.hover(this.image(event));
  }

  private wheelSlices(travel: number): void {
    if (this.drawing) return;
    this.wheelTravel += travel;
    const steps = Math.trunc(this.wheelTravel / WHEEL_SLICE_PX);
    this.wheelTravel -= steps * WHEEL_SLICE_PX;
    if (steps !== 0) this.engine.goTo(this.engine.shell.get().slice + steps);
  }

  /** Not with the control key: trackpads send their pinch with it. */
  private wheelBrush(travel: number): void {
    const { brushRadius } = this.engine.shell.get();
    this.engine.choices.setBrushRadius(brushRadius * Math.exp(-travel * WHEEL_ZOOM));
  }

  private showMode(): void {
    const { kind } = this.gesture;
    this.stage.dataset.mode = kind === "none" && this.spaceHeld ? "hand" : kind;
  }

  private screen(event: MouseEvent): Point {
    const box = this.stage.getBoundingClientRect();
    const ratio = this.engine.camera.get().pixelRatio;
    return { x: (event.clientX - box.left) * ratio, y: (event.clientY - box.top) * ratio };
  }

  private image(event: MouseEvent): Point {
    return this.engine.camera.get().screenToImage(this.screen(event));
  }
}

function info(event: PointerEvent): PointerInfo {
  const { shiftKey: shift, altKey, ctrlKey: ctrl, pointerType: type, pressure } = event;
  const alt = altKey || event.button === 2; // the right button, where a tool takes it
  return { shift, alt, ctrl, type, pressure };
}

/** Middle of the first two fingers, and how far apart they are. */
function spread([a, b]: Point[]): { middle: Point; distance: number } {
  if (b === undefined) return { middle: a, distance: 0 };
  return { middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, distance: Math.hypot(a.x - b.x, a.y - b.y) };
}
