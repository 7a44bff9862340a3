/** The component as Dash sees it: properties in and out, and the frame around the image. docs/contracts.md lists the properties. */
import * as React from "react";
import { Desk } from "../desk";
import type { Engine } from "../engine";
import { Keyboard } from "../keys";
import { createLabelLayer } from "../labels";
import { DEFAULT_OPTIONS, describe, type LiveOptions } from "../live/live";
import { PLAIN, type Look, type Window } from "../lut";
import type { ObjectRequest, Objects, Pick } from "../objects";
import type { CreateLabelLayer } from "../opening";
import type { Beside, Overlay, PastLabels } from "../results";
import type { Aim } from "../review/memory";
import { readPlace, writePlace } from "../place";
import type { StackOrder } from "../proposals";
import { PropSender, type Props } from "../sender";
import { useStore } from "../store";
import { TILE_MEMORY } from "../tilememory";
import type { LabelClass, Point, Tool } from "../types";
import type { CutLine, ObjectEvents } from "./ObjectOverlay";
import { Panes } from "./Panes";
import { SliceBar } from "./SliceBar";
import { KeyCard } from "./StageOverlays";
import { ToolRail } from "./ToolRail";

const ANNOUNCE_MS = 400; // a screen reader hears where the scrubbing ended, not every slice on the way

export interface SliceViewerProps {
  id?: string;
  apiRoot?: string;
  volume?: string | null;
  classes?: LabelClass[];
  activeClass?: number | null;
  tool?: Tool;
  brushRadius?: number;
  slice?: number;
  window?: Window | null;
  look?: Look | null;
  labelOpacity?: number;
  overlay?: Overlay | null;
  /** Labels of the past in place of those of now. */
  moment?: PastLabels | null;
  /** Another volume to look at beside this one. */
  compare?: string | null;
  /** Another result to look at beside the first, on the same slices. */
  beside?: Beside | null;
  /** Memory for tiles, MiB. */
  tileCacheMb?: number | null;
  /** Where the window looks, as `place.ts` writes it; null while all is in view. */
  place?: string | null;
  /** Labels to be proposed; another `number` is another order. */
  order?: (StackOrder & { number: number }) | null;
  /** Chosen objects: outlined, gone to, cut. */
  objects?: Objects | null;
  /** A change of objects to be made, once for every `number`. */
  request?: ObjectRequest | null;
  /** The review of a result: what it goes through; null while there is none. */
  review?: Aim | null;
  /** Whether the live prediction follows what is painted. */
  live?: boolean;
  /** Another number: predict what shows once. */
  liveOnce?: number | null;
  liveOptions?: LiveOptions | null;
  setProps: (props: Props) => void;
}

const NO_CLASSES: LabelClass[] = [];
const NOTHING_DONE = { classesRevision: 0, objectsRevision: 0 }; // what Dash knows without being told

let lastRequest = 0; // of the page, so that none is made twice when the component is drawn anew

export function SliceViewer(props: SliceViewerProps): React.ReactElement {
  const [desk] = React.useState(() => new Desk(props.apiRoot ?? "/api", createLabelLayer satisfies CreateLabelLayer));
  const root = React.useRef<HTMLDivElement>(null);
  const { active } = useStore(desk.state);
  useKeyboard(desk, root);
  useProperties(desk, props, root);
  return (
    <div id={props.id} className="sv-root" ref={root}>
      <ToolRail engine={active.leader ?? active} />
      <div className="sv-stage">
        <Panes desk={desk} objects={props.objects ?? null} events={useObjects(desk, props)} />
        <KeyCard engine={desk.main} />
      </div>
      <SliceBar desk={desk} />
      <Announcer engine={active} />
    </div>
  );
}

/** What is done to objects on the image and in the page. */
function useObjects(desk: Desk, { objects, request, setProps }: SliceViewerProps): ObjectEvents {
  const latest = React.useRef({ objects, setProps });
  latest.current = { objects, setProps };
  React.useEffect(() => {
    if (request == null || request.number <= lastRequest) return;
    lastRequest = request.number;
    desk.main.request(request);
  }, [desk, request?.number]);
  return React.useMemo(() => {
    const onPick = (pick: Pick): void => latest.current.setProps({ pick });
    const onCut = (line: CutLine): void => {
      const { objects, setProps } = latest.current;
      if (line.points.length > 0 && objects != null) desk.main.request({ url: `${objects.root}/cut`, body: { ids: objects.ids, ...line }, what: "split" });
      setProps({ cut: Date.now() });
    };
    return { onPick, onCut };
  }, [desk]);
}

function Announcer({ engine }: { engine: Engine }): React.ReactElement {
  const { slice, manifest } = useStore(engine.shell);
  const [text, setText] = React.useState("");
  React.useEffect(() => {
    if (manifest === null) return undefined;
    const timer = setTimeout(() => setText(`Slice ${slice + 1} of ${manifest.shape[0]}`), ANNOUNCE_MS);
    return () => clearTimeout(timer);
  }, [slice, manifest]);
  return (
    <div className="sv-announcer" aria-live="polite">
      {text}
    </div>
  );
}

function useKeyboard(desk: Desk, root: React.RefObject<HTMLDivElement>): void {
  React.useLayoutEffect(() => {
    const keyboard = new Keyboard(desk, root.current!);
    Object.assign(root.current!, { __viewer: debugHandle(desk) });
    return () => keyboard.dispose();
  }, [desk, root]);
}

/** Bring the page's changes in, and the user's out. */
function useProperties(desk: Desk, props: SliceViewerProps, root: React.RefObject<HTMLDivElement>): void {
  const setProps = React.useRef(props.setProps);
  setProps.current = props.setProps;
  const [sender] = React.useState(() => new PropSender(NOTHING_DONE, (changes) => setProps.current(changes)));
  const { main } = desk;
  const incoming = <T,>(name: string, value: T | undefined, apply: (value: T) => void): void => {
    React.useEffect(() => {
      if (sender.isNews(name, value)) apply(value!);
    }, [value]);
  };
  incoming("slice", props.slice, (z) => main.goToVoxel({ ...main.shell.get().position, z }));
  incoming("tool", props.tool, (tool) => main.choices.setTool(tool));
  incoming("brushRadius", props.brushRadius, (radius) => main.choices.setBrushRadius(radius));
  incoming("activeClass", props.activeClass, (id) => main.choices.setActiveClass(id));
  incoming("order", props.order, (order) => order !== null && main.takeOrder(order));
  incoming("live", props.live, (on) => desk.live.setOn(on));
  incoming("liveOnce", props.liveOnce, (number) => number !== null && desk.live.once());
  incoming("place", props.place, (text) => showPlace(main, text));
  React.useEffect(() => desk.live.setOptions(props.liveOptions ?? DEFAULT_OPTIONS), [desk, props.liveOptions]);
  React.useEffect(() => desk.set("classes", props.classes ?? NO_CLASSES), [desk, props.classes]);
  React.useEffect(() => desk.set("window", props.window ?? null), [desk, props.window]);
  React.useEffect(() => desk.set("look", props.look ?? PLAIN), [desk, props.look]);
  React.useEffect(() => desk.set("labelOpacity", props.labelOpacity ?? 0.5), [desk, props.labelOpacity]);
  React.useEffect(() => desk.set("overlay", props.overlay ?? null), [desk, props.overlay]);
  React.useEffect(() => desk.setBeside(props.beside ?? null), [desk, props.beside]);
  React.useEffect(() => TILE_MEMORY.setLimit(props.tileCacheMb ?? null), [props.tileCacheMb]);
  React.useEffect(() => desk.set("moment", props.moment ?? null), [desk, props.moment]);
  React.useEffect(() => desk.setReview(props.review ?? null, () => setProps.current({ review: null })), [desk, props.review]);
  React.useEffect(() => {
    desk.set("compare", props.compare ?? null);
    if (props.compare != null && desk.state.get().layout !== "swipe") desk.arrange("beside");
  }, [desk, props.compare]);
  React.useEffect(() => desk.set("volume", props.volume ?? null), [desk, props.volume]);
  React.useEffect(() => watch(desk, (props) => sender.offer(props)), [desk, sender]);
  React.useEffect(() => whenShown(main, () => sender.tellShown()), [main, sender]);
  React.useEffect(() => beforeActs(root.current!, () => sender.tellAll()), [root, sender]);
  React.useEffect(() => () => sender.dispose(), [sender]);
}

function showPlace(engine: Engine, text: string | null): void {
  const place = text === null ? null : readPlace(text);
  if (place !== null) engine.view.showPlace(place);
}

/** Call `tell` after each frame that shows the slice wished for. */
function whenShown(engine: Engine, tell: () => void): () => void {
  return engine.frames.subscribe(() => {
    if (engine.picture?.ready) setTimeout(tell); // once the frame has been painted
  });
}

/** Call `tell` before a click or an entry in the page around `root` is heard by anybody else: "this slice" must be the one that is seen. */
function beforeActs(root: HTMLElement, tell: () => void): () => void {
  const stop = new AbortController();
  const hear = ({ target }: Event): void => {
    if (!root.contains(target as Node)) tell(); // what happens in the viewer, a drag of its slider for one, asks Dash for nothing
  };
  for (const act of ["click", "input", "change"]) document.addEventListener(act, hear, { capture: true, signal: stop.signal });
  return () => stop.abort();
}

/** Tell `offer` what the page reads, whenever a pane changes. */
function watch(desk: Desk, offer: (props: Props) => void): () => void {
  const tell = (): void => offer(outgoing(desk));
  let stops: (() => void)[] = [];
  const attach = (): void => {
    for (const stop of stops) stop();
    stops = desk.state.get().panes.map(({ engine }) => engine.shell.subscribe(tell));
    stops.push(desk.main.camera.subscribe(tell), desk.live.state.subscribe(tell));
  };
  attach();
  const unwatch = desk.state.subscribe(attach);
  return () => [unwatch, ...stops].forEach((stop) => stop());
}

/** The properties that the page reads. */
function outgoing(desk: Desk): Props {
  const { position, present, sibling, tool, brushRadius, activeClass, base, annotated, classesRevision, objectsRevision, problem, notices } = desk.main.shell.get();
  const lost = notices.findLast(({ sticky }) => sticky);
  const saveStates = desk.state.get().panes.map(({ engine }) => engine.shell.get().saveState);
  const saveState = saveStates.find(({ state }) => state !== "saved") ?? saveStates[0];
  const { place } = desk.main.view;
  const live = desk.live.state.get();
  return { live: live.on, liveText: describe(live), present, sibling, place: place === null ? null : writePlace(place), slice: position.z, tool, brushRadius, activeClass, manifest: base, annotated, saveState, classesRevision, objectsRevision, error: problem ?? lost ?? null };
}

/** For tests and measurements: conditions to wait for instead of sleeping. */
function debugHandle(desk: Desk): object {
  return { ...paneHandle(desk.main), live: () => ({ ...desk.live.state.get(), ...desk.live.landings }), layout: () => desk.state.get().layout, pane: (place: number) => paneHandle(desk.state.get().panes[place].engine) };
}

function paneHandle(engine: Engine): object {
  return {
    state: () => {
      const { slice, status, saveState, tool, axis, position, proposal, present, notices } = engine.shell.get();
      const { picture, labels } = engine;
      const labelsReady = labels !== null && !labels.loading;
      const shown = picture?.shown ?? -1;
      const facts = { ready: picture?.ready ?? false, pendingTiles: picture?.pendingTiles ?? 0, level: picture?.level ?? 0, idle: picture?.idle ?? true };
      const overlay = engine.appearance.overlayId;
      const moving = { scale: engine.camera.get().scale, frame: engine.frames.get(), mark: engine.mark };
      return { slice, shown, status, tool, axis, position, proposal, present, notices, overlay, labelsReady, saveState: saveState.state, ...moving, ...facts };
    },
    /** Client (CSS) coordinates of an image point. */
    imageToScreen: (y: number, x: number) => engine.view.toClient({ x, y } satisfies Point),
    /** Image point at client coordinates. */
    screenToImage: (x: number, y: number) => engine.view.fromClient({ x, y }),
  };
}
