/** Keys of the viewer, as one table that the keyboard and the card of keys both read. Nothing is taken from who is typing. */
import type { Desk, Layout } from "./desk";
import type { Engine } from "./engine";
import { REFINE_OPERATIONS, type RefineOperation } from "./settings";
import { REVIEW_KEYS, reviewAction } from "./review/keys";
import { pathAt, positionAt } from "./siblings";
import { update } from "./store";
import { CATALOG, COPY_KEYS, PROPOSAL_KEYS, REFINEMENTS } from "./tools/catalog";
import { AXES, TOOLS, type Tool } from "./types";

const BIG_STEP = 10; // slices
const ZOOM_STEP = 1.25;
const BRUSH_STEP = 1.2;
const PAN_STEPS = 8; // across the window
const FOCUS_CLASS = "sv-focus"; // on <html>: only the image shows
const LIVE_KEYS = { follow: "V", once: "U", take: "Y" }; // with Shift
const HISTORY_KEY = "z"; // with Shift, as Ctrl and the same key undo
const SUGGEST_KEY = "g"; // with Shift
export const SUGGEST_EVENT = "sv-suggest"; // on the document: the page around the viewer chooses the next place to annotate
export const HISTORY_EVENT = "sv-history"; // on the document: the page around the viewer opens what it keeps of the past

type Action = (engine: Engine, event: KeyboardEvent, desk: Desk) => unknown;

/** All the actions of `parts` by key. A key has one meaning; that it has two is found when the page is tried, not when it is used. */
const oneMeaningEach = (...parts: Record<string, Action>[]): Record<string, Action> => {
  const keys = parts.flatMap((part) => Object.keys(part));
  const twice = keys.filter((key, place) => keys.indexOf(key) !== place);
  if (twice.length > 0) throw new Error(`Keys with two meanings: ${twice.join(", ")}`);
  return Object.assign({}, ...parts) as Record<string, Action>;
};

const step =
  (direction: number): Action =>
  (engine, { shiftKey }) =>
    engine.goTo(engine.shell.get().slice + direction * (shiftKey ? BIG_STEP : 1));
const jump =
  (by: number): Action =>
  (engine) =>
    engine.goTo(engine.shell.get().slice + by);
const tool =
  (name: Tool): Action =>
  (engine) =>
    engine.choices.setTool(name);

/** The keys of the tools that go without Shift, or of those that go with it. */
const toolActions = (shifted: boolean): Record<string, Action> => {
  const names = TOOLS.filter((name) => CATALOG[name].key.startsWith("Shift ") === shifted);
  return Object.fromEntries(names.map((name) => [CATALOG[name].key.replace("Shift ", "").toLowerCase(), tool(name)]));
};

/** The pane that is painted on, where `engine` only follows it. */
const worker = (engine: Engine): Engine => engine.leader ?? engine;
const refine =
  (operation: RefineOperation): Action =>
  (engine) =>
    worker(engine).mayEdit() && worker(engine).labels?.refine(operation);
const copy =
  (step: number): Action =>
  (engine) =>
    worker(engine).mayEdit() && worker(engine).labels?.copyTo(engine.shell.get().slice + step);

/** With Shift: what changes labels at once, so that no slip of a finger does; and what tells of such changes. */
const SHIFT_ACTIONS = oneMeaningEach(
  toolActions(true),
  Object.fromEntries(REFINE_OPERATIONS.map((name) => [REFINEMENTS[name].key.toLowerCase(), refine(name)])),
  { [COPY_KEYS.next.toLowerCase()]: copy(1), [COPY_KEYS.previous.toLowerCase()]: copy(-1) },
  { [LIVE_KEYS.follow.toLowerCase()]: (_engine, _event, { live }) => live.setOn(!live.state.get().on) },
  { [LIVE_KEYS.once.toLowerCase()]: (_engine, _event, { live }) => live.once() },
  { [LIVE_KEYS.take.toLowerCase()]: (_engine, _event, { live }) => void live.take() },
  { [HISTORY_KEY]: () => document.dispatchEvent(new Event(HISTORY_EVENT)) },
  { [SUGGEST_KEY]: () => document.dispatchEvent(new Event(SUGGEST_EVENT)) },
  { [PROPOSAL_KEYS.acceptAll.toLowerCase()]: (_engine, _event, { proposals }) => void proposals.acceptAll() },
  { [PROPOSAL_KEYS.discard.toLowerCase()]: (_engine, _event, { proposals }) => void proposals.discard() },
);

/** `event.key`, in lower case where it is a letter. */
const ACTIONS = oneMeaningEach(toolActions(false), {
  arrowright: step(1),
  arrowleft: step(-1),
  pagedown: jump(BIG_STEP),
  pageup: jump(-BIG_STEP),
  home: jump(-Infinity),
  end: jump(Infinity),
  "+": (engine) => engine.view.zoom(ZOOM_STEP),
  "=": (engine) => engine.view.zoom(ZOOM_STEP),
  "-": (engine) => engine.view.zoom(1 / ZOOM_STEP),
  "0": (engine) => engine.view.fit(),
  "[": (engine) => resizeBrush(engine, -1),
  "]": (engine) => resizeBrush(engine, 1),
  h: (engine) => engine.setBare(!engine.shell.get().bare),
  m: (engine) => update(engine.shell, { minimapShown: !engine.shell.get().minimapShown }),
  f: (engine) => toggleFocus(engine),
  o: (engine) => engine.choices.nextOverwrite(),
  "/": (engine) => update(worker(engine).shell, { refineShown: !worker(engine).shell.get().refineShown }),
  "?": (engine) => update(engine.shell, { keysShown: !engine.shell.get().keysShown }),
  ",": (_engine, _event, desk) => stepExtra(desk, -1),
  ".": (_engine, _event, desk) => stepExtra(desk, 1),
  v: (_engine, _event, desk) => nextPlane(desk),
  t: (_engine, _event, desk) => toggle(desk, "planes"),
  d: (_engine, _event, desk) => toggle(desk, "beside"),
  s: (_engine, _event, desk) => toggle(desk, "swipe"),
  enter: (engine, _event, desk) => enter(engine, desk),
  delete: (_engine, _event, { proposals }) => void (proposals.isWaiting && proposals.reject()),
  escape: (engine, _event, desk) => leave(engine, desk),
});

const CONTROL_ACTIONS: Record<string, Action> = {
  z: (engine, { shiftKey }) => engine.mayEdit() && (shiftKey ? engine.labels?.redo() : engine.labels?.undo()),
  y: (engine) => engine.mayEdit() && engine.labels?.redo(),
  arrowleft: (engine) => panBy(engine, 1, 0),
  arrowright: (engine) => panBy(engine, -1, 0),
  arrowup: (engine) => panBy(engine, 0, 1),
  arrowdown: (engine) => panBy(engine, 0, -1),
};

/** What the card says, by group. */
export const KEY_CARD: [string, [string, string][]][] = [
  [
    "Tools",
    [
      ...TOOLS.map((name): [string, string] => [CATALOG[name].key, CATALOG[name].title]),
    ],
  ],
  [
    "Brush and class",
    [
      ["[ ]", "Smaller, larger"],
      ["Alt wheel", "Smaller, larger"],
      ["Alt click", "Take the class there"],
      ["1 – 9", "Class"],
      ["O", "What may be painted over"],
    ],
  ],
  [
    "Without a mouse",
    [
      ["Enter", "Move the tool by keys"],
      ["← ↑ → ↓", "Move it"],
      ["Shift ← ↑ → ↓", "By one pixel"],
      ["Space", "Put it down, lift it"],
      ["Esc", "End"],
    ],
  ],
  [
    "Areas drawn",
    [
      ["Shift", "Add to the class"],
      ["Alt", "Take from the class"],
      ["Ctrl", "Leave the class only inside"],
      ["Enter", "Fill; keep a suggestion"],
      ["Backspace", "Take a corner back"],
    ],
  ],
  [
    "Click and box",
    [
      ["Click", "This object"],
      ["Alt click", "Not this; so does the right button"],
      ["Drag", "The object in a box"],
      ["Backspace", "Take the last one back"],
      ["Enter", "Keep what is shown"],
    ],
  ],
  [
    "The result",
    [
      ["Click", "Use result: the piece there"],
      ["Drag", "Use result: what lies in an area"],
      ["Alt click", "Use result: take the piece away"],
      ...Object.values(REVIEW_KEYS).map(({ key, title }): [string, string] => [key, `Review: ${title.toLowerCase()}`]),
    ],
  ],
  [
    "The class, in view",
    [
      ...REFINE_OPERATIONS.map((name): [string, string] => [`Shift ${REFINEMENTS[name].key}`, REFINEMENTS[name].title]),
      [`Shift ${COPY_KEYS.next}`, "All labels to the next slice"],
      [`Shift ${COPY_KEYS.previous}`, "All labels to the slice before"],
      ["/", "These, as buttons"],
    ],
  ],
  [
    "Proposal through the stack",
    [
      ["Enter", "Accept the slice, go on"],
      ["Del", "Reject the slice, go on"],
      [`Shift ${PROPOSAL_KEYS.acceptAll}`, "Accept all open slices"],
      [`Shift ${PROPOSAL_KEYS.discard}`, "Discard the proposal"],
    ],
  ],
  [
    "Live prediction",
    [
      [`Shift ${LIVE_KEYS.follow}`, "Follow what is painted"],
      [`Shift ${LIVE_KEYS.once}`, "Update once"],
      [`Shift ${LIVE_KEYS.take}`, "Use as labels"],
    ],
  ],
  [
    "Slices",
    [
      ["← →", "One slice"],
      ["Shift ← →", "Ten slices"],
      ["Page ↑ ↓", "Ten slices"],
      ["Home End", "First, last slice"],
      ["Shift wheel", "Through the stack"],
      [", .", "Back and forth in time"],
      [`Shift ${SUGGEST_KEY.toUpperCase()}`, "Next suggestion"],
    ],
  ],
  [
    "View",
    [
      ["Wheel", "Zoom at the pointer"],
      ["+ −", "Zoom"],
      ["0", "Fit the window"],
      ["Space drag", "Pan with any tool"],
      ["Ctrl ← ↑ → ↓", "Pan"],
      ["H", "Hide labels and result"],
      ["M", "Minimap"],
      ["V", "Next plane: XY, XZ, YZ"],
      ["T", "Three planes"],
      ["Click", "Pan tool: move the crosshair"],
      ["D", "Side by side"],
      ["S", "Swipe line"],
      ["F", "Only the image"],
    ],
  ],
  [
    "Edit",
    [
      ["Ctrl Z", "Undo"],
      ["Ctrl Shift Z", "Redo"],
      [`Shift ${HISTORY_KEY.toUpperCase()}`, "History"],
      ["Esc", "Cancel, close"],
      ["?", "This card"],
    ],
  ],
];

export class Keyboard {
  private readonly stop = new AbortController();

  constructor(
    private readonly desk: Desk,
    private readonly root: HTMLElement,
  ) {
    const { signal } = this.stop;
    document.addEventListener("keydown", (event) => this.press(event), { signal });
    document.addEventListener("keyup", (event) => this.release(event), { signal });
    addEventListener("blur", () => this.holdSpace(false), { signal });
    root.addEventListener("mousedown", (event) => this.keepFocus(event), { signal });
  }

  dispose(): void {
    this.stop.abort();
    document.documentElement.classList.remove(FOCUS_CLASS);
  }

  /** A button that the mouse has pressed must not take the keys: Enter and Space would press it again. */
  private keepFocus(event: MouseEvent): void {
    if (!(event.target as Element).closest("button")) return;
    event.preventDefault();
    this.desk.active.focus();
  }

  private press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.altKey || isTaken(event) || this.root.getClientRects().length === 0) return;
    if (this.act(event)) event.preventDefault();
  }

  /** True when the key meant something. */
  private act(event: KeyboardEvent): boolean {
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) return this.run(CONTROL_ACTIONS[key], event);
    const { active } = this.desk;
    if (this.desk.pointers.get(worker(active))?.byKeys.key(event)) return true;
    if (key === " ") return this.holdSpace(true);
    if (active.shell.get().tool !== "pan" && !active.appearance.inPast && active.labels?.key(event)) return true;
    if (this.review(event)) return true;
    if (/^[1-9]$/.test(key)) return this.chooseClass(Number(key) - 1);
    return this.run((event.shiftKey && SHIFT_ACTIONS[key]) || ACTIONS[key], event);
  }

  /** A review takes its own keys; Escape closes a card first. */
  private review(event: KeyboardEvent): boolean {
    const { review } = this.desk.state.get();
    const { keysShown, refineShown } = this.desk.active.shell.get();
    const act = review === null || this.desk.drawing || keysShown || refineShown ? null : reviewAction(event);
    act?.(review!);
    return act !== null;
  }

  private run(action: Action | undefined, event: KeyboardEvent): boolean {
    // While a stroke is under way the slice, the tool and the history must stay what they are.
    if (action === undefined || (this.desk.drawing && event.key !== "Escape")) return false;
    action(this.desk.active, event, this.desk);
    return true;
  }

  private holdSpace(held: boolean): boolean {
    for (const pointer of this.desk.pointers.values()) pointer.holdSpace(held);
    return true;
  }

  private release(event: KeyboardEvent): void {
    if (event.key === " ") this.holdSpace(false);
  }

  private chooseClass(place: number): boolean {
    const { active } = this.desk;
    const chosen = active.classes[place];
    if (chosen === undefined || this.desk.drawing) return false;
    active.choices.setActiveClass(chosen.id);
    return true;
  }
}

const TYPING = "input, textarea, select, [contenteditable]:not([contenteditable=false]), [role=textbox], [role=combobox], [role=slider]";
const NO_TEXT = "input[type=range], input[type=checkbox], input[type=radio], input[type=color], input[type=button]";
const WIDGET_KEYS = /^( |Enter|Tab|Arrow.*|Home|End|Page.*)$/;

/** Whether the key belongs to what has the focus: text being typed, a slider moved, a button pressed. */
function isTaken(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  if (target === null) return false;
  if (target.closest(NO_TEXT) !== null || target.closest("[role=slider]") !== null) return WIDGET_KEYS.test(event.key);
  if (target.closest(TYPING) !== null) return true;
  return target.closest("button, a, summary, [role=button], [role=tab]") !== null && (event.key === " " || event.key === "Enter");
}

function resizeBrush(engine: Engine, direction: number): void {
  const { brushRadius: radius } = engine.shell.get();
  const scaled = direction > 0 ? radius * BRUSH_STEP : radius / BRUSH_STEP;
  // At least one pixel, so that small brushes do not stick.
  const moved = direction > 0 ? Math.max(scaled, radius + 1) : Math.min(scaled, radius - 1);
  engine.choices.setBrushRadius(Math.max(1, Math.round(moved)));
}

/** The image in another layout, or alone again. */
function toggle(desk: Desk, layout: Layout): void {
  if (!canArrange(desk, layout)) return;
  desk.arrange(desk.state.get().layout === layout ? "single" : layout);
}

function nextPlane(desk: Desk): void {
  const { axis } = desk.main.shell.get();
  if (canArrange(desk, "planes")) desk.showPlane(AXES[(AXES.indexOf(axis) + 1) % AXES.length]);
}

/** Move the image by an eighth of the window. */
function panBy(engine: Engine, across: number, down: number): void {
  const { width, height } = engine.view.canvasSize;
  engine.view.pan((across * width) / PAN_STEPS, (down * height) / PAN_STEPS);
}

/** One step on the first axis a volume does not have, which is time in most images. */
function stepExtra({ main }: Desk, step: number): void {
  const { base } = main.shell.get();
  const axis = base?.extra_axes[0];
  if (axis === undefined) return;
  const before = positionAt(main.volume.wantedPath, axis.name);
  const position = Math.min(axis.size - 1, Math.max(0, before + step));
  if (position !== before) main.volume.goToSibling(pathAt(main.volume.wantedPath, axis.name, position));
}

/** A single image has no planes across it. */
export function canArrange(desk: Desk, layout: Layout): boolean {
  const { base } = desk.main.shell.get();
  return base !== null && (layout !== "planes" || base.shape[0] > 1);
}

function toggleFocus(engine: Engine): void {
  const focused = document.documentElement.classList.toggle(FOCUS_CLASS);
  if (focused) engine.say({ message: "Only the image.", hint: "F or Esc brings the rest back." });
}

/** Keep what waits for it; else let the keys move the tool. */
function enter(engine: Engine, desk: Desk): void {
  if (desk.proposals.isWaiting) desk.proposals.accept();
  else if (engine.shell.get().tool !== "pan") desk.pointers.get(worker(engine))?.byKeys.show();
}

function leave(engine: Engine, desk: Desk): void {
  const { keysShown, refineShown } = engine.shell.get();
  const hand = desk.pointers.get(worker(engine))?.byKeys;
  if (keysShown || refineShown) update(engine.shell, { keysShown: false, refineShown: false });
  else if (hand?.shown) hand.hide();
  else document.documentElement.classList.remove(FOCUS_CLASS);
}
