/**
 * The viewer without its frame: the volume, the slice, the frames drawn, and who is told when they change.
 *
 * React reads `shell`, `camera` and `readout`. Each part of the work has a file: `opening.ts` the volume, `viewpoint.ts` the camera,
 * `appearance.ts` the colours and what lies over the image, `choices.ts` the tools; one open volume is a `Picture`, pointer and keys
 * are in `pointer.ts` and `keys.ts`, labels behind the seam of `types.ts`.
 */
import { Appearance } from "./appearance";
import { View } from "./camera";
import { Choices } from "./choices";
import { drawCrosshair } from "./crosshair";
import { createHost } from "./host";
import { drawMark } from "./keypointer";
import { Opening, type CreateLabelLayer } from "./opening";
import type { Picture } from "./picture";
import { clampVoxel, voxelAt } from "./planes";
import type { StackOrder } from "./proposals";
import { Canvas2DRenderer, type Renderer } from "./renderer";
import { INITIAL_SHELL, type Shell } from "./shell";
import { Store, update } from "./store";
import { Surface } from "./surface";
import type { Problem } from "./tilecache";
import { AXES, type Camera, type History, type LabelClass, type LabelLayer, type Manifest, type PlaneAxis, type Point, type ServerRequest, type ViewerHost, type Voxel } from "./types";
import { Viewpoint } from "./viewpoint";

const TOAST_MS = 5000;
const SLICE_MEASURE = "sv-slice"; // performance entry: from the wish to the sharp frame

export interface Click {
  point: Point;
  shift: boolean;
  number: number;
}

export class Engine {
  readonly shell = new Store<Shell>(INITIAL_SHELL);
  readonly camera = new Store<Camera>(new View(1, 0, 0, 1, 1, 1));
  /** The image point under the pointer, null when none is. */
  readonly pointer = new Store<Point | null>(null);
  /** The last click that moved nothing, with the tool that pans. */
  readonly clicks = new Store<Click | null>(null);
  /** Grows with every frame drawn; the minimap and the readout follow it. */
  readonly frames = new Store(0);
  readonly host: ViewerHost;
  readonly volume: Opening;
  readonly view = new Viewpoint(this);
  readonly appearance = new Appearance(this);
  readonly choices = new Choices(this);
  classes: readonly LabelClass[] = [];
  labels: LabelLayer | null = null;
  picture: Picture | null = null;
  /** The engine whose view this one follows: it shows an image beside the one being worked on, and nothing is painted here. */
  leader: Engine | null = null;
  /** Opened beside the first pane: it begins where that one looks. */
  guest = false;
  /** Takes orders for labels through the stack. */
  takeOrder: (order: StackOrder) => void = () => undefined;
  /** Where the pointer is that keys move; null while there is none. */
  mark: Point | null = null;

  private surface: Surface | null = null;
  private canvasRenderer: Renderer | null = null;
  private crosshair = false;
  private cursorEmpty = true; // what is on the canvas of the cursor,
  private cursorCamera: Camera | null = null; // and the camera it was drawn for
  private lastNotice = 0;
  private wished = 0; // when the slice was asked for, 0: it has been measured

  constructor(
    readonly apiRoot: string,
    createLabelLayer: CreateLabelLayer,
  ) {
    this.host = createHost(this);
    this.volume = new Opening(this, createLabelLayer);
  }

  /** The manifest of the open volume. Only for those who exist while there is one. */
  get manifest(): Manifest {
    return this.picture!.manifest;
  }

  // ---- the page ----

  attach(stage: HTMLElement, canvas: HTMLCanvasElement, cursor: HTMLCanvasElement): void {
    this.canvasRenderer = new Canvas2DRenderer(canvas);
    this.surface = new Surface(stage, canvas, cursor, {
      resized: (size, ratio) => this.view.resize(size, ratio),
      frame: () => this.drawFrame(),
      cursorFrame: (asked) => this.drawCursor(asked),
    });
  }

  detach(): void {
    this.volume.open(null);
    this.surface?.dispose();
    this.surface = null;
  }

  /** What the image lies on; there while the engine is attached. */
  get stage(): HTMLElement {
    return this.surface!.stage;
  }

  /** What draws on the canvas; there once the engine has been attached. */
  get renderer(): Renderer {
    return this.canvasRenderer!;
  }

  /** Give the keys to the image. */
  focus(): void {
    this.surface?.stage.focus({ preventScroll: true });
  }

  redraw(): void {
    this.surface?.requestFrame();
  }

  redrawCursor(): void {
    this.surface?.requestCursor();
  }

  // ---- slice ----

  goTo(z: number): void {
    const { manifest, slice, axis, position } = this.shell.get();
    const last = manifest === null ? Number.MAX_SAFE_INTEGER : manifest.shape[0] - 1;
    const target = Math.min(last, Math.max(0, Math.round(z)));
    if (target === slice) return;
    update(this.shell, { slice: target, position: { ...position, [axis]: target } });
    this.wished = performance.now();
    this.picture?.goTo(target);
    this.labels?.setSlice(target);
    this.redraw();
  }

  /** Show the planes of another axis through the same voxel. */
  setAxis(axis: PlaneAxis): void {
    const { base, axis: before, position } = this.shell.get();
    if (axis === before) return;
    update(this.shell, { axis, slice: position[axis] });
    if (base !== null) this.volume.turn(base);
  }

  /** Go to a voxel: its plane, and the crosshair on it. */
  goToVoxel(voxel: Voxel): void {
    const { base, axis, position: before } = this.shell.get();
    const position = base === null ? voxel : clampVoxel(voxel, base);
    if (AXES.every((name) => position[name] === before[name])) return;
    update(this.shell, { position });
    this.goTo(position[axis]);
    this.redrawCursor();
  }

  /** Go to the voxel at a point of the slice on the screen. */
  pointAt(point: Point): void {
    const { axis, slice } = this.shell.get();
    this.goToVoxel(voxelAt(axis, slice, point));
  }

  /** A click with the tool that pans: there the planes meet. With Shift they stay. */
  click(point: Point, shift: boolean): void {
    if (!shift) this.pointAt(point);
    this.clicks.set({ point, shift, number: Date.now() });
  }

  // ---- drawing ----

  private drawFrame(): void {
    if (this.picture === null) return this.clear();
    this.picture.draw(this.camera.get(), this.appearance.over);
    this.frames.set(this.frames.get() + 1);
    if (this.picture.ready) this.measureSlice();
  }

  private clear(): void {
    this.canvasRenderer?.begin(this.camera.get(), { x0: 0, y0: 0, x1: 0, y1: 0 });
    this.canvasRenderer?.end();
  }

  /** A canvas that is touched is sent to the screen anew, 5 MB for nothing: leave it alone where it stays as it is. */
  private drawCursor(asked: boolean): void {
    const { cursor } = this.surface!;
    const camera = this.camera.get();
    const free = this.shell.get().tool === "pan" || this.appearance.inPast;
    const empty = free && !this.crosshair;
    if ((empty && this.cursorEmpty) || (!asked && camera === this.cursorCamera)) return;
    [this.cursorEmpty, this.cursorCamera] = [empty, camera];
    if (cursor.width !== camera.width || cursor.height !== camera.height) {
      cursor.width = camera.width;
      cursor.height = camera.height;
    }
    const context = cursor.getContext("2d")!;
    context.clearRect(0, 0, camera.width, camera.height);
    if (this.crosshair) drawCrosshair(context, camera, this.shell.get());
    if (free) return;
    context.save();
    this.labels?.drawCursor(context, camera);
    context.restore();
    if (this.mark !== null) drawMark(context, camera, this.mark);
  }

  private measureSlice(): void {
    if (this.wished === 0) return;
    performance.clearMeasures(SLICE_MEASURE);
    performance.measure(SLICE_MEASURE, { start: this.wished, end: performance.now() });
    this.wished = 0;
  }

  setMark(mark: Point | null): void {
    this.mark = mark;
    this.redrawCursor();
  }

  setCrosshair(crosshair: boolean): void {
    this.crosshair = crosshair;
    this.redrawCursor();
  }

  setBare(bare: boolean): void {
    update(this.shell, { bare });
    this.redraw();
  }

  // ---- labels of now ----

  /** What can be taken back. A panel of the page may have changed labels that are not on the screen. */
  setHistory(history: History): void {
    const { undo, redo } = this.shell.get().history;
    update(this.shell, { history });
    const { inPast } = this.appearance;
    if (inPast && (history.undo !== undo || history.redo !== redo)) this.say({ message: "Your labels of now have changed.", hint: "Go back to now to see them." });
  }

  /** Whether labels may change now; says why where they may not. */
  mayEdit(): boolean {
    const { inPast } = this.appearance;
    if (inPast) this.say({ message: "These are labels of the past; nothing was changed.", hint: "Go back to now to paint or undo, or restore this moment." });
    return !inPast;
  }

  /** Have the server make a change of the labels of now. */
  request(request: ServerRequest): void {
    if (this.mayEdit()) this.labels?.request(request);
  }

  // ---- words ----

  /** Show a message over the image; it leaves by itself unless it is `sticky`. */
  say(problem: Problem, { sticky = false } = {}): void {
    const id = ++this.lastNotice;
    const others = this.shell.get().notices.filter(({ message }) => message !== problem.message);
    update(this.shell, { notices: [...others, { ...problem, id, sticky }] });
    if (!sticky) setTimeout(() => this.dismiss(id), TOAST_MS);
  }

  dismiss(id: number): void {
    update(this.shell, { notices: this.shell.get().notices.filter((notice) => notice.id !== id) });
  }
}
