/** Which pixels an edit may change (docs/contracts.md, "Labels"); the server judges the same way when the edit arrives. */
import type { LabelClass } from "../types";
import type { Spans } from "./spans";

/** Paint over everything, over unlabelled pixels only, or over those of one class only. */
export type Overwrite = "all" | "empty" | number;

/** `protect`: classes whose pixels stay as they are. */
export interface PaintRule {
  overwrite: Overwrite;
  protect: readonly number[];
}

/** Spans that get one class, or 0. */
export interface Part {
  label: number;
  spans: Spans;
}

export const FREE: PaintRule = { overwrite: "all", protect: [] };

/** What holds for a stroke that begins now. Erasing only the unlabelled would do nothing, so the eraser takes that for all. */
export function ruleNow(overwrite: Overwrite, classes: readonly LabelClass[], label: number): PaintRule {
  const protect = classes.filter((entry) => entry.locked).map((entry) => entry.id);
  return { overwrite: label === 0 && overwrite === "empty" ? "all" : overwrite, protect };
}

/** A table by class id: 1 where a pixel may change; null: every pixel may. */
export function allowed({ overwrite, protect }: PaintRule): Uint8Array | null {
  if (overwrite === "all" && protect.length === 0) return null;
  const table = new Uint8Array(256).fill(overwrite === "all" ? 1 : 0);
  if (overwrite !== "all") table[overwrite === "empty" ? 0 : overwrite] = 1;
  for (const id of protect) table[id] = 0;
  return table;
}
