/** What the frame around the image shows: one record, written by the engine, read by React. */
import type { Overwrite } from "./labels/rules";
import type { Progress } from "./making";
import { DEFAULT_SETTINGS, type ProposalState, type ToolSettings } from "./settings";
import type { History, Manifest, PlaneAxis, SaveState, Tool, Visit, Voxel } from "./types";
import { rememberedOverwrite } from "./overwrite";
import type { Problem } from "./tilecache";

export interface Notice extends Problem {
  id: number;
  /** Stays until read: something was lost, or needs doing. */
  sticky: boolean;
}

export interface Shell {
  status: "empty" | "loading" | "shown" | "failed";
  /** Of the plane on the screen. */
  manifest: Manifest | null;
  /** Of the volume itself. */
  base: Manifest | null;
  axis: PlaneAxis;
  /** The voxel that the planes meet in. */
  position: Voxel;
  /** Where the user has gone; the image follows as soon as its tiles are there. */
  slice: number;
  tool: Tool;
  activeClass: number | null;
  brushRadius: number;
  /** What strokes may paint over. */
  overwrite: Overwrite;
  settings: ToolSettings;
  proposal: ProposalState;
  history: History;
  /** Who else looks at the volume. */
  present: readonly Visit[];
  annotated: number[];
  predicted: number[];
  /** Labels of the past are on the screen: nothing can be painted, undone or kept. */
  past: boolean;
  /** Slices that differ between the two moments compared. */
  differing: readonly number[];
  saveState: SaveState;
  classesRevision: number;
  /** Grows with every change of labels that the server has told of. */
  labelsRevision: number;
  /** Revision of the last request, undo or redo: objects may have changed without a stroke. */
  objectsRevision: number;
  /** Why there is nothing to see, or why what is seen may be out of date. */
  problem: Problem | null;
  notices: Notice[];
  /** Labels and result are hidden for a look at the bare image. */
  bare: boolean;
  keysShown: boolean;
  /** The panel that cleans up a class is open. */
  refineShown: boolean;
  minimapShown: boolean;
  /** The volume of the same array that the user has asked for; the page opens it. null: it is here. */
  sibling: string | null;
  /** What the server makes in the background for this volume. */
  making: readonly Progress[];
}

export const SAVED: SaveState = { state: "saved", pending: 0, message: "" };

export const INITIAL_SHELL: Shell = {
  status: "empty",
  manifest: null,
  base: null,
  axis: "z",
  position: { z: 0, y: 0, x: 0 },
  slice: 0,
  tool: "pan",
  activeClass: null,
  brushRadius: 10,
  overwrite: rememberedOverwrite(),
  settings: DEFAULT_SETTINGS,
  proposal: "none",
  history: { undo: 0, redo: 0 },
  present: [],
  annotated: [],
  predicted: [],
  past: false,
  differing: [],
  saveState: SAVED,
  classesRevision: 0,
  labelsRevision: 0,
  objectsRevision: 0,
  problem: null,
  notices: [],
  bare: false,
  keysShown: false,
  refineShown: false,
  minimapShown: true,
  making: [],
  sibling: null,
};

/** What is said of a volume's labels before they are known. */
export const FRESH_LABELS = {
  history: INITIAL_SHELL.history,
  present: INITIAL_SHELL.present,
  annotated: [],
  saveState: SAVED,
  classesRevision: 0,
  labelsRevision: 0,
  objectsRevision: 0,
} satisfies Partial<Shell>;

/** Everything that belongs to one volume, as it is before anything is known. */
export const FRESH_VOLUME = {
  ...FRESH_LABELS,
  manifest: null,
  base: null,
  making: [],
  sibling: null,
  problem: null,
} satisfies Partial<Shell>;
