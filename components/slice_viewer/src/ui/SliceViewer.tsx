/** The component as Dash sees it: properties in and out, and the frame around the image. docs/contracts.md lists the properties. */
import * as React from "react";
import { Engine, type CreateLabelLayer } from "../engine";
import { Keyboard } from "../keys";
import { createLabelLayer } from "../labels";
import { PLAIN, type Look, type Window } from "../lut";
import { PointerInput } from "../pointer";
import { Readout } from "../readout";
import type { Overlay } from "../results";
import { PropSender, type Props } from "../sender";
import type { Shell } from "../shell";
import { useStore } from "../store";
import type { LabelClass, Point, Tool } from "../types";
import { Minimap } from "./Minimap";
import { SliceBar } from "./SliceBar";
import { Banner, KeyCard, Notices, ReadoutPill, ScaleBar, StageMessage } from "./StageOverlays";
import { ToolOptions, ToolRail } from "./ToolRail";

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
  setProps: (props: Props) => void;
}

const NO_CLASSES: LabelClass[] = [];

export function SliceViewer(props: SliceViewerProps): React.ReactElement {
  const [engine] = React.useState(() => new Engine(props.apiRoot ?? "/api", createLabelLayer satisfies CreateLabelLayer));
  const [readout] = React.useState(() => new Readout(engine));
  const root = React.useRef<HTMLDivElement>(null);
  useCanvases(engine, readout, root);
  useProperties(engine, props);
  return (
    <div id={props.id} className="sv-root" ref={root}>
      <ToolRail engine={engine} />
      <div className="sv-stage">
        <Surface engine={engine} />
        <StageMessage engine={engine} />
        <div className="sv-top">
          <ToolOptions engine={engine} />
          <Banner engine={engine} />
        </div>
        <div className="sv-corner">
          <Minimap engine={engine} />
          <ScaleBar engine={engine} />
        </div>
        <ReadoutPill readout={readout} />
        <Notices engine={engine} />
        <KeyCard engine={engine} />
      </div>
      <SliceBar engine={engine} />
      <Announcer engine={engine} />
    </div>
  );
}

function Surface({ engine }: { engine: Engine }): React.ReactElement {
  const { tool, status, manifest } = useStore(engine.shell);
  const label = manifest === null ? "Image, none open" : `Image ${manifest.name}. Arrow keys change the slice, question mark lists all keys.`;
  return (
    <div className="sv-surface" tabIndex={0} role="application" aria-label={label} data-tool={status === "shown" ? tool : "none"}>
      <canvas className="sv-image" />
      <canvas className="sv-cursor" />
    </div>
  );
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

/** Tie the engine to the elements on the page, for as long as they are there. */
function useCanvases(engine: Engine, readout: Readout, root: React.RefObject<HTMLDivElement>): void {
  React.useLayoutEffect(() => {
    const element = root.current!;
    const stage = element.querySelector<HTMLElement>(".sv-surface")!;
    const canvas = (name: string): HTMLCanvasElement => stage.querySelector<HTMLCanvasElement>(name)!;
    engine.attach(stage, canvas(".sv-image"), canvas(".sv-cursor"));
    const pointer = new PointerInput(engine, stage, (point) => readout.follow(point));
    const keyboard = new Keyboard(engine, pointer, element);
    Object.assign(element, { __viewer: debugHandle(engine) });
    return () => {
      keyboard.dispose();
      pointer.dispose();
      readout.dispose();
      engine.detach();
    };
  }, [engine, readout, root]);
}

/** Bring the page's changes in, and the user's out. */
function useProperties(engine: Engine, props: SliceViewerProps): void {
  const setProps = React.useRef(props.setProps);
  setProps.current = props.setProps;
  const [sender] = React.useState(() => new PropSender({}, (changes) => setProps.current(changes)));
  const incoming = <T,>(name: string, value: T | undefined, apply: (value: T) => void): void => {
    React.useEffect(() => {
      if (sender.isNews(name, value)) apply(value!);
    }, [value]);
  };
  incoming("slice", props.slice, (slice) => engine.goTo(slice));
  incoming("tool", props.tool, (tool) => engine.setTool(tool));
  incoming("brushRadius", props.brushRadius, (radius) => engine.setBrushRadius(radius));
  incoming("activeClass", props.activeClass, (id) => engine.setActiveClass(id));
  React.useEffect(() => engine.setClasses(props.classes ?? NO_CLASSES), [engine, props.classes]);
  React.useEffect(() => engine.setWindow(props.window ?? null), [engine, props.window]);
  React.useEffect(() => engine.setLook(props.look ?? PLAIN), [engine, props.look]);
  React.useEffect(() => engine.setLabelOpacity(props.labelOpacity ?? 0.5), [engine, props.labelOpacity]);
  React.useEffect(() => engine.setOverlay(props.overlay ?? null), [engine, props.overlay]);
  React.useEffect(() => engine.openVolume(props.volume ?? null), [engine, props.volume]);
  React.useEffect(() => engine.shell.subscribe(() => sender.offer(outgoing(engine.shell.get()))), [engine, sender]);
  React.useEffect(() => () => sender.dispose(), [sender]);
}

/** The properties that the page reads. */
function outgoing(shell: Shell): Props {
  const { slice, tool, brushRadius, activeClass, manifest, annotated, saveState, classesRevision, problem, notices } = shell;
  const lost = notices.findLast(({ sticky }) => sticky);
  return { slice, tool, brushRadius, activeClass, manifest, annotated, saveState, classesRevision, error: problem ?? lost ?? null };
}

/** For tests and measurements: conditions to wait for instead of sleeping. */
function debugHandle(engine: Engine): object {
  return {
    state: () => {
      const { slice, status, saveState, tool } = engine.shell.get();
      const { picture, labels } = engine;
      const labelsReady = labels !== null && !labels.loading;
      const shown = picture?.shown ?? -1;
      const facts = { ready: picture?.ready ?? false, pendingTiles: picture?.pendingTiles ?? 0, level: picture?.level ?? 0, idle: picture?.idle ?? true };
      const overlay = engine.overlayId;
      return { slice, shown, status, tool, overlay, scale: engine.camera.get().scale, labelsReady, saveState: saveState.state, ...facts };
    },
    /** Client (CSS) coordinates of an image point. */
    imageToScreen: (y: number, x: number) => engine.toClient({ x, y } satisfies Point),
    /** Image point at client coordinates. */
    screenToImage: (x: number, y: number) => engine.fromClient({ x, y }),
  };
}
