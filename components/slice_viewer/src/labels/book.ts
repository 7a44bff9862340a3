/**
 * The labels of one volume as this browser knows them: server tiles of the slice on screen, local edits over them, and the way out.
 *
 * It decides what a write, an answer or news from others means for the pixels. `layer.ts` paints into it and shows it.
 */
import { tilesOnPlane } from "../planes";
import type { History, Manifest, Point, SaveState, ServerRequest, TileAddress, ViewerHost } from "../types";
import { EditQueue, type LocalEdit } from "./edits";
import { SliceLoader, type LoaderEvents } from "./loader";
import { openOutbox, type Outbox, type Write } from "./outbox";
import { ruleNow, type PaintRule, type Part } from "./rules";
import { EMPTY, type Spans } from "./spans";
import { Stroke } from "./stroke";
import { BROWSER, Sync, type Surroundings } from "./sync";
import { TileStore, type LabelTile } from "./tiles";
import { Watch, type WatchEvents } from "./watch";
import { newId, type Answer, type ChangedTile, type Problem } from "./wire";

/** What steps that change no pixel are called. */
const STEP_NAMES: Record<string, string> = { merge: "merge", cut: "split", delete_class: "deletion of a class", classes: "change of the classes" };

const BUDGET_BYTES = 256 * 2 ** 20; // of tiles, those out of view included

/** What the server said last, before what is still on its way. */
interface Known {
  annotated: number[];
  history: History;
}

export class LabelBook {
  readonly store: TileStore;
  private stroke: Stroke | null = null;
  private readonly queue = new EditQueue();
  private readonly loader: SliceLoader;
  private readonly watch: Watch;
  private readonly sync: Promise<Sync>;
  private readonly asked = new Set<string>(); // requests, undos and redos of this page life
  private known: Known | null = null;
  private wanted: readonly TileAddress[] = [];
  private heard: SaveState = { state: "saved", pending: 0, message: "" }; // from the outbox
  private readonly impatient: { resolve: () => void; reject: (reason: Error) => void }[] = []; // who waits for `settled`
  private disposed = false;

  constructor(
    private readonly host: ViewerHost,
    private readonly volume: string,
    private readonly manifest: Manifest,
    private readonly around: Surroundings = BROWSER,
  ) {
    const root = `${host.apiRoot}/labels/${volume}`;
    this.store = new TileStore(manifest.levels);
    this.loader = new SliceLoader(this.store, `${root}/${manifest.axis}`, this.loaderEvents(), around.fetch, around.backoffMs(2));
    this.watch = new Watch(root, this.watchEvents(), around.fetch, isSeen, () => host.z);
    this.sync = openOutbox().then((outbox) => this.connect(outbox));
    this.watch.start();
    addEventListener("online", this.retry);
    document.addEventListener("visibilitychange", this.retry);
  }

  get z(): number {
    return this.loader.z;
  }

  get loading(): boolean {
    return !this.loader.covers(this.wanted);
  }

  /** Leave the slice. A stroke under way is finished first: it belongs to the slice it was painted on. */
  setSlice(z: number): void {
    this.commitStroke();
    this.loader.goTo(z);
    this.show(this.wanted); // the same places, most likely; so the labels come together with the image
  }

  /** Say which tiles show; what is missing is fetched, what has not shown for long is dropped. */
  show(wanted: readonly TileAddress[]): void {
    this.wanted = wanted;
    const shown = new Set(wanted.map((address) => this.tile(address)));
    this.loader.ensure(wanted);
    this.store.trim(BUDGET_BYTES, shown);
  }

  /** Class id at an image point as far as tiles are here, the finest first. */
  labelAt(point: Point): number {
    return this.store.labelAt(point);
  }

  /** Begin or go on with a stroke. */
  paint(spans: Spans, label: number): void {
    this.stroke ??= new Stroke(this.z, label, this.ruleFor(label), this.store);
    this.stroke.add(spans);
    this.host.requestRedraw();
  }

  commitStroke(): void {
    const stroke = this.stroke;
    this.stroke = null;
    if (stroke !== null) this.submitEdit(stroke.z, stroke.label, stroke.spans(), stroke.rule);
  }

  discardStroke(): void {
    this.stroke = null;
    this.restore();
  }

  /** Make sorted, disjoint `spans` one edit: on the screen, in the outbox, on its way. */
  submitEdit(z: number, label: number, spans: Spans, rule = this.ruleFor(label), axis = this.manifest.axis): void {
    if (spans.length > 0) this.submit({ ...this.newEdit(z, axis), label, spans, rule });
  }

  /** `submitEdit` of several classes, as one edit. No pixel may be in two parts. */
  submitParts(z: number, parts: readonly Part[], rule = this.ruleFor(Math.max(0, ...parts.map(({ label }) => label))), axis = this.manifest.axis, source?: "live"): void {
    const painted = parts.filter(({ spans }) => spans.length > 0);
    if (painted.length === 0) return;
    const counts = painted.map(({ label, spans }): [number, number] => [label, spans.length / 3]);
    this.submit({ ...this.newEdit(z, axis), spans: joined(painted), parts: counts, rule, source });
  }

  /** Have the server make a change, as one step. */
  request(request: ServerRequest): void {
    this.commitStroke();
    const write: Write = { ...this.newEdit(this.z), kind: "request", request };
    this.asked.add(write.id);
    this.submit(write);
  }

  /** Undo or redo. Goes to the slice it concerns, because a change must be seen. */
  step(kind: "undo" | "redo"): void {
    if (this.history()?.[kind] === 0) {
      this.host.toast(kind === "undo" ? "There is nothing to undo." : "There is nothing to redo.");
      return;
    }
    const write: Write = { id: newId(), volume: this.volume, kind, z: -1, label: 0, spans: EMPTY };
    this.asked.add(write.id);
    this.submit(write);
  }

  /** Resolves when the server has all that was painted here; rejects, in words for the user, when it cannot be reached now. */
  settled(): Promise<void> {
    if (this.queue.waitingCount === 0) return Promise.resolve();
    return new Promise((resolve, reject) => this.impatient.push({ resolve, reject }));
  }

  /** Look at once for what has changed on the server. */
  refresh(): void {
    this.watch.now();
  }

  /** Resolves when nothing of it runs any more. */
  async dispose(): Promise<void> {
    this.commitStroke();
    this.disposed = true;
    this.watch.stop();
    this.loader.cancel();
    removeEventListener("online", this.retry);
    document.removeEventListener("visibilitychange", this.retry);
    await (await this.sync).stop();
  }

  private newEdit(z: number, axis = this.manifest.axis): Write {
    return { id: newId(), volume: this.volume, kind: "edit", axis, z, label: 0, spans: EMPTY };
  }

  private ruleFor(label: number): PaintRule {
    return ruleNow(this.host.overwrite, this.host.classes, label);
  }

  private readonly retry = (): void => {
    if (!isSeen()) return;
    this.watch.now();
    void this.sync.then((sync) => sync.retry());
  };

  /** Take over what earlier page lives left, then let the outbox be sent. */
  private async connect(outbox: Outbox): Promise<Sync> {
    if (!outbox.durable) this.host.error("This browser keeps nothing on disk.", "Close the page only when it says “saved”, or use a normal window.");
    const sync = new Sync(outbox, this.host.apiRoot, this.syncEvents(), this.around);
    for (const write of await outbox.all(this.volume)) this.queue.push(write);
    this.restore();
    await sync.start();
    return sync;
  }

  private loaderEvents(): LoaderEvents {
    return {
      loaded: (tile) => this.dress(tile),
      changed: () => this.arrived(),
      failed: (reason) => this.host.toast(`The labels of slice ${this.z + 1} do not load: ${reason} They are asked for again.`),
    };
  }

  private watchEvents(): WatchEvents {
    return {
      overview: (news) => this.learn(news),
      changes: (news) => this.follow(news),
      present: (present) => this.host.setPresent(present),
      back: () => void this.sync.then((sync) => sync.retry()), // what waits need not wait for its turn
    };
  }

  private syncEvents(): ConstructorParameters<typeof Sync>[2] {
    return {
      acknowledged: (write, answer) => this.acknowledge(write, answer),
      rejected: (write, problem) => this.refuse(write, problem),
      state: (state) => this.showSaved(state),
    };
  }

  /** Say how the writes stand. One that the outbox has not taken in yet is on its way as well. */
  private showSaved(heard = this.heard): void {
    this.heard = heard;
    const pending = this.queue.waitingCount;
    const state: SaveState = heard.state === "saved" && pending > 0 ? { ...heard, state: "pending", pending } : heard;
    this.host.setSaveState(state);
    if (state.state !== "pending") this.answerImpatient(state.state === "saved");
  }

  private answerImpatient(saved: boolean): void {
    for (const { resolve, reject } of this.impatient.splice(0)) {
      if (saved) resolve();
      else reject(new Error("The last strokes have not reached the server yet, and this tool needs them there."));
    }
  }

  private submit(write: Write): void {
    const edit = this.queue.push(write);
    this.showSaved();
    void this.sync.then((sync) => sync.send(write));
    if (write.kind === "edit") this.apply(edit);
    else this.restore();
    if (edit !== null && edit.axis === this.manifest.axis && edit.z !== this.z) this.host.goToSlice(edit.z);
    this.report();
  }

  private apply(edit: LocalEdit | null): void {
    if (edit === null || !this.isHere(edit)) return;
    for (const tile of this.store.all()) tile.paint(edit.at(tile.address.level, this.store.image), edit.rule);
    this.host.requestRedraw();
  }

  private acknowledge(write: Write, answer: Answer): void {
    if (this.disposed || write.volume !== this.volume) return;
    const alone = this.watch.advance(answer.revision) && !answer.duplicate;
    const edit = this.queue.acknowledge(write.id, this.loader.outdateList());
    if (edit !== null) for (const tile of this.store.all()) this.settle(tile, edit);
    // A local edit is on the screen pixel by pixel at level 0; coarser tiles were a guess, and others may have painted as well.
    const painted = write.kind === "edit" && edit !== null && this.isHere(edit);
    if (edit === null || !edit.hidden) this.refetch(answer.changed, painted && alone ? 1 : 0);
    if (answer.classes_changed) this.host.setClassesRevision(answer.revision);
    this.learn(answer);
    this.host.setLabelsRevision(answer.revision);
    if (write.kind !== "edit") this.host.setObjectsRevision(answer.revision);
    this.showStep(write, answer);
  }

  private settle(tile: LabelTile, edit: LocalEdit): void {
    if (this.isHere(edit) && !edit.hidden) tile.settle(edit.at(tile.address.level, this.store.image), edit.rule);
  }

  private showStep({ id, kind }: Write, { changed, of, said }: Answer): void {
    if (!this.asked.delete(id)) return;
    if (kind === "request") return said === "" ? undefined : this.host.toast(`${said} Ctrl+Z takes it back.`);
    if (of === "") this.host.toast(`There was nothing to ${kind}.`);
    else if (changed.length === 0) this.host.toast(`The ${STEP_NAMES[of] ?? "edit"} is ${kind === "undo" ? "taken back" : "done again"}.`);
    else if (this.onScreen(changed).length > 0) return;
    else if (this.manifest.axis === "z") this.host.goToSlice(changed[0][0]);
    else this.host.toast(`The ${kind} changed slice ${changed[0][0] + 1}.`);
  }

  /** Tiles of the plane on the screen that changed tiles of slices meet. */
  private onScreen(changed: readonly ChangedTile[]): [number, number][] {
    return tilesOnPlane(this.manifest.axis, this.z, this.manifest.tile_px, changed);
  }

  private isHere(edit: LocalEdit): boolean {
    return edit.axis === this.manifest.axis && edit.z === this.z;
  }

  private refuse(write: Write, problem: Problem): void {
    if (this.disposed || write.volume !== this.volume) return;
    this.queue.refuse(write.id);
    this.restore();
    this.report();
    this.host.error(`The ${nameOf(write)} was not accepted: ${problem.message}`, problem.hint);
  }

  private follow(news: { revision: number; changed: ChangedTile[]; classes_changed: boolean } & Known): void {
    this.refetch(news.changed, 0);
    if (news.classes_changed) this.host.setClassesRevision(news.revision);
    this.learn(news);
    this.host.setLabelsRevision(news.revision);
  }

  private refetch(changed: readonly ChangedTile[], fromLevel: number): void {
    const here = this.onScreen(changed);
    if (here.length > 0) this.loader.invalidate(here, fromLevel);
    this.host.requestRedraw();
  }

  private learn({ annotated, history }: Known): void {
    this.known = { annotated, history };
    this.report();
  }

  private history(): History | null {
    return this.known === null ? null : this.queue.project(this.known.history);
  }

  private report(): void {
    if (this.known === null || this.disposed) return;
    const slices = new Set([...this.known.annotated, ...this.queue.paintedSlices()]);
    this.host.setAnnotated([...slices].sort((a, b) => a - b));
    this.host.setHistory(this.queue.project(this.known.history));
  }

  /** A tile in use; a new one shows what is only known here until the server's pixels come. */
  private tile(address: TileAddress): LabelTile {
    const isNew = this.store.find(address) === undefined;
    const tile = this.store.use(address);
    if (isNew) this.dress(tile);
    return tile;
  }

  /** Put on a tile what the server did not have when it was asked for its pixels. */
  private dress(tile: LabelTile): void {
    tile.restore(this.queue.over(this.manifest.axis, this.z, tile.since), this.store.image);
    this.stroke?.paintOn(tile);
  }

  private restore(): void {
    for (const tile of this.store.all()) this.dress(tile);
    this.host.requestRedraw();
  }

  private arrived(): void {
    this.queue.prune(this.loader.oldest());
    this.host.requestRedraw();
  }
}

/** What a write is called in a message. */
function nameOf({ kind, axis, z, request }: Write): string {
  if (kind !== "edit") return request?.what ?? kind;
  return `stroke on ${axis === "y" || axis === "x" ? "plane" : "slice"} ${z + 1}`;
}

/** The spans of all parts, one part after the other. */
function joined(parts: readonly Part[]): Spans {
  const spans = new Int32Array(parts.reduce((length, part) => length + part.spans.length, 0));
  let start = 0;
  for (const part of parts) {
    spans.set(part.spans, start);
    start += part.spans.length;
  }
  return spans;
}

function isSeen(): boolean {
  return document.visibilityState === "visible";
}
