/** What the rail, the keys and the card of keys say of each tool, in one table. */
import type { RefineOperation } from "../settings";
import type { Tool } from "../types";

export interface ToolEntry {
  readonly title: string;
  readonly key: string;
  /** What the row of options says to do. */
  readonly hint: string;
}

export const CATALOG: Record<Tool, ToolEntry> = {
  pan: { title: "Pan", key: "A", hint: "" },
  picker: { title: "Pick class", key: "I", hint: "Click a label to take its class. Alt and a click do it with any brush." },
  brush: { title: "Brush", key: "B", hint: "" },
  threshold: { title: "Threshold brush", key: "N", hint: "" },
  superpixel: { title: "Superpixel brush", key: "U", hint: "Drag over what belongs to the class." },
  line: { title: "Line", key: "K", hint: "Drag, or click both ends. Shift keeps to 45°." },
  eraser: { title: "Eraser", key: "X", hint: "" },
  freeform: { title: "Lasso", key: "Q", hint: "Draw around an area." },
  polygon: { title: "Polygon", key: "P", hint: "Click corners; Enter fills. A double click lets you move them first." },
  livewire: { title: "Live-wire", key: "L", hint: "Click along an edge; Enter or a double click fills." },
  rectangle: { title: "Rectangle", key: "E", hint: "Drag from corner to corner. Shift: square." },
  ellipse: { title: "Ellipse", key: "W", hint: "Drag from corner to corner. Shift: circle." },
  background: { title: "Fully labelled box", key: "Z", hint: "Drag a box: what has no label in it becomes this class." },
  fill: { title: "Fill", key: "G", hint: "Click an area of one label." },
  wand: { title: "Magic wand", key: "Y", hint: "Press, then drag right for more, left for less." },
  watershed: { title: "Watershed", key: "R", hint: "Draw around strokes of two classes: they grow to the edges." },
  random_walker: { title: "Random walker", key: "J", hint: "Draw around strokes of two classes: they grow until they meet." },
  grabcut: { title: "Object in a box", key: "C", hint: "Drag a box around one object." },
  click: { title: "Click and box", key: "Shift S", hint: "Click on an object, or drag a box around it. Alt or the right button: not this." },
  accept: { title: "Use result", key: "Shift A", hint: "Click a piece, or draw around an area (Shift: a box). Alt and a click take a piece away." },
};

/** Tools that need no class to be chosen. */
export const CLASSLESS: readonly Tool[] = ["eraser", "picker", "accept"];

/** The key as the button shows it. */
export const shortKey = (key: string): string => key.replace("Shift ", "⇧");

/** Tools that share a button of the rail; the one used last is on top. */
export const FAMILIES: readonly (readonly Tool[])[] = [
  ["pan"],
  ["picker"],
  ["brush", "threshold", "superpixel", "line"],
  ["eraser"],
  ["freeform", "polygon", "livewire"],
  ["rectangle", "ellipse", "background"],
  ["fill", "wand"],
  ["watershed", "random_walker", "grabcut"],
  ["click"],
  ["accept"],
];

export const FAMILY_NAMES = ["Move", "Pick", "Brushes", "Eraser", "Outlines", "Boxes", "Fill", "Grow", "Click and box", "Result"] as const;

/** Ways to clean up a class: their words, and the key that goes with Shift. */
export const REFINEMENTS: Record<RefineOperation, { readonly title: string; readonly key: string }> = {
  fill_holes: { title: "Fill holes", key: "H" },
  remove_islands: { title: "Remove islands", key: "I" },
  dilate: { title: "Dilate", key: "D" },
  erode: { title: "Erode", key: "E" },
  open: { title: "Open", key: "O" },
  close: { title: "Close", key: "C" },
};

/** Go with Shift as well. */
export const COPY_KEYS = { next: "N", previous: "P" } as const;

/** Go with Shift: what becomes of all that is proposed through the stack. Enter and Del decide on the slice. */
export const PROPOSAL_KEYS = { acceptAll: "L", discard: "X" } as const;
