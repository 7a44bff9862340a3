/**
 * Edits that are on the screen before the server has them, and what queued undos make of them.
 *
 * A tile shows its server pixels with these edits painted over it, in order. An edit leaves when it is acknowledged and no tile
 * asked for before that can still arrive without it.
 */
import type { History, PlaneAxis, Rect } from "../types";
import { coarsen, type Coarse } from "./levels";
import { partsOf, type Write, type WriteKind } from "./outbox";
import { FREE, type Part, type PaintRule } from "./rules";

/** What a part paints at one level. */
export interface CoarsePart {
  label: number;
  coarse: Coarse;
}

/** One local edit, without parts a request; coarse forms are worked out once a level. Its parts do not overlap, their spans are sorted and disjoint. */
export class LocalEdit {
  hidden = false; // a queued undo has taken it back
  acknowledgedAt: number | null = null; // on the clock of tile requests
  private readonly coarse = new Map<number, CoarsePart[]>();

  constructor(
    readonly id: string,
    readonly axis: PlaneAxis,
    readonly z: number,
    readonly parts: readonly Part[],
    readonly rule: PaintRule = FREE,
  ) {}

  get labels(): boolean {
    return this.parts.some(({ label }) => label > 0);
  }

  at(level: number, image: Rect): readonly CoarsePart[] {
    let coarse = this.coarse.get(level);
    if (coarse === undefined) {
      coarse = this.parts.map(({ label, spans }) => ({ label, coarse: coarsen(spans, level, image) }));
      this.coarse.set(level, coarse);
    }
    return coarse;
  }
}

/** The local edits of one volume, in the order the server will see them. */
export class EditQueue {
  private edits: LocalEdit[] = [];
  private waiting: { id: string; kind: WriteKind }[] = [];
  private readonly answered = new Set<string>(); // ids, lest news that outruns the outbox's contents be missed
  private undone: (LocalEdit | null)[] = []; // what a redo would put back; null: only the server knows

  /** How many writes are still on their way. */
  get waitingCount(): number {
    return this.waiting.length;
  }

  /** Edits to paint over a tile of plane `z` whose server pixels were asked for at `since`. */
  over(axis: PlaneAxis, z: number, since: number): LocalEdit[] {
    const missing = (edit: LocalEdit): boolean => edit.acknowledgedAt === null || edit.acknowledgedAt > since;
    return this.edits.filter((edit) => edit.axis === axis && edit.z === z && !edit.hidden && missing(edit));
  }

  /** Take in a write just made, or found in the outbox. Returns the edit whose look it changes, if that is known here. */
  push(write: Write): LocalEdit | null {
    if (this.answered.has(write.id)) return null;
    this.waiting.push({ id: write.id, kind: write.kind });
    if (write.kind === "edit" || write.kind === "request") return this.pushEdit(write);
    const target = write.kind === "undo" ? this.lastShown() : (this.undone.pop() ?? null);
    if (write.kind === "undo") this.undone.push(target);
    if (target !== null) target.hidden = write.kind === "undo";
    return target;
  }

  /** The server has the write. Returns the edit it was, if it is one of ours. */
  acknowledge(id: string, now: number): LocalEdit | null {
    this.forget(id);
    const edit = this.edits.find((other) => other.id === id) ?? null;
    if (edit !== null) edit.acknowledgedAt = now;
    return edit;
  }

  /** The server refused the write: it must not show. */
  refuse(id: string): void {
    this.forget(id);
    this.edits = this.edits.filter((edit) => edit.id !== id);
  }

  /** What the server's `history` becomes once everything waiting has arrived. */
  project(history: History): History {
    let { undo, redo } = history;
    for (const { kind } of this.waiting) {
      if (kind === "edit" || kind === "request") [undo, redo] = [undo + 1, 0];
      else if (kind === "undo" && undo > 0) [undo, redo] = [undo - 1, redo + 1];
      else if (kind === "redo" && redo > 0) [undo, redo] = [undo + 1, redo - 1];
    }
    return { undo, redo };
  }

  /** Slices that the waiting edits paint on. */
  paintedSlices(): number[] {
    const painted = this.edits.filter((edit) => edit.axis === "z" && !edit.hidden && edit.labels && edit.acknowledgedAt === null);
    return painted.map((edit) => edit.z);
  }

  /** Forget acknowledged edits that no tile asked for at `oldest` or later can miss. */
  prune(oldest: number): void {
    this.edits = this.edits.filter((edit) => edit.acknowledgedAt === null || edit.acknowledgedAt > oldest);
  }

  private forget(id: string): void {
    this.answered.add(id);
    this.waiting = this.waiting.filter((write) => write.id !== id);
  }

  private pushEdit(write: Write): LocalEdit {
    const parts = write.kind === "edit" ? partsOf(write) : []; // what a request paints, only the server knows
    const edit = new LocalEdit(write.id, write.axis ?? "z", write.z, parts, write.rule);
    this.edits.push(edit);
    this.undone = [];
    return edit;
  }

  /** What an undo would take back, if it is still on its way. */
  private lastShown(): LocalEdit | null {
    return this.edits.findLast((edit) => !edit.hidden && edit.acknowledgedAt === null) ?? null;
  }
}
