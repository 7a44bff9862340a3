/** The items of a review in the order they come, what was decided of each, and which is next. Pure. */
import type { Point, Rect } from "../types";

export const DECISIONS = ["accepted", "fixed", "rejected", "skipped"] as const;
export type Decision = (typeof DECISIONS)[number];
/** By the key of the item. */
export type Decisions = Readonly<Record<string, Decision>>;

/** A piece of the result, or a whole slice of it. */
export interface Item {
  /** Names it as long as the result is the same. */
  key: string;
  z: number;
  /** Class id of the result; 0: a whole slice. */
  label: number;
  /** Mean over its pixels, 0 to 1; null where the result keeps none. */
  confidence: number | null;
  /** Pixels. */
  area: number;
  box: Rect;
  /** One of its pixels. */
  seed: Point;
}

/** What `GET /api/results/<job>/review` answers. */
export interface WireQueue {
  state: "reading" | "ready" | "failed";
  problem: string;
  /** Slices read, of how many. */
  done: number;
  total: number;
  /** Items found, of which at most `most` are listed. */
  found: number;
  most: number;
  columns: string[];
  items: number[][];
}

const CERTAIN = 255;

export function readItems({ columns, items }: Pick<WireQueue, "columns" | "items">): Item[] {
  return items.map((row) => readItem(Object.fromEntries(columns.map((name, place) => [name, row[place]]))));
}

function readItem(row: Record<string, number>): Item {
  const { z, label, area, y, x } = row;
  const confidence = row.confidence < 0 ? null : row.confidence / CERTAIN;
  const box = { x0: row.x0, y0: row.y0, x1: row.x1, y1: row.y1 };
  return { key: `${z}/${label}/${y}/${x}`, z, label, confidence, area, box, seed: { x, y } };
}

/** The least sure item that nothing was decided of; null when there is none left. */
export function nextItem(items: readonly Item[], decisions: Decisions): Item | null {
  return items.find(({ key }) => decisions[key] === undefined) ?? null;
}

/** Which one `item` is: "12 of 240". Items come in while a result is read, so what counts is how many were seen before. */
export function placeOf(item: Item, items: readonly Item[], decisions: Decisions): number {
  const others = items.filter(({ key }) => key !== item.key && decisions[key] !== undefined);
  return decisions[item.key] === undefined ? others.length + 1 : 1 + others.filter((other) => items.indexOf(other) < items.indexOf(item)).length;
}

/** How many items of the list each was decided of. */
export function tally(items: readonly Item[], decisions: Decisions): Record<Decision, number> {
  const counts = { accepted: 0, fixed: 0, rejected: 0, skipped: 0 };
  for (const { key } of items) if (decisions[key] !== undefined) counts[decisions[key]]++;
  return counts;
}

export function without(decisions: Decisions, decision: Decision): Decisions {
  return Object.fromEntries(Object.entries(decisions).filter(([, other]) => other !== decision));
}
