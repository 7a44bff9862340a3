/**
 * What a drawing tool is: it turns pointer events into spans and draws its own preview. Tools know neither tiles nor the network.
 */
import type { Part } from "../labels/rules";
import type { Spans } from "../labels/spans";
import type { Combine, ProposalState, ToolSettings } from "../settings";
import type { Camera, Point, Rect, ResultChoice } from "../types";
import type { Answer, Question, ServerTool } from "./server";

/** What a tool may do to the world. */
export interface Easel {
  /** The whole slice. */
  readonly area: Rect;
  /** The pixels of the slice that show. */
  readonly view: Rect;
  /** Of the brush, in image pixels. */
  readonly radius: number;
  /** Of previews: that of the active class. */
  readonly color: string;
  readonly settings: ToolSettings;
  /** Tolerance of fill and wand in force, true grey values. */
  readonly tolerance: number;
  /** Show `spans` at once as part of the stroke under way. */
  paint(spans: Spans): void;
  /** Make the stroke under way one edit. */
  commitStroke(): void;
  /** Take the stroke under way from the screen. */
  discardStroke(): void;
  /** Make `spans` one edit: added to the active class, taken from it, or all that is left of it. */
  commit(spans: Spans, combine?: Combine): void;
  /** Give the active class to those of `spans` that have no label, as one edit. */
  commitBehind(spans: Spans): void;
  /** Make what the server suggests one edit. */
  commitParts(parts: readonly Part[]): void;
  /** The result on the image that can become labels, and what of it; null while there is none. */
  readonly result: ResultChoice | null;
  /** Class id of the result at `point`, 0: none, or not known. */
  resultAt(point: Point): number;
  /** Make parts of the result labels, as one edit that minds what is labelled already. */
  accept(parts: readonly Part[]): void;
  /** Take the label of a part away where it stands, as one edit. */
  takeAway(part: Part): void;
  /** Ask the server; rejects with an Error whose message is for the user. */
  ask(tool: ServerTool, question: Question, signal: AbortSignal): Promise<Answer>;
  /** Propose what hangs together with `point` over the slices; `tolerance` in true grey values, null: only labels count. */
  proposeFill(point: Point, tolerance: number | null): void;
  /** Make the class at `point` the active one. */
  pick(point: Point): void;
  changeSettings(changes: Partial<ToolSettings>): void;
  propose(state: ProposalState): void;
  toast(message: string): void;
  redraw(): void;
  /** Colour of a class; white stands for "erased". */
  colorOf(label: number): string;
  /** True grey value, null where it is not known. */
  valueAt(point: Point): number | null;
  /** Distance between image points in CSS pixels. */
  distance(a: Point, b: Point): number;
}

export interface Modifiers {
  shift: boolean;
  alt: boolean;
  ctrl: boolean;
}

export interface DrawingTool {
  /** True from the first point to the commit. */
  readonly busy: boolean;
  down(point: Point, modifiers: Modifiers): void;
  move(point: Point, modifiers: Modifiers): void;
  up(point: Point, modifiers: Modifiers): void;
  /** The pointer moved without a button. */
  hover?(point: Point): void;
  /** The image was drawn anew; what is below a pointer that rests may have come only now. */
  redrawn?(): void;
  /** The pointer has gone, or another slice has come: forget what was under it. */
  leave?(): void;
  doubleClick(): void;
  /** Whether the tool had a use for the key. */
  key(name: string): boolean;
  /** Give up what is under way. */
  cancel(): void;
  /** Take back this press only, because a second finger came down; `cancel` where there is nothing else to keep. */
  interrupt?(): void;
  /** Another tool comes: commit what is complete, drop the rest; `cancel` where there is nothing of that kind. */
  finish?(): void;
  /** Draw the unfinished shape and the cursor; `pointer` is where the pointer rests, null when it is elsewhere. */
  preview(context: CanvasRenderingContext2D, camera: Camera, pointer: Point | null): void;
}

/** What a drawn area does: held keys come before the row of options. */
export function combineOf({ shift, alt, ctrl }: Modifiers, chosen: Combine): Combine {
  if (alt) return "subtract";
  if (ctrl) return "intersect";
  return shift ? "add" : chosen;
}
