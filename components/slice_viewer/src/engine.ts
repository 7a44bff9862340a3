/**
 * The viewer without its frame: the volume, the camera, the slice, and who is told when they change.
 *
 * React reads `shell`, `camera` and `readout`; the component's properties come in by the setters. One open volume is a `Picture`,
 * pointer and keys are in `pointer.ts` and `keys.ts`, labels behind the seam of `types.ts`.
 */
import * as cameras from "./camera";
import { createHost } from "./host";
import type { Overwrite } from "./labels/rules";
import { PLAIN, type Look, type Window } from "./lut";
import { drawMark } from "./keypointer";
import { fetchManifest, Refusal } from "./manifests";
import { keptOverwrite, overwriteChoices, rememberOverwrite } from "./overwrite";
import { Picture } from "./picture";
import { Canvas2DRenderer, type Renderer } from "./renderer";
import { clampVoxel, lineAxes, middleOf, pixelAspect, PLANE_COLORS, planeManifest, pointOf, voxelAt } from "./planes";
import { placeOf, type Place } from "./place";
import type { Overlay, PastLabels } from "./results";
import { FRESH_LABELS, FRESH_VOLUME, INITIAL_SHELL, type Shell } from "./shell";
import type { StackOrder } from "./proposals";
import { areSiblings } from "./siblings";
import type { ToolSettings } from "./settings";
import { Store, update } from "./store";
import { Surface } from "./surface";
import type { Problem } from "./tilecache";
import { AXES, type Camera, type History, type LabelClass, type LabelLayer, type Manifest, type PlaneAxis, type Point, type ResultChoice, type ServerRequest, type Tool, type ViewerHost, type Voxel } from "./types";

const TOAST_MS = 5000;
export const MAX_BRUSH_RADIUS = 1000; // image pixels; larger areas are for shapes
const CROSSHAIR_GAP_CSS_PX = 9; // the voxel itself stays free
const SLICE_MEASURE = "sv-slice"; // performance entry: from the wish to the sharp frame

export interface Click {
  point: Point;
  shift: boolean;
  number: number;
}

export type CreateLabelLayer = (host: ViewerHost) => LabelLayer;

export class Engine {
  readonly shell = new Store<Shell>(INITIAL_SHELL);
  readonly camera = new Store<Camera>(new cameras.View(1, 0, 0, 1, 1, 1));
  /** The image point under the pointer, null when none is. */
  readonly pointer = new Store<Point | null>(null);
  /** The last click that moved nothing, with the tool that pans. */
  readonly clicks = new Store<Click | null>(null);
  /** Grows with every frame drawn; the minimap and the readout follow it. */
  readonly frames = new Store(0);
  readonly host: ViewerHost;
  classes: readonly LabelClass[] = [];
  labels: LabelLayer | null = null;
  picture: Picture | null = null;
  /** The engine whose view this one follows: it shows an image beside the one being worked on, and nothing is painted here. */
  leader: Engine | null = null;
  /** Takes orders for labels through the stack. */
  takeOrder: (order: StackOrder) => void = () => undefined;
  /** Where the pointer is that keys move; null while there is none. */
  mark: Point | null = null;

  private surface: Surface | null = null;
  private renderer: Renderer | null = null;
  private volume: string | null = null;
  private window: Window | null = null;
  private overlay: Overlay | null = null;
  /** Labels that wait to be accepted. */
  private proposed: Overlay | null = null;
  /** Labels of the past, shown in place of those of now and of the result. */
  private moment: PastLabels | null = null;
  private shading: Look = PLAIN;
  private labelOpacity = 0.5;
  private wantedPlace: Place | null = null;
  private crosshair = false;
  private fitted = true;
  private isFresh = false; // the volume has just been opened: nobody has chosen a place yet
  private opening = new AbortController();
  private troubles: Record<"image" | "result", Problem | null> = { image: null, result: null };
  private lastNotice = 0;
  private wished = 0; // when the slice was asked for, 0: it has been measured

  constructor(
    readonly apiRoot: string,
    private readonly createLabelLayer: CreateLabelLayer,
  ) {
    this.host = createHost(this);
  }

  /** The manifest of the open volume. Only for those who exist while there is one. */
  get manifest(): Manifest {
    return this.picture!.manifest;
  }

  // ---- the page ----

  attach(stage: HTMLElement, canvas: HTMLCanvasElement, cursor: HTMLCanvasElement): void {
    this.renderer = new Canvas2DRenderer(canvas);
    this.surface = new Surface(stage, canvas, cursor, {
      resized: (size, ratio) => this.resize(size, ratio),
      frame: () => this.drawFrame(),
      cursorFrame: () => this.drawCursor(),
    });
  }

  detach(): void {
    this.openVolume(null);
    this.surface?.dispose();
    this.surface = null;
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

  // ---- volume ----

  openVolume(volume: string | null): void {
    if (volume === this.volume) return;
    const { base } = this.shell.get();
    if (volume !== null && base !== null && areSiblings(volume, base)) return this.openSibling(volume);
    this.close();
    this.volume = volume;
    this.isFresh = this.leader === null && this.volume !== null;
    this.fitted = true;
    update(this.shell, { ...FRESH_VOLUME, status: volume === null ? "empty" : "loading" });
    if (volume !== null) void this.ask((manifest) => this.begin(manifest));
    this.redraw();
  }

  /** The volume that is open, or will be: steps in quick succession count from the last wish. */
  get wantedPath(): string {
    const { base, sibling } = this.shell.get();
    return sibling ?? base?.path ?? "";
  }

  /** Ask the page for another volume of the same array. */
  goToSibling(path: string): void {
    update(this.shell, { sibling: path });
  }

  /** Open a volume of the same array: slice, camera and picture stay until it is there. */
  private openSibling(volume: string): void {
    this.volume = volume;
    void this.ask((manifest) => {
      const { base, sibling } = this.shell.get();
      this.close();
      update(this.shell, { ...FRESH_LABELS, sibling: sibling === manifest.path ? null : sibling });
      this.fitted ||= base === null || manifest.shape.some((size, axis) => size !== base.shape[axis]);
      this.begin(manifest);
    });
  }

  /** Open the same volume anew, after it could not be opened. */
  retry(): void {
    const { volume } = this;
    this.openVolume(null);
    this.openVolume(volume);
  }

  /** Fetch the manifest and hand it to `use`; says what is wrong while it does not come. */
  private async ask(use: (manifest: Manifest) => void): Promise<void> {
    this.opening.abort();
    const { signal } = (this.opening = new AbortController());
    try {
      const url = `${this.apiRoot}/img/${this.volume}/manifest`;
      const manifest = await fetchManifest(url, signal, (problem) => this.setTrouble("image", problem));
      this.setTrouble("image", null);
      use(manifest);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Refusal)) throw error;
      update(this.shell, { status: "failed", problem: error.problem });
    }
  }

  private begin(base: Manifest): void {
    const { axis, position: last } = this.shell.get();
    const position = this.isFresh ? middleOf(base, last.z) : clampVoxel(last, base);
    this.isFresh = false;
    const manifest = planeManifest(base, axis);
    const slice = position[axis];
    this.picture = new Picture(manifest, this.apiRoot, this.renderer!, {
      redraw: () => this.redraw(),
      making: (making) => update(this.shell, { making }),
      outdated: (problem) => this.renew(problem),
      trouble: (layer, problem) => this.setTrouble(layer, problem),
    });
    this.picture.setWindow(this.window);
    this.picture.setLook(this.shading);
    this.picture.setOverlay(this.moment ?? this.overlay);
    this.picture.setProposed(this.proposed);
    this.picture.goTo(slice);
    update(this.shell, { manifest, base, slice, position, status: "shown" });
    if (this.leader === null) this.beginLabels(manifest, slice);
    this.refit();
    if (this.wantedPlace !== null) this.showPlace(this.wantedPlace);
    this.redraw();
  }

  private beginLabels(manifest: Manifest, slice: number): void {
    this.labels = this.createLabelLayer(this.host);
    this.labels.load(manifest.id, manifest);
    this.labels.setSlice(slice);
  }

  /** A tile is gone: the volume has a new version on the server, or the tile was never there. */
  private renew(problem: Problem): void {
    const { version } = this.manifest;
    void this.ask((manifest) => {
      if (manifest.version === version) return this.say(problem, { sticky: true });
      this.close();
      this.begin(manifest);
      this.say({ message: "The images have changed on the server. This is their new state.", hint: "" });
    });
  }

  private close(): void {
    this.opening.abort();
    this.labels?.dispose();
    this.picture?.dispose();
    this.labels = this.picture = this.mark = null;
    this.troubles = { image: null, result: null };
  }

  private setTrouble(layer: "image" | "result", problem: Problem | null): void {
    this.troubles[layer] = problem;
    update(this.shell, { problem: this.troubles.image ?? this.troubles.result });
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
    if (base === null) return;
    this.close();
    this.fitted = true;
    this.begin(base);
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

  // ---- camera ----

  get canvasSize(): cameras.Size {
    const { width, height } = this.camera.get();
    return { width, height };
  }

  private get imageSize(): cameras.Size {
    const { x1, y1 } = this.picture!.area;
    return { width: x1, height: y1 };
  }

  fit(): void {
    this.fitted = true;
    if (this.picture === null) return;
    this.setCamera(cameras.fit(this.imageSize, this.canvasSize, this.camera.get().pixelRatio, pixelAspect(this.manifest)));
    this.redraw();
  }

  /** Zoom around screen point `at`; around the middle when none is given. */
  zoom(factor: number, at?: Point): void {
    const { width, height } = this.camera.get();
    this.look((camera, image) => cameras.zoomAt(camera, at ?? { x: width / 2, y: height / 2 }, factor, image));
  }

  /** Move the image by screen pixels. */
  pan(dx: number, dy: number): void {
    this.look((camera, image) => cameras.panBy(camera, dx, dy, image));
  }

  /** Take over another canvas's view: the same middle at the same size. */
  follow(other: Camera): void {
    const { width, height, pixelRatio } = this.camera.get();
    if (this.picture === null || width <= 1) return;
    this.fitted = false;
    this.setCamera(cameras.resized(other, { width, height }, pixelRatio));
    this.redraw();
  }

  /** Where the window looks; null while everything is in view as it opened. */
  get place(): Place | null {
    const { axis, slice, status } = this.shell.get();
    if (status !== "shown" || (this.fitted && axis === "z")) return null;
    return placeOf(this.camera.get(), axis, slice);
  }

  /** Look at a place, now or as soon as the volume is open. */
  showPlace(place: Place): void {
    const { width } = this.camera.get();
    this.wantedPlace = this.picture === null || width <= 1 ? place : null;
    if (this.wantedPlace !== null) return;
    this.setAxis(place.axis);
    this.goToVoxel(place.voxel);
    const point = pointOf(place.axis, place.voxel);
    this.look((camera, image) => cameras.lookAt(cameras.zoomTo(camera, place.zoom * camera.pixelRatio, image), point, image));
  }

  lookAt(point: Point): void {
    this.look((camera, image) => cameras.lookAt(camera, point, image));
  }

  /** Client (CSS) coordinates of an image point, and back. */
  toClient(point: Point): Point {
    const { left, top } = this.surface!.stage.getBoundingClientRect();
    const { pixelRatio } = this.camera.get();
    const { x, y } = this.camera.get().imageToScreen(point);
    return { x: left + x / pixelRatio, y: top + y / pixelRatio };
  }

  fromClient({ x, y }: Point): Point {
    const { left, top } = this.surface!.stage.getBoundingClientRect();
    const camera = this.camera.get();
    return camera.screenToImage({ x: (x - left) * camera.pixelRatio, y: (y - top) * camera.pixelRatio });
  }

  private setCamera(camera: Camera): void {
    this.camera.set(camera);
    if (this.picture !== null) this.picture.ready = false; // until the next frame says so
  }

  private look(change: (camera: Camera, image: cameras.Size) => Camera): void {
    if (this.picture === null) return;
    this.fitted = false;
    this.setCamera(change(this.camera.get(), this.imageSize));
    this.redraw();
  }

  private resize(size: cameras.Size, pixelRatio: number): void {
    this.setCamera(cameras.resized(this.camera.get(), size, pixelRatio));
    this.refit();
    if (this.wantedPlace !== null && this.picture !== null) this.showPlace(this.wantedPlace);
    this.redraw();
  }

  /** Keep what nobody has moved fitted, or where the leader looks. */
  private refit(): void {
    if (!this.fitted) return;
    if (this.leader === null) return this.fit();
    this.follow(this.leader.camera.get());
    this.fitted = true;
  }

  // ---- drawing ----

  private drawFrame(): void {
    if (this.picture === null) return this.clear();
    const { bare } = this.shell.get();
    this.picture.draw(this.camera.get(), { labels: this.inPast ? null : this.labels, labelOpacity: this.labelOpacity, bare });
    this.frames.set(this.frames.get() + 1);
    if (this.picture.ready) this.measureSlice();
  }

  private clear(): void {
    this.renderer?.begin(this.camera.get(), { x0: 0, y0: 0, x1: 0, y1: 0 });
    this.renderer?.end();
  }

  private drawCursor(): void {
    const { cursor } = this.surface!;
    const camera = this.camera.get();
    if (cursor.width !== camera.width || cursor.height !== camera.height) {
      cursor.width = camera.width;
      cursor.height = camera.height;
    }
    const context = cursor.getContext("2d")!;
    context.clearRect(0, 0, camera.width, camera.height);
    if (this.crosshair) this.drawCrosshair(context, camera);
    if (this.shell.get().tool === "pan" || this.inPast) return;
    context.save();
    this.labels?.drawCursor(context, camera);
    context.restore();
    if (this.mark !== null) drawMark(context, camera, this.mark);
  }

  /** Where the other planes cut this one, each line in the colour of its plane. */
  private drawCrosshair(context: CanvasRenderingContext2D, camera: Camera): void {
    const { axis, position, manifest } = this.shell.get();
    if (manifest === null) return;
    const { x, y } = camera.imageToScreen(pointOf(axis, position));
    const [rows, columns] = lineAxes(axis);
    const [gap, width] = [CROSSHAIR_GAP_CSS_PX * camera.pixelRatio, Math.max(1, Math.round(camera.pixelRatio))];
    context.fillStyle = PLANE_COLORS[rows];
    for (const [from, to] of [[0, x - gap], [x + gap, camera.width]]) context.fillRect(from, Math.round(y), Math.max(0, to - from), width);
    context.fillStyle = PLANE_COLORS[columns];
    for (const [from, to] of [[0, y - gap], [y + gap, camera.height]]) context.fillRect(Math.round(x), from, width, Math.max(0, to - from));
  }

  private measureSlice(): void {
    if (this.wished === 0) return;
    performance.clearMeasures(SLICE_MEASURE);
    performance.measure(SLICE_MEASURE, { start: this.wished, end: performance.now() });
    this.wished = 0;
  }

  // ---- properties ----

  setWindow(window: Window | null): void {
    this.window = window;
    this.picture?.setWindow(window);
    this.redraw();
  }

  setLook(look: Look): void {
    this.shading = look;
    this.picture?.setLook(look);
    this.redraw();
  }

  setMark(mark: Point | null): void {
    this.mark = mark;
    this.redrawCursor();
  }

  setCrosshair(crosshair: boolean): void {
    this.crosshair = crosshair;
    this.redrawCursor();
  }

  setLabelOpacity(opacity: number): void {
    this.labelOpacity = opacity;
    this.redraw();
  }

  setOverlay(overlay: Overlay | null): void {
    this.overlay = overlay;
    if (this.moment === null) this.picture?.setOverlay(overlay);
    update(this.shell, { predicted: overlay?.slices ?? [] });
    this.redraw();
  }

  setProposed(proposed: Overlay | null): void {
    this.proposed = proposed;
    this.picture?.setProposed(proposed);
    this.redraw();
  }

  setMoment(moment: PastLabels | null): void {
    if (moment !== null) this.labels?.finish(); // what is half drawn belongs to now, as on a change of tool
    this.moment = moment;
    this.picture?.setOverlay(moment ?? this.overlay);
    update(this.shell, { past: this.inPast, differing: moment?.differing ?? [] });
    this.redraw();
    this.redrawCursor();
  }

  get inPast(): boolean {
    return this.moment !== null;
  }

  /** What can be taken back. A panel of the page may have changed labels that are not on the screen. */
  setHistory(history: History): void {
    const { undo, redo } = this.shell.get().history;
    update(this.shell, { history });
    if (this.inPast && (history.undo !== undo || history.redo !== redo)) this.say({ message: "Your labels of now have changed.", hint: "Go back to now to see them." });
  }

  /** Whether labels may change now; says why where they may not. */
  mayEdit(): boolean {
    if (this.inPast) this.say({ message: "These are labels of the past; nothing was changed.", hint: "Go back to now to paint or undo, or restore this moment." });
    return !this.inPast;
  }

  /** What of the result can become labels now. */
  get resultChoice(): ResultChoice | null {
    const { overlay } = this;
    if (overlay === null || overlay.root !== undefined || this.inPast) return null; // a root: something else than classes
    return { job: overlay.id, classes: overlay.classes.filter(({ visible }) => visible).map(({ id }) => id), least: overlay.least ?? 0 };
  }

  get overlayId(): string | null {
    return (this.moment ?? this.overlay)?.id ?? null;
  }

  get overlayClasses(): readonly LabelClass[] {
    return (this.moment ?? this.overlay)?.classes ?? [];
  }

  setClasses(classes: readonly LabelClass[]): void {
    this.classes = classes;
    const { overwrite, settings } = this.shell.get();
    const acceptOver = keptOverwrite(settings.acceptOver, this.classes) === settings.acceptOver ? settings.acceptOver : "empty";
    update(this.shell, { activeClass: this.keptClass(), overwrite: keptOverwrite(overwrite, this.classes), settings: { ...settings, acceptOver } });
    this.labels?.classesChanged();
    this.redraw();
  }

  /** The active class, or the first when it is no longer there. */
  private keptClass(): number | null {
    const { activeClass } = this.shell.get();
    const kept = this.classes.find(({ id }) => id === activeClass) ?? this.classes[0];
    return kept?.id ?? null;
  }

  setOverwrite(overwrite: Overwrite): void {
    rememberOverwrite(overwrite);
    update(this.shell, { overwrite });
  }

  nextOverwrite(): void {
    const modes = overwriteChoices(this.classes).map(([mode]) => mode);
    this.setOverwrite(modes[(modes.indexOf(this.shell.get().overwrite) + 1) % modes.length]);
  }

  setActiveClass(activeClass: number | null): void {
    if (activeClass === this.shell.get().activeClass) return;
    update(this.shell, { activeClass });
    this.labels?.classesChanged();
    this.redrawCursor();
  }

  setTool(tool: Tool): void {
    if (tool === this.shell.get().tool) return;
    this.labels?.finish();
    update(this.shell, { tool });
    this.redrawCursor();
  }

  setBrushRadius(radius: number): void {
    update(this.shell, { brushRadius: Math.min(MAX_BRUSH_RADIUS, Math.max(0.5, radius)) });
    this.redrawCursor();
  }

  changeSettings(changes: Partial<ToolSettings>): void {
    update(this.shell, { settings: { ...this.shell.get().settings, ...changes } });
    this.redrawCursor();
  }

  setBare(bare: boolean): void {
    update(this.shell, { bare });
    this.redraw();
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
