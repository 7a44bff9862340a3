/**
 * Spans: the one currency of painting. Every tool makes them, tiles are painted with them, the server receives them.
 *
 * A span is a run of pixels of one row. `Spans` holds triples (y, xa, xb), half-open, in full-resolution pixels.
 * This file knows unions and clipping; `raster.ts` makes spans from shapes, `levels.ts` takes them to coarser levels.
 */

import type { Rect } from "../types";

export type Spans = Int32Array;

export const EMPTY: Spans = new Int32Array(0);

export function isEmptyRect(rect: Rect): boolean {
  return rect.x0 >= rect.x1 || rect.y0 >= rect.y1;
}

export function intersect(a: Rect, b: Rect): Rect {
  return { x0: Math.max(a.x0, b.x0), y0: Math.max(a.y0, b.y0), x1: Math.min(a.x1, b.x1), y1: Math.min(a.y1, b.y1) };
}

/** The smallest rectangle around both; `null` stands for nothing. */
export function around(a: Rect | null, b: Rect): Rect {
  if (a === null) return b;
  return { x0: Math.min(a.x0, b.x0), y0: Math.min(a.y0, b.y0), x1: Math.max(a.x1, b.x1), y1: Math.max(a.y1, b.y1) };
}

/** The part of `spans` inside `rect`; a new array. */
export function clip(spans: Spans, rect: Rect): Spans {
  const kept: number[] = [];
  for (let i = 0; i < spans.length; i += 3) {
    const y = spans[i];
    if (y < rect.y0 || y >= rect.y1) continue;
    const xa = Math.max(spans[i + 1], rect.x0);
    const xb = Math.min(spans[i + 2], rect.x1);
    if (xa < xb) kept.push(y, xa, xb);
  }
  return Int32Array.from(kept);
}

/** The pixels of `area` that are not in `spans`, sorted and disjoint. */
export function complement(spans: Spans, area: Rect): Spans {
  const set = new SpanSet();
  set.add(clip(spans, area));
  const flat: number[] = [];
  for (let y = area.y0; y < area.y1; y++) {
    const ends = [area.x0, ...set.within({ ...area, y0: y, y1: y + 1 }).filter((_, i) => i % 3 > 0), area.x1];
    for (let i = 0; i < ends.length; i += 2) if (ends[i] < ends[i + 1]) flat.push(y, ends[i], ends[i + 1]);
  }
  return Int32Array.from(flat);
}

/** The rectangle around `spans`, or null when there are none. */
export function bounds(spans: Spans): Rect | null {
  let rect: Rect | null = null;
  for (let i = 0; i < spans.length; i += 3) {
    rect = around(rect, { x0: spans[i + 1], y0: spans[i], x1: spans[i + 2], y1: spans[i] + 1 });
  }
  return rect;
}

/** The same pixels as sorted, disjoint spans that do not even touch. */
export function union(spans: Spans): Spans {
  const set = new SpanSet();
  set.add(spans);
  return set.toSpans();
}

/** Growing set of pixels, kept as merged runs per row: what a brush stroke has covered so far. */
export class SpanSet {
  // y -> flat [xa, xb, xa, xb, ...], ascending, with gaps between the runs
  private readonly rows = new Map<number, number[]>();

  get isEmpty(): boolean {
    return this.rows.size === 0;
  }

  add(spans: Spans): void {
    for (let i = 0; i < spans.length; i += 3) this.addSpan(spans[i], spans[i + 1], spans[i + 2]);
  }

  addSpan(y: number, xa: number, xb: number): void {
    const runs = this.rows.get(y);
    if (runs === undefined) {
      this.rows.set(y, [xa, xb]);
      return;
    }
    insertRun(runs, xa, xb);
  }

  /** All pixels, sorted by row then column. */
  toSpans(): Spans {
    const ys = [...this.rows.keys()].sort((a, b) => a - b);
    const flat: number[] = [];
    for (const y of ys) pushRuns(flat, y, this.rows.get(y)!);
    return Int32Array.from(flat);
  }

  /** The pixels inside `rect`, in time proportional to its rows. */
  within(rect: Rect): Spans {
    const flat: number[] = [];
    for (let y = rect.y0; y < rect.y1; y++) {
      const runs = this.rows.get(y);
      if (runs !== undefined) pushRuns(flat, y, runs, rect.x0, rect.x1);
    }
    return Int32Array.from(flat);
  }
}

/** Merge [xa, xb) into the ascending `runs`, in place. Runs that touch become one. */
function insertRun(runs: number[], xa: number, xb: number): void {
  let first = 0;
  while (first < runs.length && runs[first + 1] < xa) first += 2;
  let last = first;
  while (last < runs.length && runs[last] <= xb) last += 2;
  if (last === first) {
    runs.splice(first, 0, xa, xb);
    return;
  }
  runs[first] = Math.min(runs[first], xa);
  runs[first + 1] = Math.max(runs[last - 1], xb);
  if (last > first + 2) runs.splice(first + 2, last - first - 2);
}

function pushRuns(flat: number[], y: number, runs: number[], x0 = -Infinity, x1 = Infinity): void {
  for (let i = 0; i < runs.length; i += 2) {
    const xa = Math.max(runs[i], x0);
    const xb = Math.min(runs[i + 1], x1);
    if (xa < xb) flat.push(y, xa, xb);
  }
}
