/**
 * Shapes to spans, exact: a pixel belongs to a shape when its centre does. All cost O(rows covered).
 *
 * Points are continuous image coordinates, pixel (x, y) being the square [x, x + 1) x [y, y + 1). Strokes and boxes are given
 * in whole pixels, because a brush is centred on the pixel under the pointer: so radius 0.5 paints exactly that one.
 */
import type { Point, Rect } from "../types";
import type { Spans } from "./spans";

/** The pixel that holds a continuous point. */
export function pixelAt(point: Point): Point {
  return { x: Math.floor(point.x), y: Math.floor(point.y) };
}

/**
 * Pixels within `radius` of the segment from pixel `a` to pixel `b`, clipped to `area`: one step of a round brush.
 *
 * The shape is convex, so a row holds one run. Its ends are estimated with a formula, then settled by the exact test.
 */
export function capsule(a: Point, b: Point, radius: number, area: Rect): Spans {
  const top = Math.max(area.y0, Math.ceil(Math.min(a.y, b.y) - radius));
  const bottom = Math.min(area.y1 - 1, Math.floor(Math.max(a.y, b.y) + radius));
  const flat: number[] = [];
  for (let y = top; y <= bottom; y++) {
    const run = capsuleRow(a, b, radius, y);
    if (run === null) continue;
    const xa = Math.max(area.x0, run[0]);
    const xb = Math.min(area.x1, run[1]);
    if (xa < xb) flat.push(y, xa, xb);
  }
  return Int32Array.from(flat);
}

/** Whether the centre of pixel (x, y) lies within `radius` of the segment between the centres of `a` and `b`. */
export function inCapsule(a: Point, b: Point, radius: number, x: number, y: number): boolean {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const px = x - a.x;
  const py = y - a.y;
  const along = px * dx + py * dy;
  const length2 = dx * dx + dy * dy;
  if (along <= 0) return px * px + py * py <= radius * radius;
  if (along >= length2) return (x - b.x) ** 2 + (y - b.y) ** 2 <= radius * radius;
  return (px * dy - py * dx) ** 2 <= radius * radius * length2;
}

function capsuleRow(a: Point, b: Point, radius: number, y: number): [number, number] | null {
  const reach = estimateRow(a, b, radius, y);
  if (reach === null) return null;
  let xa = Math.ceil(reach[0] - 1e-6);
  let xb = Math.floor(reach[1] + 1e-6);
  while (xa <= xb && !inCapsule(a, b, radius, xa, y)) xa++;
  while (xb >= xa && !inCapsule(a, b, radius, xb, y)) xb--;
  return xa <= xb ? [xa, xb + 1] : null;
}

/** Real x range of the capsule on row y: the two discs and the band between them. */
function estimateRow(a: Point, b: Point, radius: number, y: number): [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  const widen = (from: number, to: number): void => {
    low = Math.min(low, from);
    high = Math.max(high, to);
  };
  for (const end of [a, b]) {
    const rest = radius * radius - (y - end.y) ** 2;
    if (rest >= 0) widen(end.x - Math.sqrt(rest), end.x + Math.sqrt(rest));
  }
  const band = bandRow(a, b, radius, y);
  if (band !== null) widen(band[0], band[1]);
  return low <= high ? [low, high] : null;
}

/** Row y of the rectangle of half-width `radius` along the segment: where both linear conditions hold. */
function bandRow(a: Point, b: Point, radius: number, y: number): [number, number] | null {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length2 = dx * dx + dy * dy;
  if (length2 === 0) return null;
  const py = y - a.y;
  const width = radius * Math.sqrt(length2);
  const along = solveBetween(dx, py * dy, 0, length2);
  const across = solveBetween(dy, -py * dx, -width, width);
  const low = Math.max(along[0], across[0]);
  const high = Math.min(along[1], across[1]);
  return low <= high ? [a.x + low, a.x + high] : null;
}

/** The t for which low <= slope * t + offset <= high. */
function solveBetween(slope: number, offset: number, low: number, high: number): [number, number] {
  if (slope === 0) return offset >= low && offset <= high ? [-Infinity, Infinity] : [Infinity, -Infinity];
  const one = (low - offset) / slope;
  const other = (high - offset) / slope;
  return one < other ? [one, other] : [other, one];
}

/** Pixels whose centre lies inside the closed polygon, by the even-odd rule; it may cross and touch itself. */
export function polygon(points: readonly Point[], area: Rect): Spans {
  const crossings = new Map<number, number[]>();
  points.forEach((start, i) => addCrossings(crossings, start, points[(i + 1) % points.length], area));
  const flat: number[] = [];
  for (const y of [...crossings.keys()].sort((p, q) => p - q)) pushPairs(flat, y, crossings.get(y)!, area);
  return Int32Array.from(flat);
}

function addCrossings(crossings: Map<number, number[]>, p: Point, q: Point, area: Rect): void {
  const [upper, lower] = p.y <= q.y ? [p, q] : [q, p];
  // An edge owns the centres with upper.y <= y + 0.5 < lower.y, so a corner between two edges counts once.
  const first = Math.max(area.y0, Math.ceil(upper.y - 0.5));
  const stop = Math.min(area.y1, Math.ceil(lower.y - 0.5));
  for (let y = first; y < stop; y++) {
    const x = crossingX(upper, lower, y + 0.5);
    const row = crossings.get(y);
    if (row === undefined) crossings.set(y, [x]);
    else row.push(x);
  }
}

/** Where the edge from `upper` to `lower` meets the height y; always worked out from the upper end. */
export function crossingX(upper: Point, lower: Point, y: number): number {
  return upper.x + ((y - upper.y) / (lower.y - upper.y)) * (lower.x - upper.x);
}

function pushPairs(flat: number[], y: number, xs: number[], area: Rect): void {
  xs.sort((p, q) => p - q);
  for (let i = 0; i + 1 < xs.length; i += 2) {
    const xa = Math.max(area.x0, Math.ceil(xs[i] - 0.5));
    const xb = Math.min(area.x1, Math.ceil(xs[i + 1] - 0.5));
    if (xa < xb) flat.push(y, xa, xb);
  }
}

/** The box of pixels between the pixels of two corners, both included. `equal` makes it a square from `a`. */
export function cornerBox(a: Point, b: Point, equal: boolean): Rect {
  const from = pixelAt(a);
  const to = pixelAt(b);
  if (equal) {
    const side = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y));
    to.x = from.x + (to.x < from.x ? -side : side);
    to.y = from.y + (to.y < from.y ? -side : side);
  }
  return {
    x0: Math.min(from.x, to.x),
    y0: Math.min(from.y, to.y),
    x1: Math.max(from.x, to.x) + 1,
    y1: Math.max(from.y, to.y) + 1,
  };
}

export function rectangle(box: Rect, area: Rect): Spans {
  const xa = Math.max(box.x0, area.x0);
  const xb = Math.min(box.x1, area.x1);
  const flat: number[] = [];
  for (let y = Math.max(box.y0, area.y0); xa < xb && y < Math.min(box.y1, area.y1); y++) flat.push(y, xa, xb);
  return Int32Array.from(flat);
}

/** Pixels whose centre lies in the ellipse that touches the four sides of `box`. */
export function ellipse(box: Rect, area: Rect): Spans {
  const flat: number[] = [];
  for (let y = Math.max(box.y0, area.y0); y < Math.min(box.y1, area.y1); y++) {
    const run = ellipseRow(box, y);
    const xa = Math.max(area.x0, run[0]);
    const xb = Math.min(area.x1, run[1]);
    if (xa < xb) flat.push(y, xa, xb);
  }
  return Int32Array.from(flat);
}

export function inEllipse(box: Rect, x: number, y: number): boolean {
  // Twice the distance from the centre stays a whole number, so the test is free of rounding.
  const width = box.x1 - box.x0;
  const height = box.y1 - box.y0;
  const dx = 2 * x + 1 - box.x0 - box.x1;
  const dy = 2 * y + 1 - box.y0 - box.y1;
  return dx * dx * height * height + dy * dy * width * width <= width * width * height * height;
}

function ellipseRow(box: Rect, y: number): [number, number] {
  const dy = (2 * y + 1 - box.y0 - box.y1) / (box.y1 - box.y0);
  const half = ((box.x1 - box.x0) / 2) * Math.sqrt(Math.max(0, 1 - dy * dy));
  const centre = (box.x0 + box.x1) / 2;
  let xa = Math.floor(centre - half - 0.5);
  let xb = Math.ceil(centre + half - 0.5);
  while (xa <= xb && !inEllipse(box, xa, y)) xa++;
  while (xb >= xa && !inEllipse(box, xb, y)) xb--;
  return [xa, xb + 1];
}
