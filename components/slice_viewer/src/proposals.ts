/**
 * Labels proposed through the stack: ordered, looked at slice by slice, accepted or rejected.
 *
 * What waits is kept by the server (docs/contracts.md, "Proposals") and stored as labels only when it is accepted. This tells the page
 * what there is and carries decisions; `hatch.ts` says how it looks, `ui/ProposalBar.tsx` has the buttons.
 */
import type { Engine } from "./engine";
import { csrfToken, newId, readProblem } from "./labels/wire";
import { Store, update } from "./store";
import type { LabelLayer } from "./types";

const LOOK_MS = 300; // while the server works on an order

export type Decision = "open" | "accepted" | "rejected";

/** What the page asks for: a way to find labels, and its values as docs/contracts.md has them. */
export type StackOrder = Readonly<{ method: string } & Record<string, unknown>>;

/** A proposal that is there. */
export interface Waiting {
  readonly id: string;
  readonly method: string;
  readonly note: string;
  /** Of every slice that proposes something, ascending. */
  readonly decisions: ReadonlyMap<number, Decision>;
}

export interface Proposed {
  /** The server is at work on an order; `found` once `waiting` is what has come of it so far. */
  readonly working: { readonly done: number; readonly total: number; readonly found: boolean } | null;
  readonly waiting: Waiting | null;
  /** A decision is on its way. */
  readonly busy: boolean;
}

export const NOTHING: Proposed = { working: null, waiting: null, busy: false };

interface News {
  state: "none" | "working" | "ready";
  done?: number;
  total?: number;
  id?: string;
  method?: string;
  note?: string;
  slices?: [number, Decision][];
  error: string;
}

/** Slices with one decision. */
export function slicesOf({ decisions }: Waiting, decision: Decision): number[] {
  return [...decisions].filter(([, made]) => made === decision).map(([z]) => z);
}

/** The open slice to go on with after `z`: the next one up, else the nearest below; null when none is left. */
export function nextOpen(waiting: Waiting, z: number): number | null {
  const open = slicesOf(waiting, "open");
  return open.find((other) => other > z) ?? open.findLast((other) => other < z) ?? (open.includes(z) ? z : null);
}

export class StackProposals {
  readonly state = new Store<Proposed>(NOTHING);
  private volume: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly main: Engine) {
    main.shell.subscribe(() => this.follow());
  }

  get isWaiting(): boolean {
    return this.state.get().waiting !== null;
  }

  /** Where its tiles are below the API's root; null while nothing waits. */
  get root(): string | null {
    const { waiting } = this.state.get();
    return waiting === null ? null : `proposals/${this.volume}/${waiting.id}`;
  }

  /** Ask for labels; what waits stays until there is something new. */
  order(order: StackOrder): Promise<void> {
    return this.tell("", { z: this.main.host.z, ...order }, () => this.visit());
  }

  accept(): Promise<void> {
    return this.decide("accept", "accepted");
  }

  reject(): Promise<void> {
    return this.decide("reject", "rejected");
  }

  /** Take back a decision; labels that were accepted stay until they are undone. */
  reopen(): Promise<void> {
    return this.decide("reopen", "open");
  }

  /** Accept every slice that is still open, as one edit. */
  acceptAll(): Promise<void> {
    const { waiting } = this.state.get();
    const open = waiting === null ? [] : slicesOf(waiting, "open");
    return open.length === 0 ? this.refuse("No slice of a proposal is open.") : this.send("accept", open);
  }

  /** End the work on an order; what it has found so far stays. */
  stop(): Promise<void> {
    return this.tell("/stop", {});
  }

  /** Forget the proposal, and end the work on it. */
  discard(): Promise<void> {
    const { waiting, working } = this.state.get();
    return waiting === null && working === null ? this.refuse("There is no proposal.") : this.tell("/discard", {});
  }

  /** Go to the next open slice, unless this one is. */
  visit(): void {
    const { waiting } = this.state.get();
    const { z } = this.main.host;
    const next = waiting === null || waiting.decisions.get(z) === "open" ? null : nextOpen(waiting, z);
    if (next !== null) this.goTo(next);
  }

  private async decide(word: "accept" | "reject" | "reopen", decision: Decision): Promise<void> {
    const { waiting } = this.state.get();
    const { z } = this.main.host;
    const made = waiting?.decisions.get(z);
    if (waiting === null || made === undefined) return this.refuse(waiting === null ? "There is no proposal." : `Nothing is proposed for slice ${z + 1}.`);
    if (made === decision) return this.refuse(`Slice ${z + 1} is ${decision} already.`);
    await this.send(word, [z]);
    const after = this.state.get().waiting;
    const next = after === null ? null : nextOpen(after, z);
    if (after?.decisions.get(z) === decision && next !== null && this.main.host.z === z) this.goTo(next);
  }

  /** Carry a decision to the server. Strokes come first: they were there before it. */
  private async send(word: string, slices: readonly number[]): Promise<void> {
    if (this.state.get().busy) return;
    const { id } = this.state.get().waiting!;
    const layer: LabelLayer | null = this.main.labels;
    update(this.state, { busy: true });
    try {
      await layer?.settled();
      await this.tell(`/${id}/${word}`, { slices, edit: newId() });
      layer?.refresh();
    } catch (error) {
      this.main.host.error((error as Error).message, "The proposal is still there.");
    } finally {
      update(this.state, { busy: false });
    }
  }

  private refuse(words: string): Promise<void> {
    this.main.host.toast(words);
    return Promise.resolve();
  }

  private goTo(z: number): void {
    this.main.goToVoxel({ ...this.main.shell.get().position, z });
  }

  /** Another volume may have a proposal of its own, made before the page was loaded. */
  private follow(): void {
    const volume = this.main.shell.get().base?.id ?? null;
    if (volume === this.volume) return;
    this.volume = volume;
    clearTimeout(this.timer);
    this.state.set(NOTHING);
    if (volume !== null) void this.look();
  }

  private async look(done?: () => void): Promise<void> {
    const { volume } = this;
    try {
      const response = await fetch(this.url(""));
      const news = (await response.json()) as News; // an unread answer would hold its connection
      if (response.ok) this.hear(volume, news, done);
    } catch {
      if (this.state.get().working !== null) this.again(done); // the outbox tells when the server is gone
    }
  }

  private async tell(path: string, body: object, done?: () => void): Promise<void> {
    const { volume } = this;
    const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken(document.cookie) };
    try {
      const response = await fetch(this.url(path), { method: "POST", headers, body: JSON.stringify(body) });
      if (response.ok) return this.hear(volume, (await response.json()) as News, done);
      const { message, hint } = await readProblem(response);
      this.main.host.error(message, hint);
    } catch {
      this.main.host.error("The server cannot be reached.", "Nothing was changed; try again when it can.");
    }
    return this.look();
  }

  /** `done` is called once something has come of an order. */
  private hear(volume: string | null, news: News, done?: () => void): void {
    if (volume !== this.volume) return;
    if (news.error !== "") this.main.host.error(news.error, "");
    const waiting = news.id === undefined ? null : { id: news.id, method: news.method!, note: news.note!, decisions: new Map(news.slices) };
    const isAtWork = news.state === "working";
    if (isAtWork) update(this.state, { working: { done: news.done!, total: news.total!, found: waiting !== null }, ...(waiting !== null && { waiting }) });
    else update(this.state, { working: null, waiting });
    if (waiting !== null && news.error === "") done?.();
    if (isAtWork) this.again(waiting === null ? done : undefined);
  }

  private again(done?: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(done), LOOK_MS);
  }

  private url(path: string): string {
    return `${this.main.apiRoot}/proposals/${this.volume}${path}`;
  }
}
