/** The label layer behind the viewer's seam: pointer and keys go to the tools, spans to the book, tiles to the canvas. */
import { createTools } from "../tools";
import type { DrawingTool, Easel } from "../tools/tool";
import type { Camera, LabelLayer, LabelTool, Manifest, Point, PointerInfo, Rect, TileAddress, ViewerHost } from "../types";
import { LabelBook } from "./book";
import { TilePainter } from "./draw";
import { buildPalette } from "./palette";
import { union, type Spans } from "./spans";

export class Layer implements LabelLayer, Easel {
  private book: LabelBook | null = null;
  private painter: TilePainter | null = null;
  private image: Rect = { x0: 0, y0: 0, x1: 0, y1: 0 };
  private readonly tools: Record<LabelTool, DrawingTool> = createTools(this);
  private current: DrawingTool | null = null; // has seen a button go down
  private label = 0; // of the stroke or shape under way
  private pointer: Point | null = null;

  constructor(private readonly host: ViewerHost) {}

  // What the engine asks of the layer.

  load(volume: string, manifest: Manifest): void {
    const [height, width] = manifest.levels[0];
    this.image = { x0: 0, y0: 0, x1: width, y1: height };
    this.book = new LabelBook(this.host, volume, manifest);
    this.painter = new TilePainter(this.book.store, buildPalette(this.host.classes));
    this.setSlice(this.host.slice);
  }

  setSlice(z: number): void {
    if (this.book === null || this.book.z === z) return;
    this.book.setSlice(z);
    this.cancel();
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
  }

  drawCursor(ctx: CanvasRenderingContext2D, camera: Camera): void {
    if (this.host.tool !== "pan") this.tools[this.host.tool].preview(ctx, camera, this.pointer);
  }

  get loading(): boolean {
    return this.book?.loading ?? false;
  }

  labelAt(point: Point): number {
    return this.book?.labelAt(point) ?? 0;
  }

  begin(tool: LabelTool, point: Point, info: PointerInfo): void {
    if (this.current !== this.tools[tool]) this.cancel();
    if (!this.mayPaint(tool)) return;
    this.current = this.tools[tool];
    this.current.down(point, info);
    this.hover(point);
  }

  move(point: Point, info: PointerInfo): void {
    this.current?.move(point, info);
    this.hover(point);
  }

  end(point: Point, info: PointerInfo): void {
    this.current?.up(point, info);
    this.hover(point);
  }

  hover(point: Point | null): void {
    this.pointer = point;
    this.host.requestCursorRedraw();
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

  key(event: KeyboardEvent): boolean {
    const taken = this.current?.key(event.key) ?? false;
    if (taken) this.host.requestCursorRedraw();
    return taken;
  }

  undo(): void {
    this.step("undo");
  }

  redo(): void {
    this.step("redo");
  }

  dispose(): void {
    void this.book?.dispose();
    this.book = null;
  }

  // What the tools ask of the layer.

  get area(): Rect {
    return this.image;
  }

  get radius(): number {
    return Math.max(0.5, this.host.brushRadius);
  }

  get color(): string {
    return this.host.classes.find((entry) => entry.id === this.host.activeClass)?.color ?? "#ffffff";
  }

  paint(spans: Spans): void {
    this.book?.paint(spans, this.label);
  }

  commitStroke(): void {
    this.book?.commitStroke();
  }

  discardStroke(): void {
    this.book?.discardStroke();
  }

  /** Shapes take the class that is chosen when they close: a polygon may be long under way. */
  commit(spans: Spans): void {
    this.book?.submitEdit(this.book.z, this.host.activeClass ?? this.label, union(spans));
  }

  distance(a: Point, b: Point): number {
    const { scale, aspect, pixelRatio } = this.host.camera;
    return (Math.hypot(a.x - b.x, (a.y - b.y) * aspect) * scale) / pixelRatio;
  }

  private step(kind: "undo" | "redo"): void {
    if (this.current?.busy) this.current.cancel();
    else this.book?.step(kind);
    this.host.requestCursorRedraw();
  }

  /** Whether there is something to paint with; says so when not. Settles the label for the stroke that begins. */
  private mayPaint(tool: LabelTool): boolean {
    const entry = this.host.classes.find((other) => other.id === this.host.activeClass);
    if (tool !== "eraser" && entry === undefined) {
      this.host.toast("Add a class first: strokes need one.");
      return false;
    }
    if (tool !== "eraser" && !entry!.visible) this.host.toast(`Class “${entry!.name}” is hidden: what you paint does not show.`);
    this.label = tool === "eraser" ? 0 : entry!.id;
    return true;
  }
}
