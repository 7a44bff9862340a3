/** What the tools may do, done: spans become edits of the book, questions go to the server, words to the user. */
import { toleranceOf, type Combine, type ProposalState, type ToolSettings } from "../settings";
import { askServer, type Answer, type Place, type Question, type ServerTool } from "../tools/server";
import type { Easel } from "../tools/tool";
import type { LabelTool, PlaneAxis, Point, Rect, ResultChoice, ViewerHost } from "../types";
import type { LabelBook } from "./book";
import { ruleNow, type PaintRule, type Part } from "./rules";
import { complement, intersect, union, type Spans } from "./spans";

const ERASED_COLOR = "#ffffff";
/** They must see on the server what was painted a moment ago. */
const READS_LABELS: readonly ServerTool[] = ["fill", "watershed", "random_walker", "grabcut", "refine", "copy"];

export class BookEasel implements Easel {
  area: Rect = { x0: 0, y0: 0, x1: 0, y1: 0 };
  private label = 0; // of the stroke or shape under way

  constructor(
    private readonly host: ViewerHost,
    private readonly open: () => LabelBook | null,
  ) {}

  /** Settle the label of the stroke that begins. False when there is nothing to paint with; the user is told. */
  settleLabel(tool: LabelTool): boolean {
    const entry = this.host.classes.find((other) => other.id === this.host.activeClass);
    if (tool !== "eraser" && entry === undefined) {
      this.host.toast("Add a class first: strokes need one.");
      return false;
    }
    if (tool !== "eraser" && !entry!.visible) this.host.toast(`Class “${entry!.name}” is hidden: what you paint does not show.`);
    this.label = tool === "eraser" ? 0 : entry!.id;
    return true;
  }

  get view(): Rect {
    const { x0, y0, x1, y1 } = this.host.camera.view();
    return intersect(this.area, { x0: Math.floor(x0), y0: Math.floor(y0), x1: Math.ceil(x1), y1: Math.ceil(y1) });
  }

  get radius(): number {
    return Math.max(0.5, this.host.brushRadius);
  }

  get color(): string {
    return this.colorOf(this.host.activeClass ?? 0);
  }

  get settings(): ToolSettings {
    return this.host.settings;
  }

  get tolerance(): number {
    return toleranceOf(this.host.settings, this.host.manifest);
  }

  paint(spans: Spans): void {
    this.open()?.paint(spans, this.label);
  }

  commitStroke(): void {
    this.open()?.commitStroke();
  }

  discardStroke(): void {
    this.open()?.discardStroke();
  }

  commit(spans: Spans, combine: Combine = "add"): void {
    const [book, label] = [this.open(), this.chosen];
    if (combine === "add") book?.submitEdit(book.z, label, union(spans));
    else book?.submitEdit(book.z, 0, combine === "subtract" ? union(spans) : complement(spans, this.area), this.only(label));
  }

  commitBehind(spans: Spans): void {
    const book = this.open();
    book?.submitEdit(book.z, this.chosen, union(spans), this.only("empty"));
  }

  commitParts(parts: readonly Part[]): void {
    const book = this.open();
    if (book !== null) this.commitOn(book.z, parts);
  }

  /** Make `parts` one edit of plane `z`. */
  commitOn(z: number, parts: readonly Part[]): void {
    this.open()?.submitParts(z, parts.map(({ label, spans }) => ({ label, spans: union(spans) })));
  }

  get result(): ResultChoice | null {
    return this.host.result;
  }

  resultAt(point: Point): number {
    return this.host.resultAt(point);
  }

  accept(parts: readonly Part[]): void {
    const book = this.open();
    if (book !== null) this.acceptOn(this.host.manifest.axis, book.z, parts);
  }

  /** Make parts of the result labels of plane `z` of `axis`, as one edit. */
  acceptOn(axis: PlaneAxis, z: number, parts: readonly Part[]): void {
    const merged = parts.map(({ label, spans }) => ({ label, spans: union(spans) }));
    this.open()?.submitParts(z, merged, ruleNow(this.host.settings.acceptOver, this.host.classes, 1), axis);
  }

  /** Make parts of the live prediction labels of plane `z` of `axis` where nothing is painted, as one edit. */
  fillIn(axis: PlaneAxis, z: number, parts: readonly Part[]): void {
    this.open()?.submitParts(z, parts, ruleNow("empty", this.host.classes, 1), axis, "live");
  }

  takeAway(part: Part): void {
    const book = this.open();
    if (book !== null) this.takeAwayOn(this.host.manifest.axis, book.z, part);
  }

  takeAwayOn(axis: PlaneAxis, z: number, { label, spans }: Part): void {
    this.open()?.submitEdit(z, 0, union(spans), this.only(label), axis);
  }

  async ask(tool: ServerTool, question: Question, signal: AbortSignal): Promise<Answer> {
    const place = this.place();
    if (READS_LABELS.includes(tool)) await this.open()?.settled();
    signal.throwIfAborted();
    return askServer(tool, place, question, signal);
  }

  proposeFill(point: Point, tolerance: number | null): void {
    const { x0, y0, x1, y1 } = this.view;
    const [y, x] = [Math.floor(point.y), Math.floor(point.x)];
    if (this.host.manifest.axis !== "z") return this.toast("Fill through the stack begins on the XY plane.");
    if (y < y0 || y >= y1 || x < x0 || x >= x1) return this.toast("Click into the image.");
    const order = { method: "fill_stack", y, x, label: this.chosen, tolerance, box: [y0, x0, y1, x1], reach: this.host.settings.fillReach };
    void this.open()?.settled().then(() => this.host.order(order), (error: Error) => this.toast(error.message));
  }

  pick(point: Point): void {
    const label = this.open()?.labelAt(point) ?? 0;
    if (this.host.classes.some(({ id }) => id === label)) this.host.setActiveClass(label);
    else this.host.toast("There is no label here.");
  }

  changeSettings(changes: Partial<ToolSettings>): void {
    this.host.changeSettings(changes);
  }

  propose(state: ProposalState): void {
    this.host.setProposal(state);
  }

  toast(message: string): void {
    this.host.toast(message);
  }

  redraw(): void {
    this.host.requestCursorRedraw();
  }

  colorOf(label: number): string {
    return this.host.classes.find(({ id }) => id === label)?.color ?? ERASED_COLOR;
  }

  valueAt(point: Point): number | null {
    return this.host.valueAt(point);
  }

  distance(a: Point, b: Point): number {
    const { scale, aspect, pixelRatio } = this.host.camera;
    return (Math.hypot(a.x - b.x, (a.y - b.y) * aspect) * scale) / pixelRatio;
  }

  /** Shapes take the class that is chosen when they close: a polygon may be long under way. */
  private get chosen(): number {
    return this.host.activeClass ?? this.label;
  }

  /** The rule of an edit that concerns only pixels of one class, or only those without a label. */
  private only(overwrite: PaintRule["overwrite"]): PaintRule {
    return { ...ruleNow("all", this.host.classes, 0), overwrite };
  }

  private place(): Place {
    const { apiRoot, volume, manifest } = this.host;
    return { url: `${apiRoot}/tools/${volume}`, axis: manifest.axis, index: this.open()?.z ?? 0, box: this.view, label: this.chosen };
  }
}
