/** Arithmetic of the contrast histogram: the outline of the counts, and handles that never cross. */
import type { Window } from "./lut";

/** The area under the counts as an SVG path, one unit wide a bin, `height` high; counts are logarithmic. */
export function outline(counts: readonly number[], height: number): string {
  const heights = counts.map((count) => Math.log1p(count));
  const highest = Math.max(...heights, 1e-9);
  const steps = heights.map((value, bin) => `V${(height * (1 - value / highest)).toFixed(2)}H${bin + 1}`);
  return `M0 ${height}${steps.join("")}V${height}Z`;
}

/** Move one end to `value`, inside the range and not past the other end. */
export function moveHandle(window: Window, end: "lo" | "hi", value: number, [low, high]: [number, number]): Window {
  if (end === "lo") return { lo: Math.min(Math.max(value, low), window.hi), hi: window.hi };
  return { lo: window.lo, hi: Math.max(Math.min(value, high), window.lo) };
}

/** A typed end wins: the other one follows when they would cross. Values beyond the histogram are allowed. */
export function clampWindow(window: Window, typed: "lo" | "hi"): Window {
  if (window.lo <= window.hi) return window;
  return typed === "lo" ? { lo: window.lo, hi: window.lo } : { lo: window.hi, hi: window.hi };
}
