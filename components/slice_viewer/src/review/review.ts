/**
 * Goes through the pieces or slices of a result, the least sure first: shows each, and accepts, rejects or skips it.
 *
 * The server reads the result slice by slice and lists what it has found so far; `queue.ts` says which item is next, `memory.ts`
 * keeps what was decided. Accepting is an edit of the label layer like any other.
 */
import type { Engine } from "../engine";
import { readProblem } from "../labels/wire";
import { Store, update } from "../store";
import { wordsOf } from "../tools/asker";
import { askServer, type Answer } from "../tools/server";
import { recall, remember, type Aim } from "./memory";
import { zoomFor } from "./look";
import { nextItem, placeOf, readItems, tally, without, type Decision, type Decisions, type Item, type WireQueue } from "./queue";

const POLL_MS = 1000;
const RETRY_MS = 5000;
const PATIENCE_MS = 2500; // a small result is read by then, so that its review begins with what it is least sure of

export interface ReviewState {
  /** What is known of the result; null before the first answer. */
  queue: Omit<WireQueue, "items" | "columns"> | null;
  items: readonly Item[];
  decisions: Decisions;
  /** What is looked at; null: all are seen, or none has come yet. */
  item: Item | null;
  /** The pixels of `item`, as classes of the volume; null while they are on their way. */
  answer: Answer | null;
  /** `item` is accepted and being corrected. */
  fixing: boolean;
  /** What went wrong, in words. */
  problem: string;
}

const BEGINNING: ReviewState = { queue: null, items: [], decisions: {}, item: null, answer: null, fixing: false, problem: "" };

export class Review {
  readonly state: Store<ReviewState>;
  private readonly stop = new AbortController();
  private readonly trail: Item[] = []; // items left, the latest last
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ahead: { key: string; answer: Promise<Answer> } | null = null;
  private readonly begun = performance.now();
  private acting = false; // an acceptance waits for its pixels

  constructor(
    private readonly engine: Engine,
    private readonly aim: Aim,
    private readonly left: () => void,
  ) {
    this.state = new Store<ReviewState>({ ...BEGINNING, decisions: recall(aim) });
    void this.poll();
  }

  /** "12 of 240", by the item on the screen. */
  get place(): number {
    const { item, items, decisions } = this.state.get();
    return item === null ? items.length : placeOf(item, items, decisions);
  }

  get counts(): Record<Decision, number> {
    const { items, decisions } = this.state.get();
    return tally(items, decisions);
  }

  get byPieces(): boolean {
    return this.aim.by === "pieces";
  }

  /** Whether the slice of the item is on the screen; a review goes slice by slice, and one may look at other planes meanwhile. */
  get inView(): boolean {
    const { axis, slice } = this.engine.shell.get();
    return axis === "z" && slice === this.state.get().item?.z;
  }

  /** The result is being read, and not for long: what it is least sure of may be still to come. */
  get isEarly(): boolean {
    return this.state.get().queue?.state === "reading" && performance.now() - this.begun < PATIENCE_MS;
  }

  dispose(): void {
    this.stop.abort();
    clearTimeout(this.timer);
  }

  leave(): void {
    this.left();
  }

  /** Make the item labels and go on; go on at once where it is being corrected already. */
  async accept(): Promise<void> {
    if (this.state.get().fixing) return this.goOn();
    if (await this.take()) this.decide("accepted");
  }

  /** Make the item labels, and stay with the brush. */
  async fix(): Promise<void> {
    const { item, fixing } = this.state.get();
    const taken = fixing ? null : await this.take();
    if (item === null || !taken) return;
    this.record(item, "fixed");
    update(this.state, { fixing: true });
    if (taken.parts.length > 0) this.engine.choices.setActiveClass(taken.parts[0].label);
    if (!this.inView) this.visit(item); // they are corrected where they are judged
    this.engine.choices.setTool("brush");
  }

  /** Leave the item out; what of it has been accepted before is taken away. */
  async reject(): Promise<void> {
    const { item, decisions } = this.state.get();
    const was = item === null ? undefined : decisions[item.key];
    if (item === null || ((was === "accepted" || was === "fixed") && !(await this.take({ away: true })))) return;
    this.decide("rejected");
  }

  skip(): void {
    const { item, decisions } = this.state.get();
    if (item === null || this.acting) return;
    if (decisions[item.key] === undefined) this.decide("skipped");
    else this.goOn();
  }

  /** Go back to the item before; its decision stands until another is made. */
  back(): void {
    const item = this.acting ? undefined : this.trail.pop();
    if (item !== undefined) this.show(item);
  }

  get canGoBack(): boolean {
    return this.trail.length > 0;
  }

  /** Look again at what was skipped. */
  again(): void {
    this.change(without(this.state.get().decisions, "skipped"));
    this.goOn();
  }

  /** Show the item once more after the view has been moved. */
  look(): void {
    const { item } = this.state.get();
    if (item !== null) this.visit(item);
  }

  // ---- the queue ----

  private async poll(): Promise<void> {
    const { job, by, classes, least } = this.aim;
    const asked = new URLSearchParams({ by, classes: classes.join(","), least: String(least) });
    try {
      const response = await fetch(`${this.engine.apiRoot}/results/${job}/review?${asked}`, { signal: this.stop.signal });
      if (response.ok) this.hear((await response.json()) as WireQueue);
      else this.fail(`${(await readProblem(response)).message}`);
    } catch {
      if (!this.stop.signal.aborted) this.fail("The server cannot be reached. It is asked again by itself.");
    }
  }

  private hear(told: WireQueue): void {
    const { items, columns, ...queue } = told;
    update(this.state, { queue, items: readItems({ items, columns }), problem: queue.problem });
    if (this.state.get().item === null && !this.isEarly) this.goOn();
    if (queue.state !== "ready") this.pollIn(queue.state === "failed" ? RETRY_MS : POLL_MS);
  }

  private fail(problem: string): void {
    update(this.state, { problem });
    this.pollIn(RETRY_MS);
  }

  private pollIn(ms: number): void {
    clearTimeout(this.timer);
    if (!this.stop.signal.aborted) this.timer = setTimeout(() => void this.poll(), ms);
  }

  // ---- items ----

  private decide(decision: Decision): void {
    const { item } = this.state.get();
    if (item === null) return;
    this.record(item, decision);
    this.goOn();
  }

  private record(item: Item, decision: Decision): void {
    this.change({ ...this.state.get().decisions, [item.key]: decision });
  }

  private change(decisions: Decisions): void {
    update(this.state, { decisions });
    remember(this.aim, decisions);
  }

  private goOn(): void {
    const { item, items, decisions } = this.state.get();
    const next = nextItem(items, decisions);
    if (item !== null) this.trail.push(item);
    if (next === null) update(this.state, { item: null, answer: null, fixing: false });
    else this.show(next);
  }

  private show(item: Item): void {
    update(this.state, { item, answer: null, fixing: false, problem: this.state.get().queue?.problem ?? "" });
    this.visit(item);
    void this.fetchPixels(item);
  }

  private visit({ z, box, label }: Item): void {
    const { engine } = this;
    if (label === 0) {
      engine.setAxis("z");
      engine.goTo(z);
      return engine.view.fit();
    }
    const middle = { z, x: Math.floor((box.x0 + box.x1) / 2), y: Math.floor((box.y0 + box.y1) / 2) };
    engine.view.showPlace({ axis: "z", voxel: middle, zoom: zoomFor(box, engine.camera.get()) });
  }

  /** Bring the pixels of the item on the screen, then those of the next, so that they are there in time. */
  private async fetchPixels(item: Item): Promise<void> {
    try {
      const answer = await this.pixels(item);
      if (this.state.get().item !== item) return;
      update(this.state, { answer });
      this.lookAhead();
    } catch (error) {
      if (this.state.get().item === item && !this.stop.signal.aborted) update(this.state, { problem: wordsOf(error) });
    }
  }

  private lookAhead(): void {
    const { item, items, decisions } = this.state.get();
    const next = nextItem(items.filter((other) => other !== item), decisions);
    if (next === null) return;
    const answer = this.pixels(next);
    answer.catch(() => undefined); // it is asked again when its turn comes
    this.ahead = { key: next.key, answer };
  }

  private pixels(item: Item): Promise<Answer> {
    if (this.ahead?.key === item.key) return this.ahead.answer;
    const { apiRoot, manifest } = this.engine;
    const { job, classes } = this.aim;
    const place = { url: `${apiRoot}/tools/${manifest.id}`, axis: "z", index: item.z, box: item.box, label: 0 } as const;
    const isSlice = item.label === 0;
    const options = isSlice ? { job, classes, whole: true } : { job, classes: [item.label] };
    return askServer("accept", place, { points: isSlice ? [] : [item.seed], options }, this.stop.signal);
  }

  /** Hand the pixels of the item to the label layer, once they are here; null when they do not come. */
  private async take(how = { away: false }): Promise<Answer | null> {
    const { item } = this.state.get();
    if (item === null || this.acting) return null;
    if (!this.engine.mayEdit() || this.engine.labels === null) return null;
    this.acting = true;
    try {
      const answer = this.state.get().answer ?? (await this.pixels(item));
      this.engine.labels.accept(item.z, answer.parts, how);
      return answer;
    } catch (error) {
      this.ahead = null;
      return this.refuse(wordsOf(error));
    } finally {
      this.acting = false;
    }
  }

  private refuse(problem: string): null {
    update(this.state, { problem });
    return null;
  }
}
