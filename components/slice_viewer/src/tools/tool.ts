/**
 * What a drawing tool is: it turns pointer events into spans and draws its own preview. Tools know neither tiles nor the network.
 */
import type { Spans } from "../labels/spans";
import type { Camera, Point, Rect } from "../types";

/** What a tool may do to the world. */
export interface Easel {
  /** The whole slice. */
  readonly area: Rect;
  /** Of the brush, in image pixels. */
  readonly radius: number;
  /** Of previews: that of the active class. */
  readonly color: string;
  /** Show `spans` at once as part of the stroke under way. */
  paint(spans: Spans): void;
  /** Make the stroke under way one edit. */
  commitStroke(): void;
  /** Take the stroke under way from the screen. */
  discardStroke(): void;
  /** Make `spans` one edit. */
  commit(spans: Spans): void;
  /** Distance between image points in CSS pixels. */
  distance(a: Point, b: Point): number;
}

export interface Modifiers {
  shift: boolean;
}

export interface DrawingTool {
  /** True from the first point to the commit. */
  readonly busy: boolean;
  down(point: Point, modifiers: Modifiers): void;
  move(point: Point, modifiers: Modifiers): void;
  up(point: Point, modifiers: Modifiers): void;
  doubleClick(): void;
  /** Whether the tool had a use for the key. */
  key(name: string): boolean;
  /** Give up what is under way. */
  cancel(): void;
  /** Draw the unfinished shape and the cursor; `pointer` is where the pointer rests, null when it is elsewhere. */
  preview(context: CanvasRenderingContext2D, camera: Camera, pointer: Point | null): void;
}
