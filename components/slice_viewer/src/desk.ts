/**
 * The panes on the screen and what links them: one image alone, its three planes, or two images side by side or under a swipe line.
 *
 * Every pane is an engine of its own. The first is always there; the page's properties go to all of them through `set`.
 */
import { Engine } from "./engine";
import { Live } from "./live/live";
import type { Look, Window } from "./lut";
import type { CreateLabelLayer } from "./opening";
import type { PointerInput } from "./pointer";
import { slicesOf, StackProposals } from "./proposals";
import type { Beside, Overlay, PaneTitle, PastLabels } from "./results";
import type { Aim } from "./review/memory";
import { Review } from "./review/review";
import type { Shell } from "./shell";
import { Store, update } from "./store";
import { AXES, type LabelClass, type PlaneAxis } from "./types";

export const LAYOUTS = ["single", "planes", "beside", "swipe"] as const;
export type Layout = (typeof LAYOUTS)[number];

export interface Pane {
  id: "main" | "second" | "third";
  engine: Engine;
}

export interface DeskState {
  layout: Layout;
  panes: readonly Pane[];
  /** The pane that keys and the slice bar mean: where the pointer was last. */
  active: Engine;
  /** Where the swipe line is, 0 to 1 from the left. */
  swipe: number;
  /** The review of a result that is going on. */
  review: Review | null;
  /** What stands over the two panes that show two results; null while they do not. */
  titles: Beside["titles"] | null;
}

/** What the page sets, by name. */
export interface DeskProps {
  volume: string | null;
  classes: readonly LabelClass[];
  window: Window | null;
  look: Look;
  labelOpacity: number;
  overlay: Overlay | null;
  /** Labels that wait to be accepted; of the desk's own making. */
  proposed: Omit<Overlay, "classes"> | null;
  /** Labels of the past in place of those of now. */
  moment: PastLabels | null;
  /** Another volume to look at beside the first. */
  compare: string | null;
  /** Another result to look at beside the first. */
  beside: Beside | null;
}

const SHARED = ["tool", "brushRadius", "activeClass", "overwrite", "settings"] as const satisfies readonly (keyof Shell)[];

export class Desk {
  readonly main: Engine;
  readonly proposals: StackProposals;
  readonly live: Live;
  readonly state: Store<DeskState>;
  readonly pointers = new Map<Engine, PointerInput>();
  private readonly props: Partial<DeskProps> = {};
  private linking = false;
  private unlink: (() => void)[] = [];

  constructor(
    private readonly apiRoot: string,
    private readonly createLabelLayer: CreateLabelLayer,
  ) {
    this.main = new Engine(apiRoot, createLabelLayer);
    this.live = new Live(this.main);
    this.proposals = new StackProposals(this.main);
    this.proposals.state.subscribe(() => this.showProposed());
    this.takeOrders(this.main);
    this.state = new Store<DeskState>({ layout: "single", panes: [{ id: "main", engine: this.main }], active: this.main, swipe: 0.5, review: null, titles: null });
  }

  get active(): Engine {
    return this.state.get().active;
  }

  get drawing(): boolean {
    return [...this.pointers.values()].some(({ drawing }) => drawing);
  }

  activate(engine: Engine): void {
    if (engine !== this.active) update(this.state, { active: engine });
  }

  /** Begin, or end with null, a review of the result on the image; `left` hears that the user has had enough. */
  setReview(aim: Aim | null, left: () => void): void {
    this.state.get().review?.dispose();
    if (aim !== null) this.showPlane("z");
    update(this.state, { review: aim === null ? null : new Review(this.main, aim, left) });
    if (aim !== null) this.main.focus();
  }

  /** A property of the page, for every pane. */
  set<K extends keyof DeskProps>(name: K, value: DeskProps[K]): void {
    this.props[name] = value;
    for (const { engine } of this.state.get().panes) this.apply(engine, name);
    if (name === "classes") this.live.setClasses(this.props.classes ?? []);
    if (name === "classes" && this.props.proposed != null) this.set("proposed", this.props.proposed); // its colours are theirs
  }

  /** Show another result beside the first; without one, the first alone. */
  setBeside(beside: Beside | null): void {
    const { layout, titles } = this.state.get();
    const ended = beside === null && titles !== null;
    this.set("beside", beside);
    update(this.state, { titles: beside?.titles ?? null });
    if (beside !== null && titles === null && layout !== "swipe") this.arrange("beside");
    if (ended && layout !== "planes") this.arrange("single");
  }

  /** What stands over a pane; null while the panes show no two results. */
  titleOf({ leader }: Engine): PaneTitle | null {
    const { layout, titles } = this.state.get();
    if (titles === null || (layout !== "beside" && layout !== "swipe")) return null;
    return titles[leader === null ? 0 : 1];
  }

  private takeOrders(engine: Engine): void {
    engine.takeOrder = (order) => void this.proposals.order(order);
  }

  private showProposed(): void {
    const { waiting } = this.proposals.state.get();
    const { root } = this.proposals;
    const proposed = waiting === null || root === null ? null : { id: waiting.id, root, opacity: 1, slices: slicesOf(waiting, "open") };
    if (JSON.stringify(proposed) !== JSON.stringify(this.props.proposed ?? null)) this.set("proposed", proposed);
  }

  moveSwipe(swipe: number): void {
    update(this.state, { swipe: Math.min(1, Math.max(0, swipe)) });
  }

  /** Show the planes of `axis` alone. */
  showPlane(axis: PlaneAxis): void {
    this.arrange("single");
    this.main.setAxis(axis);
  }

  arrange(layout: Layout): void {
    if (layout === this.state.get().layout) return;
    for (const stop of this.unlink.splice(0)) stop();
    const extra = this.extraEngines(layout);
    const panes: Pane[] = [{ id: "main", engine: this.main }, ...extra.map((engine, place) => ({ id: (["second", "third"] as const)[place], engine }))];
    for (const { engine } of panes) engine.setCrosshair(layout === "planes");
    if (layout === "planes") this.main.setAxis("z");
    update(this.state, { layout, panes, active: this.main });
    if (extra.length > 0) this.link(panes.map(({ engine }) => engine));
  }

  /** The engines beside the main one. They are opened once they have a canvas, see `open`. */
  private extraEngines(layout: Layout): Engine[] {
    if (layout === "single") return [];
    const { position, axis, tool, brushRadius, activeClass, overwrite, settings } = this.main.shell.get();
    const axes: PlaneAxis[] = layout === "planes" ? ["x", "y"] : [axis];
    return axes.map((plane) => {
      const engine = new Engine(this.apiRoot, this.createLabelLayer);
      this.takeOrders(engine);
      engine.guest = true;
      engine.leader = layout === "planes" ? null : this.main;
      update(engine.shell, { axis: plane, position, slice: position[plane], tool, brushRadius, activeClass, overwrite, settings, minimapShown: false });
      return engine;
    });
  }

  /** A pane has its canvas: show in it what the page has set. */
  open(engine: Engine): void {
    for (const name of Object.keys(this.props) as (keyof DeskProps)[]) if (name !== "volume") this.apply(engine, name);
    this.apply(engine, "volume");
  }

  private apply(engine: Engine, name: keyof DeskProps): void {
    const { props } = this;
    if (name === "volume" || name === "compare") engine.volume.open((engine.leader === null ? null : props.compare) ?? props.volume ?? null);
    else if (name === "classes") engine.choices.setClasses(props.classes ?? []);
    else if (name === "look") engine.appearance.setLook(props.look!);
    else if (name === "labelOpacity") engine.appearance.setLabelOpacity(props.labelOpacity ?? 0.5);
    else if (name === "window") engine.appearance.setWindow(this.isOther(engine) ? null : (props.window ?? null));
    else if (name === "proposed") engine.appearance.setProposed(engine.leader === null && props.proposed ? { ...props.proposed, classes: [...(props.classes ?? [])] } : null);
    else if (name === "moment") engine.appearance.setMoment(engine.leader === null ? (props.moment ?? null) : null);
    else engine.appearance.setOverlay(this.overlayOf(engine));
  }

  private overlayOf(engine: Engine): Overlay | null {
    if (engine.leader === null) return this.props.overlay ?? null;
    return this.isOther(engine) ? null : (this.props.beside?.overlay ?? null);
  }

  /** Whether a pane shows another volume, for which the window of this one means nothing. */
  private isOther(engine: Engine): boolean {
    return engine.leader !== null && this.props.compare != null && this.props.compare !== this.props.volume;
  }

  private link(engines: readonly Engine[]): void {
    const { layout } = this.state.get();
    for (const engine of engines) {
      const others = engines.filter((other) => other !== engine);
      const leads = (): boolean => engine.leader === null || engine === this.active; // one that follows may lag behind
      const shells = (): void => this.once(() => leads() && others.forEach((other) => share(engine, other)));
      this.unlink.push(engine.shell.subscribe(shells));
      if (layout === "planes") continue;
      const cameras = (): void => this.once(() => leads() && others.forEach((other) => other.view.follow(engine.camera.get())));
      this.unlink.push(engine.camera.subscribe(cameras));
    }
  }

  /** Do `work` unless it is itself the cause of what it answers. */
  private once(work: () => unknown): void {
    if (this.linking) return;
    this.linking = true;
    try {
      work();
    } finally {
      this.linking = false;
    }
  }
}

/** Bring tool, brush, class and position of one pane to another. */
function share(from: Engine, to: Engine): void {
  const [source, target] = [from.shell.get(), to.shell.get()];
  const changed = SHARED.filter((name) => source[name] !== target[name]);
  if (changed.length > 0) {
    to.choices.setTool(source.tool);
    to.choices.setBrushRadius(source.brushRadius);
    to.choices.setActiveClass(source.activeClass);
    to.choices.setOverwrite(source.overwrite);
    to.choices.changeSettings(source.settings);
  }
  if (source.base !== null && AXES.some((name) => source.position[name] !== target.position[name])) to.goToVoxel(source.position);
}
