/** The label layer behind the viewer's seam: pointer and keys go to the tools, tiles to the canvas. What tools do is in `easel.ts`. */
import type { RefineOperation } from "../settings";
import { createTools } from "../tools";
import type { DrawingTool } from "../tools/tool";
import type { Camera, LabelLayer, LabelTool, Manifest, PlaneAxis, Point, PointerInfo, ServerRequest, TileAddress, ViewerHost } from "../types";
import { LabelBook } from "./book";
import { TilePainter } from "./draw";
import { BookEasel } from "./easel";
import { Errands } from "./errands";
import { buildPalette } from "./palette";
import type { Part } from "./rules";

/** Brushes with which Alt and a click take the class under the pointer. */
const PICKS_WITH_ALT: readonly LabelTool[] = ["brush", "threshold", "superpixel", "line"];

/** Tools that paint nothing, or classes of their own. */
const LABELLESS: readonly LabelTool[] = ["picker", "accept"];

export class Layer implements LabelLayer {
  private book: LabelBook | null = null;
  private painter: TilePainter | null = null;
  private readonly easel: BookEasel;
  private readonly errands: Errands;
  private readonly tools: Record<LabelTool, DrawingTool>;
  private current: DrawingTool | null = null; // has seen a button go down
  private pointer: Point | null = null;

  constructor(private readonly host: ViewerHost) {
    this.easel = new BookEasel(host, () => this.book);
    this.errands = new Errands(host, this.easel);
    this.tools = createTools(this.easel);
  }

  load(volume: string, manifest: Manifest): void {
    const [height, width] = manifest.levels[0];
    this.easel.area = { x0: 0, y0: 0, x1: width, y1: height };
    this.book = new LabelBook(this.host, volume, manifest);
    this.painter = new TilePainter(this.book.store, buildPalette(this.host.classes));
    this.setSlice(this.host.slice);
  }

  setSlice(z: number): void {
    if (this.book === null || this.book.z === z) return;
    const { current } = this;
    this.finish();
    current?.cancel(); // what still waits for an answer belongs to the slice that is left
    for (const tool of Object.values(this.tools)) tool.leave?.();
    this.errands.cancel();
    this.book.setSlice(z);
  }

  classesChanged(): void {
    if (this.painter === null || this.book === null) return;
    this.painter.palette = buildPalette(this.host.classes);
    for (const tile of this.book.store.all()) tile.recolor();
    this.host.requestRedraw();
  }

  draw(ctx: CanvasRenderingContext2D, camera: Camera, _level: number, tiles: readonly TileAddress[], opacity: number): void {
    this.book?.show(tiles);
    this.painter?.draw(ctx, camera, tiles, opacity);
    this.chosen?.redrawn?.();
  }

  drawCursor(ctx: CanvasRenderingContext2D, camera: Camera): void {
    this.chosen?.preview(ctx, camera, this.pointer);
  }

  get loading(): boolean {
    return this.book?.loading ?? false;
  }

  labelAt(point: Point): number {
    return this.book?.labelAt(point) ?? 0;
  }

  begin(tool: LabelTool, point: Point, info: PointerInfo): void {
    if (this.current !== this.tools[tool]) this.finish();
    if (info.alt && PICKS_WITH_ALT.includes(tool)) return this.easel.pick(point);
    if (!LABELLESS.includes(tool) && !this.easel.settleLabel(tool)) return;
    this.current = this.tools[tool];
    this.current.down(point, info);
    this.pointAt(point);
  }

  move(point: Point, info: PointerInfo): void {
    this.current?.move(point, info);
    this.pointAt(point);
  }

  end(point: Point, info: PointerInfo): void {
    this.current?.up(point, info);
    this.pointAt(point);
  }

  hover(point: Point | null): void {
    const tool = this.current ?? this.chosen;
    if (point !== null) tool?.hover?.(point);
    else tool?.leave?.();
    this.pointAt(point);
  }

  doubleClick(): void {
    this.current?.doubleClick();
    this.host.requestCursorRedraw();
  }

  cancel(): void {
    this.current?.cancel();
    this.current = null;
    this.host.requestCursorRedraw();
  }

  interrupt(): void {
    if (this.current?.interrupt) this.current.interrupt();
    else this.current?.cancel();
    this.host.requestCursorRedraw();
  }

  finish(): void {
    if (this.current?.finish) this.current.finish();
    else this.current?.cancel();
    this.current = null;
    this.host.requestCursorRedraw();
  }

  keep(): void {
    this.press("Enter");
  }

  accept(z: number, parts: readonly Part[], { away } = { away: false }): void {
    this.finish();
    if (away) for (const part of parts) this.easel.takeAwayOn("z", z, part);
    else this.easel.acceptOn("z", z, parts);
  }

  fillIn(axis: PlaneAxis, index: number, parts: readonly Part[]): void {
    this.finish();
    this.easel.fillIn(axis, index, parts);
  }

  key(event: KeyboardEvent): boolean {
    return this.press(event.key);
  }

  refine(operation: RefineOperation): void {
    this.finish();
    this.errands.refine(operation);
  }

  copyTo(z: number): void {
    this.finish();
    this.errands.copyTo(z);
  }

  request(request: ServerRequest): void {
    this.finish();
    this.book?.request(request);
  }

  undo(): void {
    this.step("undo");
  }

  redo(): void {
    this.step("redo");
  }

  settled(): Promise<void> {
    this.finish();
    return this.book?.settled() ?? Promise.resolve();
  }

  refresh(): void {
    this.book?.refresh();
  }

  dispose(): void {
    const { current } = this;
    this.finish();
    current?.cancel();
    this.errands.cancel();
    void this.book?.dispose();
    this.book = null;
  }

  private get chosen(): DrawingTool | null {
    return this.host.tool === "pan" ? null : this.tools[this.host.tool];
  }

  private pointAt(point: Point | null): void {
    this.pointer = point;
    this.host.requestCursorRedraw();
  }

  private press(key: string): boolean {
    const taken = this.current?.key(key) ?? false;
    if (taken) this.host.requestCursorRedraw();
    return taken;
  }

  private step(kind: "undo" | "redo"): void {
    if (this.current?.busy) this.current.cancel();
    else this.book?.step(kind);
    this.host.requestCursorRedraw();
  }
}
