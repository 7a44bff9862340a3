/**
 * The seam between the viewer's engine (camera, tiles, drawing, keys) and its label layer (classes, strokes, saving).
 *
 * Points are continuous image coordinates at level 0: pixel (x, y) is the square [x, x + 1) x [y, y + 1). "Screen" means
 * backing pixels of the canvas: CSS pixels times `camera.pixelRatio`. A drawing context is always handed over with the identity
 * transform, so that `camera.imageToScreen` gives what `ctx.fillRect` takes. Nothing here holds state or touches the network.
 */
import type { Overwrite, Part } from "./labels/rules";

import type { StackOrder } from "./proposals";
import type { ProposalState, RefineOperation, ToolSettings } from "./settings";

export interface Point {
  x: number;
  y: number;
}

/** Half-open: x0 <= x < x1. */
export interface Rect {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** Where the image lies on the canvas. A value: a changed view is a new camera. */
export interface Camera {
  /** Screen pixels per image pixel, across. */
  readonly scale: number;
  /** Screen position of image point (0, 0). */
  readonly offsetX: number;
  readonly offsetY: number;
  /** Size of the canvas in screen pixels. */
  readonly width: number;
  readonly height: number;
  /** Height of an image pixel in its widths: across the slices voxels are often longer than wide. */
  readonly aspect: number;
  /** Screen pixels per CSS pixel; multiply widths and distances meant for the eye by it. */
  readonly pixelRatio: number;
  imageToScreen(point: Point): Point;
  screenToImage(point: Point): Point;
  /** An image rectangle on the screen, rounded to whole pixels, so that neighbouring tiles meet without a seam. */
  screenRect(rect: Rect): Rect;
  /** The part of the image plane that shows; may reach beyond the image. */
  view(): Rect;
}

export const AXES = ["z", "y", "x"] as const;
/** Names a plane by the axis it stands on: "z" is XY, "y" is XZ, "x" is YZ (`planes.ts`). */
export type PlaneAxis = (typeof AXES)[number];

/** A voxel by its place on each axis. */
export type Voxel = Record<PlaneAxis, number>;

/** What `GET /api/img/<vid>/manifest` answers (docs/contracts.md), or the same turned to the planes of `axis`. */
export interface Manifest {
  /** Not sent: which planes are the slices here. */
  axis: PlaneAxis;
  id: string;
  path: string;
  /** Of the volume at the beginning of every further axis: all positions of one array share it. */
  base_path: string;
  name: string;
  /** [Z, Y, X] */
  shape: [number, number, number];
  /** 1 grey, 3 RGB and 4 RGBA where `is_colour`, else as many as there are. */
  channels: number;
  is_colour: boolean;
  /** "" where a channel has no name; empty for grey and colour. */
  channel_names: string[];
  /** "#rrggbb" each; empty when nobody has chosen them. */
  channel_colors: string[];
  /** First window of each channel, true values. */
  channel_windows: [number, number][];
  /** Axes the array has beside those of a volume, and where on them this volume lies. */
  extra_axes: ExtraAxis[];
  /** What each axis of the array is. */
  axes: string[];
  dtype: string;
  version: string;
  /** [z, y, x] */
  voxel_size_um: [number, number, number] | null;
  tile_px: number;
  /** [Y, X] of every level, full size first. */
  levels: [number, number][];
  /** The same of the planes across the slices. */
  planes: Record<"y" | "x", [number, number][]>;
  /** Planes that the server reads whole: their tiles are best asked for together. */
  whole_planes: PlaneAxis[];
  /** Stored values that 0 and 255 of a JPEG preview stand for; null where there are no previews. */
  preview: [number, number] | null;
  encoding: Encoding;
  /** True values of the 1st and 99th percentile. */
  window: [number, number];
  histogram: number[];
  histogram_range: [number, number];
}

export interface ExtraAxis {
  name: string;
  size: number;
  position: number;
}

/** True value = `lo + stored * step`. */
export interface Encoding {
  dtype: "uint8" | "uint16";
  lo: number;
  step: number;
  /** Every true value comes back exactly; else `/value` must be asked. */
  exact: boolean;
  /** The stored value that means "not a number". */
  nan_code: number | null;
}

export interface LabelClass {
  /** 1 to 127, the pixel value. */
  id: number;
  name: string;
  /** "#RRGGBB" */
  color: string;
  visible: boolean;
  /** Strokes leave its pixels as they are. */
  locked?: boolean;
}

export const TOOLS = [
  "pan",
  "picker",
  "brush",
  "threshold",
  "superpixel",
  "line",
  "eraser",
  "freeform",
  "polygon",
  "livewire",
  "rectangle",
  "ellipse",
  "background",
  "fill",
  "wand",
  "watershed",
  "random_walker",
  "grabcut",
  "click",
  "accept",
] as const;
export type Tool = (typeof TOOLS)[number];
/** The tools of the label layer. Panning is the engine's. */
export type LabelTool = Exclude<Tool, "pan">;

/** A tile of the image grid: 512 pixels of `level` each way. */
export interface TileAddress {
  level: number;
  tx: number;
  ty: number;
}

export interface SaveState {
  state: "saved" | "pending" | "offline" | "signed_out" | "error";
  /** Writes not acknowledged yet. */
  pending: number;
  message: string;
}

/** How many steps this user can take back and forth. */
export interface History {
  undo: number;
  redo: number;
}

/** Somebody else who looks at the volume, from one browser window. */
export interface Visit {
  tab: string;
  name: string;
  /** The slice they are at, 0-based. */
  z: number;
  color: string;
}

/** A change that the server makes: a merge or a split of objects, for instance. */
export interface ServerRequest {
  /** Where it is posted. */
  url: string;
  /** JSON; the id of the edit is added. */
  body: object;
  /** What it is called in a message: "merge". */
  what: string;
}

/** What the label layer may know of the pointer besides where it is. */
export interface PointerInfo {
  shift: boolean;
  alt: boolean;
  ctrl: boolean;
  /** "mouse", "pen" or "touch". */
  type: string;
  /** 0 to 1; 0.5 where the device cannot tell. */
  pressure: number;
}

/** What of a result is to become labels: its ticked classes, where its confidence is at least `least` (0 to 255). */
export interface ResultChoice {
  readonly job: string;
  readonly classes: readonly number[];
  readonly least: number;
}

/** What the engine does for the label layer. The properties are live: read them when needed, do not keep them. */
export interface ViewerHost {
  readonly apiRoot: string;
  readonly volume: string;
  readonly manifest: Manifest;
  /** The slice the user has gone to, 0-based. */
  readonly slice: number;
  /** The slice of the volume that the planes on the screen meet in. */
  readonly z: number;
  readonly camera: Camera;
  /** In display order; hidden ones have `visible: false`. */
  readonly classes: readonly LabelClass[];
  /** A class id; null while there is no class. */
  readonly activeClass: number | null;
  /** Image pixels. */
  readonly brushRadius: number;
  /** What strokes may paint over. */
  readonly overwrite: Overwrite;
  readonly tool: Tool;
  /** How the tools work, as the row of options says. */
  readonly settings: ToolSettings;

  /** The result over the image; null while there is none, or the labels are of the past. */
  readonly result: ResultChoice | null;
  /** Class id of the result at an image point, 0: none, or not known. */
  resultAt(point: Point): number;

  changeSettings(changes: Partial<ToolSettings>): void;
  setActiveClass(id: number): void;
  /** Tell the row of options how far a suggestion of the server is. */
  setProposal(proposal: ProposalState): void;
  /** True value of the first channel at an image point as far as tiles tell; null while nothing is known or it is no number. */
  valueAt(point: Point): number | null;
  /** Draw image and labels again, in the next animation frame. Cheap to call often. */
  requestRedraw(): void;
  /** Draw only the cursor and the unfinished shape again (`drawCursor`), in the next animation frame. */
  requestCursorRedraw(): void;
  setSaveState(state: SaveState): void;
  /** All slices that hold labels. */
  setAnnotated(slices: number[]): void;
  setHistory(history: History): void;
  setPresent(present: Visit[]): void;
  /** Another browser changed the class table; `revision` is the volume's revision. */
  setClassesRevision(revision: number): void;
  /** The server has labels of a newer revision: by a stroke of this browser, or of somebody else. */
  setLabelsRevision(revision: number): void;
  /** A request, an undo or a redo has been made; `revision` is the volume's revision. */
  setObjectsRevision(revision: number): void;
  /** Show slice `z`, for instance the one an undo has just changed. */
  goToSlice(z: number): void;
  /** Ask for labels through the stack, which come as a proposal. */
  order(order: StackOrder): void;
  /** Say something that leaves by itself. */
  toast(message: string): void;
  /** Say something that stays until read: something was lost, or needs doing. */
  error(message: string, hint: string): void;
}

/**
 * The labels of one volume and the tools that paint them. `createLabelLayer(host)` in `labels/index.ts` makes one; another
 * volume gets another layer. All methods return at once; what they start reports through the host.
 */
export interface LabelLayer {
  /** Called once, right after creation: ask the server for the labels, start polling, send what waits in the outbox. */
  load(volume: string, manifest: Manifest): void;
  /** The user has gone to slice `z`. From here on `draw` shows labels of `z` only; an unfinished shape is cancelled. */
  setSlice(z: number): void;
  /** `host.classes` (names, colours, visibility, order) or `host.activeClass` has changed. */
  classesChanged(): void;
  /**
   * Draw the labels of the current slice. Called only when the image under them is of the same slice. `tiles` are those of
   * `level` that show; missing ones are fetched, coarser ones may stand in. The context is clipped to the image.
   */
  draw(ctx: CanvasRenderingContext2D, camera: Camera, level: number, tiles: readonly TileAddress[], opacity: number): void;
  /** Draw the brush outline and the unfinished shape. Own canvas, cleared before each call. */
  drawCursor(ctx: CanvasRenderingContext2D, camera: Camera): void;
  /** True while label tiles that should show are on their way. */
  readonly loading: boolean;
  /** Class id at an image point as far as it is known here, 0 = unlabelled. For the readout. */
  labelAt(point: Point): number;

  /** Primary button down with a label tool. The pointer is captured until `end` or `cancel`. Points may lie off the image. */
  begin(tool: LabelTool, point: Point, info: PointerInfo): void;
  /** Every coalesced point of a drag, in order. */
  move(point: Point, info: PointerInfo): void;
  end(point: Point, info: PointerInfo): void;
  /** The pointer moved without a button, or left (null). Also sent when the view moves under a resting pointer. */
  hover(point: Point | null): void;
  doubleClick(point: Point): void;
  /** Drop the unfinished stroke or shape: Escape, lost pointer. Harmless when there is none. */
  cancel(): void;
  /** Take back what the present press has begun, because a second finger came down. Corners set before stay. */
  interrupt(): void;
  /** Another tool or slice comes: keep a closed shape that only waited for its last touch, drop what is not complete. */
  finish(): void;
  /** Keep what the server suggests. */
  keep(): void;
  /** Make parts of the result labels of slice `z`, whatever plane shows, as one edit; `away` takes their labels away instead. */
  accept(z: number, parts: readonly Part[], how?: { away: boolean }): void;
  /** Make parts of the live prediction labels of plane `index` on `axis` where nothing is painted, as one edit. */
  fillIn(axis: PlaneAxis, index: number, parts: readonly Part[]): void;
  /** Clean up the active class on the part of the slice that shows, as one edit. */
  refine(operation: RefineOperation): void;
  /** Copy the labels of the slice to another one, as one edit, and go there. */
  copyTo(z: number): void;
  /** A key while a label tool is chosen (Enter, Escape, Backspace). True: taken, the engine must not use it. */
  key(event: KeyboardEvent): boolean;

  /** Have the server make a change that is a step like a stroke: kept until it is acknowledged, sent in order. */
  request(request: ServerRequest): void;

  undo(): void;
  redo(): void;
  /** Resolves when the server has all that was painted here; rejects, in words for the user, when it cannot be reached now. */
  settled(): Promise<void>;
  /** Look at once for what has changed on the server. */
  refresh(): void;
  /** Stop polling and drawing. Unsent writes stay in the outbox for the next layer. */
  dispose(): void;
}
