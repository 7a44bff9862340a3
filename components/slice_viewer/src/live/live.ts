/**
 * The live prediction: the pixel classifier learns from what is painted and shows what it makes of the view, unsaved.
 *
 * It follows the main pane, whatever plane that shows. A stroke the server has taken, another view or other parameters make a new order, which ends the one
 * before it; what is on the screen stays until something newer lands. The server thinks in a process of its own, so that painting
 * and tiles go on; `stream.ts` reads what it says, `tiles.ts` keeps it, `taking.ts` makes labels of it.
 */
import type { Engine } from "../engine";
import { csrfToken, newId, readProblem } from "../labels/wire";
import { planeManifest } from "../planes";
import { Store, update } from "../store";
import type { Camera, LabelClass, Manifest, PlaneAxis, Rect } from "../types";
import { FrameReader, inflate, type Header } from "./stream";
import { takeLabels } from "./taking";
import { LiveTiles } from "./tiles";

const REST_MS = 120; // after the view has moved: a drag or a scrub is over

export type Phase = "off" | "waiting" | "computing" | "rough" | "current" | "stale" | "failed";

export interface LiveState {
  on: boolean;
  phase: Phase;
  /** What is wrong, or what is waited for, and the way out. */
  message: string;
  hint: string;
  /** What was learned from. */
  pixels: number;
  classes: number;
  slices: number;
  /** What shows is on its way to become labels. */
  taking: boolean;
}

/** How it is shown and made; the property `liveOptions`. */
export interface LiveOptions {
  opacity: number;
  /** Class ids that do not show. */
  hidden: readonly number[];
  /** Of the pixel classifier. */
  parameters: Readonly<Record<string, unknown>>;
}

/** When what has landed was on the screen, by `performance.now()`; 0: not yet. For measurements. */
export interface Landings {
  order: number;
  revision: number;
  first: number;
  rough: number;
  done: number;
}

export const DEFAULT_OPTIONS: LiveOptions = { opacity: 0.45, hidden: [], parameters: {} };
export const LIVE_OFF: LiveState = { on: false, phase: "off", message: "", hint: "", pixels: 0, classes: 0, slices: 0, taking: false };

const TAB = newId(); // of this browser window: the server keeps a model for it
const UNREACHABLE = { message: "The server cannot be reached.", hint: "Update once more when it can." };

const NOT_CURRENT = { message: "The live prediction is not up to date.", hint: "Update it once, then use it as labels." };

interface Wanted {
  axis: PlaneAxis;
  /** Of the plane. */
  z: number;
  level: number;
  box: [number, number, number, number];
  revision: number;
}

export class Live {
  readonly state = new Store<LiveState>(LIVE_OFF);
  landings: Landings = { order: 0, revision: 0, first: 0, rough: 0, done: 0 };
  private readonly planes = new Map<PlaneAxis, LiveTiles>(); // of the volume, as far as they were looked at
  private manifest: Manifest | null = null;
  private options = DEFAULT_OPTIONS;
  private classes: readonly LabelClass[] = [];
  private asked: Wanted | null = null;
  private made = ""; // what the last order was for
  private running: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly engine: Engine) {
    engine.shell.subscribe(() => this.follow());
    engine.camera.subscribe(() => this.follow());
    document.addEventListener("visibilitychange", () => this.follow());
  }

  setOn(on: boolean): void {
    if (on === this.state.get().on) return;
    update(this.state, { on });
    if (on) this.follow();
    else this.hide();
  }

  /** Predict what shows once, without following what is painted after. */
  once(): void {
    const wanted = this.wanted();
    if (wanted === null) return this.engine.say({ message: "There is nothing to predict here.", hint: "Open a dataset, and go back to the labels of now." });
    this.begin(wanted);
  }

  /** Take what was predicted off the image. */
  hide(): void {
    this.stop();
    for (const tiles of this.planes.values()) tiles.clear();
    this.made = "";
    this.asked = null;
    this.state.set({ ...LIVE_OFF, on: this.state.get().on });
    if (this.state.get().on) this.follow();
    this.redraw();
  }

  setOptions(options: LiveOptions): void {
    this.options = options;
    this.dress();
    this.follow();
  }

  setClasses(classes: readonly LabelClass[]): void {
    this.classes = classes;
    this.dress();
  }

  /** Make labels of what shows, where nothing is painted; of the classes that are ticked. */
  async take(): Promise<void> {
    const { engine, options } = this;
    const wanted = this.wanted();
    if (this.state.get().taking || !engine.mayEdit()) return;
    if (wanted === null || this.state.get().phase !== "current" || this.purpose(wanted) !== this.made) return engine.say(NOT_CURRENT);
    const classes = this.classes.map(({ id }) => id).filter((id) => !options.hidden.includes(id));
    update(this.state, { taking: true });
    await takeLabels(engine, this.url, { ...this.question(wanted), classes });
    update(this.state, { taking: false });
  }

  private dress(): void {
    const { hidden, opacity } = this.options;
    for (const tiles of this.planes.values()) {
      tiles.opacity = opacity;
      tiles.setClasses(this.classes.map((entry) => ({ ...entry, visible: !hidden.includes(entry.id) })));
    }
    this.redraw();
  }

  /** Something has moved: order anew where one wants that, else say that what shows is out of date. */
  private follow(): void {
    this.meet();
    const wanted = this.wanted();
    const { on, phase } = this.state.get();
    clearTimeout(this.timer);
    if (wanted === null) return this.stop();
    if (this.purpose(wanted) === this.made) return phase === "stale" ? update(this.state, { phase: "current" }) : undefined;
    if (!on) return phase === "off" ? undefined : this.outdate();
    const painted = wanted.revision !== this.asked?.revision;
    if (painted && this.running !== null && phase === "computing") return; // its first impression comes in a moment, then the next
    if (painted) this.begin(wanted);
    else this.timer = setTimeout(() => this.begin(this.wanted()), REST_MS);
  }

  /** Another volume, or other pixels of it: what was predicted is of the past. Another plane: it has tiles of its own. */
  private meet(): void {
    const { base, axis } = this.engine.shell.get();
    if (base?.id !== this.manifest?.id || base?.version !== this.manifest?.version) {
      this.stop();
      this.manifest = base;
      this.planes.clear();
      this.made = "";
      this.state.set({ ...LIVE_OFF, on: this.state.get().on });
    }
    if (base !== null && !this.planes.has(axis)) {
      this.planes.set(axis, new LiveTiles(planeManifest(base, axis)));
      this.dress();
    }
    this.engine.appearance.setLive(this.planes.get(axis) ?? null);
  }

  private outdate(): void {
    this.stop();
    if (this.state.get().phase !== "stale") update(this.state, { phase: "stale", message: "", hint: "" });
  }

  /** What there is to predict now; null: nothing. */
  private wanted(): Wanted | null {
    const { status, axis, slice, past, labelsRevision } = this.engine.shell.get();
    const { picture } = this.engine;
    if (status !== "shown" || past || picture === null || document.visibilityState !== "visible") return null;
    const camera = this.engine.camera.get();
    const box = inside(camera, picture.area);
    if (box === null) return null;
    return { axis, z: slice, level: picture.levelOf(camera), box, revision: labelsRevision };
  }

  private purpose(wanted: Wanted): string {
    return JSON.stringify([wanted, this.options.parameters]);
  }

  private stop(): void {
    clearTimeout(this.timer);
    if (this.running === null) return;
    this.running.abort();
    this.running = null;
    this.made = ""; // not all of it
  }

  private begin(wanted: Wanted | null): void {
    this.stop();
    if (wanted === null) return;
    this.asked = wanted;
    this.made = this.purpose(wanted);
    this.landings = { order: this.landings.order + 1, revision: wanted.revision, first: 0, rough: 0, done: 0 };
    this.running = new AbortController();
    update(this.state, { phase: "computing", message: "", hint: "" });
    void this.order(wanted, this.running);
  }

  private async order(wanted: Wanted, running: AbortController): Promise<void> {
    try {
      const response = await this.post(wanted, running.signal);
      if (!response.ok) return this.fail(running, await readProblem(response));
      const [reader, frames] = [response.body!.getReader(), new FrameReader()];
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        for (const { header, payload } of frames.take(chunk.value)) {
          const pixels = header.tile === undefined ? null : await inflate(payload);
          if (this.running !== running) return;
          this.hear(wanted, header, pixels);
        }
      }
    } catch {
      this.fail(running, UNREACHABLE);
    }
    if (this.running === running) this.running = null;
    this.follow();
  }

  private get url(): string {
    return `${this.engine.apiRoot}/live/${this.manifest!.id}`;
  }

  /** As docs/contracts.md has it. */
  private question({ axis, z, level, box }: Wanted): object {
    const at = this.engine.pointer.get();
    const cursor = at === null ? [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] : [at.y, at.x];
    return { tab: TAB, axis, z, level, box, cursor, parameters: this.options.parameters };
  }

  private post(wanted: Wanted, signal: AbortSignal): Promise<Response> {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken(document.cookie) };
    return fetch(this.url, { method: "POST", headers, body: JSON.stringify(this.question(wanted)), signal });
  }

  private hear(wanted: Wanted, header: Header, pixels: Uint8Array | null): void {
    const { state, message = "", hint = "" } = header;
    if (pixels !== null) this.land(wanted, header, pixels);
    else if (state === "learned") update(this.state, { pixels: header.pixels!, classes: header.class_ids!.length, slices: header.slices! });
    else if (state === "rough" || state === "done") this.complete(wanted, state);
    else if (state === "waiting" || state === "failed") update(this.state, { phase: state, message, hint });
  }

  private land({ axis, z }: Wanted, header: Header, pixels: Uint8Array): void {
    this.planes.get(axis)!.put(z, header, pixels);
    this.redraw();
    if (this.landings.first === 0) this.note("first");
  }

  /** The whole view is there, roughly or sharply. */
  private complete({ axis, z, level }: Wanted, state: "rough" | "done"): void {
    this.planes.get(axis)!.show(z, level);
    this.redraw();
    this.note(state);
    update(this.state, { phase: state === "rough" ? "rough" : "current" });
    if (state === "rough") this.follow(); // strokes that came meanwhile
  }

  private note(what: "first" | "rough" | "done"): void {
    const { landings } = this;
    requestAnimationFrame(() => (landings[what] = performance.now()));
  }

  private fail(running: AbortController, { message, hint }: { message: string; hint: string }): void {
    if (this.running !== running) return; // it was ended on purpose
    this.running = null;
    update(this.state, { phase: "failed", message, hint });
  }

  private redraw(): void {
    this.engine.picture?.overChanged();
  }
}

/** The whole pixels of the image in view, [y0, x0, y1, x1]; null while there are none. */
function inside(camera: Camera, area: Rect): Wanted["box"] | null {
  const view = camera.view();
  const box: Wanted["box"] = [Math.max(area.y0, Math.floor(view.y0)), Math.max(area.x0, Math.floor(view.x0)), Math.min(area.y1, Math.ceil(view.y1)), Math.min(area.x1, Math.ceil(view.x1))];
  return box[2] > box[0] && box[3] > box[1] ? box : null;
}

/** What is told beside the words "Live prediction". */
export function describe({ phase, message, hint, pixels, classes, slices }: LiveState): string {
  const from = pixels === 0 ? "" : ` Learned from ${pixels.toLocaleString("en")} pixels of ${classes} classes on ${slices === 1 ? "1 slice" : `${slices} slices`}.`;
  if (phase === "waiting" || phase === "failed") return `${message} ${hint}`.trim();
  if (phase === "computing") return "Computing…";
  if (phase === "rough") return "Half resolution, getting sharp…";
  if (phase === "current") return `Up to date.${from}`;
  return phase === "stale" ? "Out of date. Update once shows the present state." : "";
}
