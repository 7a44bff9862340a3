/** How the tools work: what the row of options shows and the tools read. A value; a change makes a new one. */
import type { Overwrite } from "./labels/rules";
import type { Manifest } from "./types";

/** What a drawn area does to the active class: paint it, erase it there, or erase it everywhere else. */
export const COMBINES = ["add", "subtract", "intersect"] as const;
export type Combine = (typeof COMBINES)[number];

export const SMOOTHINGS = ["off", "low", "high"] as const;
export type Smoothing = (typeof SMOOTHINGS)[number];

/** Length of the string that pulls the brush, in CSS pixels (`tools/stabiliser.ts`). */
export const STRING_CSS_PX: Record<Smoothing, number> = { off: 0, low: 8, high: 24 };

export const REFINE_OPERATIONS = ["fill_holes", "dilate", "erode", "open", "close", "remove_islands"] as const;
export type RefineOperation = (typeof REFINE_OPERATIONS)[number];

/** What a click points at: the object, or what does not belong to it. */
export type ClickTakes = "object" | "surroundings";

/** The model that needs no weights, which answers everywhere. */
export const BUILT_IN_MODEL = "Edges and greys";

/** A suggestion of the server: none, asked for, or to be kept or dropped. */
export type ProposalState = "none" | "working" | "ready";

export interface ToolSettings {
  readonly combine: Combine;
  readonly smoothing: Smoothing;
  /** Of fill and wand, in true grey values; null: a share of the contrast window. */
  readonly tolerance: number | null;
  /** Fill stops where the grey value leaves the tolerance; else only where the label changes. */
  readonly fillByGrey: boolean;
  /** Fill goes through the stack, as a proposal, over this many slices each way. */
  readonly fillStack: boolean;
  readonly fillReach: number;
  /** Side of a superpixel, image pixels. */
  readonly superpixelSize: number;
  /** True grey values the threshold brush paints, both included; null: the next drag takes them from the image. */
  readonly range: readonly [number, number] | null;
  /** Of dilate, erode, open and close, image pixels. */
  readonly refineRadius: number;
  /** Islands of at most this many pixels are removed. */
  readonly islandSize: number;
  /** What a result may paint over when it becomes labels. */
  readonly acceptOver: Overwrite;
  /** Name of the model that finds what is pointed at, and what a click without a key means. */
  readonly clickModel: string;
  readonly clickTakes: ClickTakes;
}

export const DEFAULT_SETTINGS: ToolSettings = {
  combine: "add",
  smoothing: "off",
  tolerance: null,
  fillByGrey: false,
  fillStack: false,
  fillReach: 10,
  superpixelSize: 16,
  range: null,
  refineRadius: 1,
  islandSize: 16,
  clickModel: BUILT_IN_MODEL,
  clickTakes: "object",
  acceptOver: "empty", // a prediction does not paint over what a person has said, unless it is asked to
};

const WINDOW_SHARE = 0.08; // of the contrast window: a first tolerance that neither stops at noise nor floods the image

/** The tolerance in force, true grey values. */
export function toleranceOf({ tolerance }: ToolSettings, { window: [lo, hi] }: Pick<Manifest, "window">): number {
  return tolerance ?? WINDOW_SHARE * Math.abs(hi - lo);
}
