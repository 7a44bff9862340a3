/** The bar under the image: which slice, where there are labels and predictions, how large it is drawn. */
import * as React from "react";
import type { Desk, Layout } from "../desk";
import type { Engine } from "../engine";
import { PLANE_NAMES } from "../planes";
import { slicesOf } from "../proposals";
import { runs } from "../runs";
import { update, useStore } from "../store";
import { axisOrders, pathAt, pathWithAxes, positionAt } from "../siblings";
import { AXES, type ExtraAxis, type PlaneAxis } from "../types";
import { Icon, type IconName } from "./icons";

const ZOOM_STEP = 1.25;

export function SliceBar({ desk }: { desk: Desk }): React.ReactElement | null {
  const { active: engine } = useStore(desk.state);
  const { manifest } = useStore(engine.shell);
  if (manifest === null) return null;
  const count = manifest.shape[0];
  return (
    <div className="sv-bar">
      {count > 1 ? <Steps engine={engine} count={count} /> : <span className="sv-single">Single image</span>}
      {count > 1 ? <Track desk={desk} engine={engine} count={count} /> : <span className="sv-track" />}
      <ExtraAxes engine={desk.main} />
      <LayoutControls desk={desk} />
      <ZoomControls engine={engine} />
    </div>
  );
}

/** A slider for each axis that a volume does not have, and the order in which the array's axes are meant. */
function ExtraAxes({ engine }: { engine: Engine }): React.ReactElement | null {
  const { base } = useStore(engine.shell);
  if (base === null) return null;
  const orders = axisOrders(base);
  return (
    <>
      {base.extra_axes.map((axis) => (
        <ExtraAxisSlider key={axis.name} engine={engine} axis={axis} />
      ))}
      {orders.length > 0 && (
        <select
          className="sv-axes"
          aria-label="Order of the array's axes"
          title="What the axes of the array are, slowest first"
          value={orders[0]}
          onChange={(event) => engine.volume.goToSibling(pathWithAxes(base, event.target.value))}
        >
          {orders.map((order) => (
            <option key={order} value={order}>
              {[...order].filter((letter) => "tczyx".includes(letter)).join(" ")}
            </option>
          ))}
        </select>
      )}
    </>
  );
}

function ExtraAxisSlider({ engine, axis: { name, size } }: { engine: Engine; axis: ExtraAxis }): React.ReactElement {
  const wanted = positionAt(engine.volume.wantedPath, name); // the thumb does not wait for the volume
  return (
    <label className="sv-extra">
      {name}
      <input
        type="range"
        aria-label={`Position on axis ${name}`}
        aria-valuetext={`${name} ${wanted + 1} of ${size}`}
        min={0}
        max={size - 1}
        value={wanted}
        style={{ "--sv-fill": `${(100 * wanted) / Math.max(1, size - 1)}%` } as React.CSSProperties}
        onChange={(event) => engine.volume.goToSibling(pathAt(engine.volume.wantedPath, name, Number(event.target.value)))}
      />
      <span>
        {wanted + 1} / {size}
      </span>
    </label>
  );
}

/** Which planes show, and what beside them. */
function LayoutControls({ desk }: { desk: Desk }): React.ReactElement {
  const { layout, titles } = useStore(desk.state);
  const other = titles === null ? "the bare image" : titles[1].name;
  const { axis, base } = useStore(desk.main.shell);
  const isStack = (base?.shape[0] ?? 1) > 1;
  const toggle = (name: Layout): void => desk.arrange(layout === name ? "single" : name);
  return (
    <div className="sv-layouts" role="group" aria-label="Planes and layout">
      {isStack && AXES.map((name) => <PlaneButton key={name} name={name} pressed={layout !== "planes" && axis === name} show={() => desk.showPlane(name)} />)}
      {isStack && <BarButton icon="planes" label="Three planes" keys="T" pressed={layout === "planes"} onClick={() => toggle("planes")} />}
      <BarButton icon="beside" label={`Side by side with ${other}`} keys="D" pressed={layout === "beside"} onClick={() => toggle("beside")} />
      <BarButton icon="swipe" label={titles === null ? "Swipe between the image and what lies over it" : `Swipe between the result and ${other}`} keys="S" pressed={layout === "swipe"} onClick={() => toggle("swipe")} />
    </div>
  );
}

function PlaneButton({ name, pressed, show }: { name: PlaneAxis; pressed: boolean; show: () => void }): React.ReactElement {
  return (
    <button type="button" className="sv-button sv-plane-button" aria-pressed={pressed} title={`${PLANE_NAMES[name]} plane (V)`} onClick={show}>
      {PLANE_NAMES[name]}
    </button>
  );
}

function Steps({ engine, count }: { engine: Engine; count: number }): React.ReactElement {
  const { slice } = useStore(engine.shell);
  return (
    <div className="sv-steps">
      <BarButton icon="previous" label="Previous slice" keys="←" disabled={slice === 0} onClick={() => engine.goTo(slice - 1)} />
      <SliceNumber key={slice} slice={slice} count={count} go={(z) => engine.goTo(z)} />
      <span className="sv-of">of {count}</span>
      <BarButton icon="next" label="Next slice" keys="→" disabled={slice === count - 1} onClick={() => engine.goTo(slice + 1)} />
    </div>
  );
}

/** Remounted with each slice, so that what is half typed never outlives a change from elsewhere. */
function SliceNumber({ slice, count, go }: { slice: number; count: number; go: (z: number) => void }): React.ReactElement {
  const [text, setText] = React.useState(String(slice + 1));
  const commit = (): void => {
    const typed = Number.parseInt(text, 10);
    if (Number.isNaN(typed)) setText(String(slice + 1));
    else {
      setText(String(Math.min(count, Math.max(1, typed))));
      go(typed - 1);
    }
  };
  const press = (event: React.KeyboardEvent<HTMLInputElement>): void => {
    if (event.key === "Enter") commit();
    if (event.key === "Escape") setText(String(slice + 1));
    if (event.key === "ArrowUp") go(slice + 1);
    if (event.key === "ArrowDown") go(slice - 1);
  };
  return (
    <input
      className="sv-number"
      inputMode="numeric"
      aria-label={`Slice, 1 to ${count}`}
      size={Math.max(3, String(count).length)}
      value={text}
      onChange={(event) => setText(event.target.value.replace(/\D/g, ""))}
      onFocus={(event) => event.target.select()}
      onBlur={commit}
      onKeyDown={press}
    />
  );
}

function Track({ desk, engine, count }: { desk: Desk; engine: Engine; count: number }): React.ReactElement {
  const { waiting } = useStore(desk.proposals.state);
  const { slice, axis, annotated: labelled, predicted: segmented, past, differing } = useStore(engine.shell);
  const marks: Marks = axis !== "z" ? NO_MARKS : past ? { ...NO_MARKS, differing } : { annotated: labelled, predicted: segmented, differing: [], proposed: waiting === null ? [] : slicesOf(waiting, "open") };
  const done = `${(100 * slice) / (count - 1)}%`;
  return (
    <>
      <div className="sv-track" title={legend(marks)}>
        <svg className="sv-ticks" viewBox={`0 0 ${count - 1} 30`} preserveAspectRatio="none" aria-hidden="true">
          <Ticks slices={marks.proposed} className="sv-proposed" y={20} height={3} />
          <Ticks slices={marks.predicted} className="sv-predicted" y={25} height={2} />
          <Ticks slices={marks.annotated} className="sv-annotated" y={1} height={8} />
          <Ticks slices={marks.differing} className="sv-differing" y={1} height={8} />
        </svg>
        <input
          type="range"
          aria-label="Slice"
          aria-valuetext={`Slice ${slice + 1} of ${count}`}
          min={0}
          max={count - 1}
          value={slice}
          style={{ "--sv-fill": done } as React.CSSProperties}
          onChange={(event) => engine.goTo(Number(event.target.value))}
        />
      </div>
      <Legend {...marks} />
    </>
  );
}

/** Slices with something to see; these count slices, so planes across them have none. */
interface Marks {
  annotated: readonly number[];
  predicted: readonly number[];
  differing: readonly number[];
  proposed: readonly number[];
}

const NO_MARKS: Marks = { annotated: [], predicted: [], differing: [], proposed: [] };

const HALF_TICK = 0.3; // of a slice's width: single slices stay apart from their neighbours

interface TicksProps {
  slices: readonly number[];
  className: string;
  y: number;
  height: number;
}

function Ticks({ slices, className, y, height }: TicksProps): React.ReactElement {
  return (
    <g className={className}>
      {runs(slices).map(([first, last]) => (
        <rect key={first} x={first - HALF_TICK} y={y} width={last - first + 2 * HALF_TICK} height={height} />
      ))}
    </g>
  );
}

function Legend({ annotated, predicted, differing, proposed }: Marks): React.ReactElement | null {
  if (annotated.length + predicted.length + differing.length + proposed.length === 0) return null;
  return (
    <div className="sv-legend">
      {annotated.length > 0 && <span className="sv-annotated">{annotated.length} labelled</span>}
      {predicted.length > 0 && <span className="sv-predicted">{predicted.length} predicted</span>}
      {differing.length > 0 && <span className="sv-differing">{differing.length} differ</span>}
      {proposed.length > 0 && <span className="sv-proposed">{proposed.length} proposed</span>}
    </div>
  );
}

function legend({ annotated, predicted, differing }: Marks): string {
  if (differing.length > 0) return `Marks: ${differing.length} slices that differ between the two moments.`;
  if (annotated.length + predicted.length === 0) return "Slices with labels and predictions are marked here.";
  return `Upper marks: ${annotated.length} slices with labels. Lower marks: ${predicted.length} slices with predictions.`;
}

function ZoomControls({ engine }: { engine: Engine }): React.ReactElement {
  const camera = useStore(engine.camera);
  const { minimapShown } = useStore(engine.shell);
  const percent = (100 * camera.scale) / camera.pixelRatio;
  return (
    <div className="sv-zoom" role="group" aria-label="Zoom">
      <BarButton icon="minus" label="Zoom out" keys="−" onClick={() => engine.view.zoom(1 / ZOOM_STEP)} />
      <span className="sv-percent" title="Screen pixels per image pixel">
        {percent < 10 ? percent.toFixed(1) : Math.round(percent)} %
      </span>
      <BarButton icon="plus" label="Zoom in" keys="+" onClick={() => engine.view.zoom(ZOOM_STEP)} />
      <BarButton icon="fit" label="Fit the window" keys="0" onClick={() => engine.view.fit()} />
      <BarButton
        icon="map"
        label="Minimap"
        keys="M"
        pressed={minimapShown}
        onClick={() => update(engine.shell, { minimapShown: !minimapShown })}
      />
    </div>
  );
}

interface BarButtonProps {
  icon: IconName;
  label: string;
  keys: string;
  disabled?: boolean;
  pressed?: boolean;
  onClick: () => void;
}

function BarButton({ icon, label, keys, disabled, pressed, onClick }: BarButtonProps): React.ReactElement {
  return (
    <button
      type="button"
      className="sv-button"
      aria-label={label}
      aria-pressed={pressed}
      title={`${label} (${keys})`}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
