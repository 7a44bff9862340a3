/** The images on the screen: one alone, three planes, or two with a line between them. Each pane is a canvas with its own engine. */
import * as React from "react";
import type { Desk, Pane } from "../desk";
import type { Engine } from "../engine";
import type { Objects } from "../objects";
import { PLANE_COLORS, PLANE_NAMES } from "../planes";
import { PointerInput } from "../pointer";
import { Readout } from "../readout";
import { useStore } from "../store";
import type { Point } from "../types";
import { LiveBadge } from "./LiveBadge";
import { Minimap } from "./Minimap";
import { ObjectOverlay, type ObjectEvents } from "./ObjectOverlay";
import { ProposalBar } from "./ProposalBar";
import { ReviewBar, ReviewOutline } from "./ReviewBar";
import { Banner, Notices, ReadoutPill, ScaleBar, StageMessage } from "./StageOverlays";
import { ToolOptions } from "./ToolOptions";

/** What the page tells of objects, and hears. */
export interface ObjectProps {
  objects: Objects | null;
  events: ObjectEvents;
}

export function Panes({ desk, objects, events }: { desk: Desk } & ObjectProps): React.ReactElement {
  const { layout, panes, swipe } = useStore(desk.state);
  return (
    <div className="sv-panes" data-layout={layout} style={{ "--sv-swipe": `${100 * swipe}%` } as React.CSSProperties}>
      {panes.map((pane) => (
        <PaneView key={pane.id} desk={desk} pane={pane} objects={pane.engine.leader === null ? objects : null} events={events} />
      ))}
      {layout === "swipe" && <SwipeLine desk={desk} />}
      {layout === "planes" && <Position engine={desk.main} />}
    </div>
  );
}

function PaneView({ desk, pane: { id, engine }, objects, events }: { desk: Desk; pane: Pane } & ObjectProps): React.ReactElement {
  const element = React.useRef<HTMLDivElement>(null);
  const [readout] = React.useState(() => new Readout(engine));
  const { active, layout, review } = useStore(desk.state);
  const reviewed = id === "main" ? review : null;
  useCanvas(desk, engine, readout, element);
  return (
    <div className="sv-pane" data-pane={id} data-active={layout === "planes" && active === engine} ref={element}>
      <Surface engine={engine} />
      {objects !== null && <ObjectOverlay engine={engine} objects={objects} isMain={id === "main"} events={events} />}
      {reviewed !== null && <ReviewOutline engine={engine} review={reviewed} />}
      {layout === "planes" && <PlaneName engine={engine} />}
      <Title desk={desk} engine={engine} />
      <StageMessage engine={engine} />
      <div className="sv-top">
        {id === "main" && <ToolOptions engine={active.leader ?? active} />}
        {reviewed !== null && <ReviewBar engine={engine} review={reviewed} />}
        {id === "main" && <ProposalBar proposals={desk.proposals} engine={active.leader ?? active} />}
        {id === "main" && <LiveBadge live={desk.live} />}
        <Banner engine={engine} />
      </div>
      <div className="sv-corner">
        <Minimap engine={engine} />
        <ScaleBar engine={engine} />
      </div>
      <ReadoutPill readout={readout} />
      <Notices engine={engine} />
    </div>
  );
}

function Surface({ engine }: { engine: Engine }): React.ReactElement {
  const { tool, status, manifest, past } = useStore(engine.shell);
  const label = manifest === null ? "Image, none open" : `Image ${manifest.name}. Arrow keys change the slice, question mark lists all keys.`;
  const usable = status !== "shown" ? "none" : engine.leader !== null ? "pan" : past && tool !== "pan" ? "past" : tool;
  return (
    <div className="sv-surface" tabIndex={0} role="application" aria-label={label} data-tool={usable}>
      <canvas className="sv-image" />
      <canvas className="sv-cursor" />
    </div>
  );
}

/** Which of two results this pane shows. */
function Title({ desk, engine }: { desk: Desk; engine: Engine }): React.ReactElement | null {
  useStore(desk.state);
  const title = desk.titleOf(engine);
  if (title === null) return null;
  return (
    <div className="sv-title">
      <strong>{title.name}</strong> <span>{title.note}</span>
    </div>
  );
}

function PlaneName({ engine }: { engine: Engine }): React.ReactElement | null {
  const { axis, slice, manifest } = useStore(engine.shell);
  if (manifest === null) return null;
  return (
    <div className="sv-plane" style={{ "--sv-plane": PLANE_COLORS[axis] } as React.CSSProperties}>
      <strong>{PLANE_NAMES[axis]}</strong> {slice + 1} of {manifest.shape[0]}
    </div>
  );
}

/** The fourth corner: the voxel in which the planes meet. */
function Position({ engine }: { engine: Engine }): React.ReactElement {
  const { position } = useStore(engine.shell);
  return (
    <div className="sv-position">
      <dl>
        {(["x", "y", "z"] as const).map((axis) => (
          <div key={axis}>
            <dt>{axis === "z" ? "slice" : axis}</dt>
            <dd>{position[axis] + (axis === "z" ? 1 : 0)}</dd>
          </div>
        ))}
      </dl>
      <p>With the pan tool, a click moves the crosshair. Shift and the wheel go through the planes.</p>
    </div>
  );
}

const KEY_STEP = 0.02;

function SwipeLine({ desk }: { desk: Desk }): React.ReactElement {
  const { swipe } = useStore(desk.state);
  const drag = (event: React.PointerEvent<HTMLElement>): void => {
    if (event.buttons !== 1) return;
    const box = event.currentTarget.parentElement!.getBoundingClientRect();
    desk.moveSwipe((event.clientX - box.left) / box.width);
  };
  const press = (event: React.KeyboardEvent): void => {
    const step = { ArrowLeft: -KEY_STEP, ArrowRight: KEY_STEP }[event.key];
    if (step === undefined) return;
    event.stopPropagation();
    desk.moveSwipe(swipe + step);
  };
  return (
    <div
      className="sv-swipe"
      role="slider"
      tabIndex={0}
      aria-label="Swipe line"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(100 * swipe)}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onKeyDown={press}
    />
  );
}

/** Tie a pane's engine to its canvases, for as long as they are there. */
function useCanvas(desk: Desk, engine: Engine, readout: Readout, root: React.RefObject<HTMLDivElement>): void {
  React.useLayoutEffect(() => {
    const stage = root.current!.querySelector<HTMLElement>(".sv-surface")!;
    const canvas = (name: string): HTMLCanvasElement => stage.querySelector<HTMLCanvasElement>(name)!;
    engine.attach(stage, canvas(".sv-image"), canvas(".sv-cursor"));
    const follow = (point: Point | null): void => {
      readout.follow(point);
      engine.pointer.set(point);
    };
    const pointer = new PointerInput(engine, stage, follow, () => desk.activate(engine));
    desk.pointers.set(engine, pointer);
    if (engine !== desk.main) desk.open(engine);
    return () => {
      desk.pointers.delete(engine);
      pointer.dispose();
      readout.dispose();
      engine.detach();
    };
  }, [desk, engine, readout, root]);
}
