/**
 * Spans at coarser levels. A level-L pixel shows the greatest class id of its 2^L x 2^L block (docs/contracts.md), so painting a
 * block wholly settles its pixel, and painting it in part can only raise it. The server's tile replaces the guess afterwards.
 */
import type { Rect } from "../types";
import { SpanSet, type Spans } from "./spans";

/** `touched`: blocks with a painted pixel; `full`: blocks with every pixel painted. Both in level-L pixels. */
export interface Coarse {
  touched: Spans;
  full: Spans;
}

/** `rect` grown to whole blocks of level `level`, but not beyond the image. */
export function alignToBlocks(rect: Rect, level: number, image: Rect): Rect {
  const block = 2 ** level;
  return {
    x0: Math.max(image.x0, Math.floor(rect.x0 / block) * block),
    y0: Math.max(image.y0, Math.floor(rect.y0 / block) * block),
    x1: Math.min(image.x1, Math.ceil(rect.x1 / block) * block),
    y1: Math.min(image.y1, Math.ceil(rect.y1 / block) * block),
  };
}

/** Take sorted, disjoint level-0 `spans` to `level`. Blocks cut by the edge of `image` are full when their inner part is. */
export function coarsen(spans: Spans, level: number, image: Rect): Coarse {
  if (level === 0) return { touched: spans, full: spans };
  const touched = new SpanSet();
  const full: number[] = [];
  for (let i = 0; i < spans.length; ) {
    const blockY = spans[i] >> level;
    const stop = endOfBlockRow(spans, i, blockY, level);
    addTouched(touched, spans, i, stop, level);
    const height = Math.min((blockY + 1) << level, image.y1) - (blockY << level);
    pushFull(full, spans.subarray(i, stop), { blockY, height, level, width: image.x1 });
    i = stop;
  }
  return { touched: touched.toSpans(), full: Int32Array.from(full) };
}

function endOfBlockRow(spans: Spans, start: number, blockY: number, level: number): number {
  let stop = start;
  while (stop < spans.length && spans[stop] >> level === blockY) stop += 3;
  return stop;
}

function addTouched(set: SpanSet, spans: Spans, start: number, stop: number, level: number): void {
  for (let i = start; i < stop; i += 3) {
    set.addSpan(spans[i] >> level, spans[i + 1] >> level, ((spans[i + 2] - 1) >> level) + 1);
  }
}

interface BlockRow {
  blockY: number;
  height: number; // image rows in this row of blocks
  level: number;
  width: number; // of the image
}

/** A block is full when each of its rows covers it: intersect the rows' covered blocks. */
function pushFull(flat: number[], spans: Spans, row: BlockRow): void {
  let common: number[] | null = null;
  let rows = 0;
  for (let i = 0; i < spans.length; ) {
    const y = spans[i];
    const covered: number[] = [];
    for (; i < spans.length && spans[i] === y; i += 3) pushInner(covered, spans[i + 1], spans[i + 2], row);
    common = common === null ? covered : intersectRuns(common, covered);
    rows++;
  }
  if (common === null || rows < row.height) return;
  for (let i = 0; i < common.length; i += 2) flat.push(row.blockY, common[i], common[i + 1]);
}

function pushInner(runs: number[], xa: number, xb: number, row: BlockRow): void {
  const block = 2 ** row.level;
  const first = Math.ceil(xa / block);
  const stop = xb >= row.width ? Math.ceil(xb / block) : Math.floor(xb / block);
  if (first < stop) runs.push(first, stop);
}

function intersectRuns(a: number[], b: number[]): number[] {
  const out: number[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const from = Math.max(a[i], b[j]);
    const to = Math.min(a[i + 1], b[j + 1]);
    if (from < to) out.push(from, to);
    if (a[i + 1] < b[j + 1]) i += 2;
    else j += 2;
  }
  return out;
}
