/** Grey values of the volume, and the window of them that is shown: drag the ends, type them, or take the automatic one. */
import * as React from "react";
import { COLORMAPS, gradient } from "../colormaps";
import { firstChannels, PLAIN, type ChannelLook, type Look, type Window } from "../lut";
import { clampWindow, moveHandle, outline } from "../histogram";
import type { Transfer } from "../previews";
import { format } from "../readout";

const HEIGHT = 64; // of the viewBox; the element is as wide as its panel
const KEY_STEP = 0.01; // of the range

export interface ContrastHistogramProps {
  id?: string;
  /** Counts of equal bins. */
  histogram?: number[];
  /** True values at the ends of the histogram. */
  range?: [number, number];
  window?: Window | null;
  /** What "Auto" takes: the 1-99 % window. */
  auto?: [number, number] | null;
  look?: Look | null;
  /** Channels that are not colours: their names, colours and first windows. The histogram then sets the window of one of them. */
  channels?: { name: string; color?: string; auto: [number, number] }[];
  setProps: (props: { window: Window } | { look: Look }) => void;
}

type End = "lo" | "hi";

export function ContrastHistogram(props: ContrastHistogramProps): React.ReactElement {
  const { id, histogram = [], range, channels = [], setProps } = props;
  const [chosen, choose] = React.useState(0);
  if (range === undefined || histogram.length === 0) {
    return (
      <div id={id} className="sv-contrast sv-contrast-empty">
        The grey values of the open image show here.
      </div>
    );
  }
  const look = props.look ?? PLAIN;
  const active = Math.min(chosen, channels.length - 1);
  const looks = look.channels?.length === channels.length ? look.channels : firstChannels(channels.map(({ auto }) => auto), channels.map(({ color }) => color));
  const setChannel = (place: number, patch: Partial<ChannelLook>): void =>
    setProps({ look: { ...look, channels: looks.map((old, at) => (at === place ? { ...old, ...patch } : old)) } });
  const [low, high] = channels[active]?.auto ?? props.auto ?? range;
  const window = looks[active] ?? props.window ?? { lo: low, hi: high };
  const set = ({ lo, hi }: Window): void => (channels.length > 0 ? setChannel(active, { lo, hi }) : setProps({ window: { lo, hi } }));
  return (
    <div id={id} className="sv-contrast">
      {channels.map(({ name }, place) => (
        <ChannelRow
          key={place}
          name={name || `Channel ${place + 1}`}
          look={looks[place]}
          chosen={place === active}
          choose={() => choose(place)}
          set={(patch) => setChannel(place, patch)}
        />
      ))}
      <Plot histogram={histogram} range={range} window={window} colors={gradient(look.colormap)} set={set} />
      <div className="sv-contrast-row">
        <Bound name="Black" value={window.lo} set={(lo) => set(clampWindow({ ...window, lo }, "lo"))} />
        <Bound name="White" value={window.hi} set={(hi) => set(clampWindow({ ...window, hi }, "hi"))} />
      </div>
      <div className="sv-contrast-row">
        <button type="button" className="sv-text-button" title="From the 1st to the 99th percentile" onClick={() => set({ lo: low, hi: high })}>
          Auto
        </button>
        <button type="button" className="sv-text-button" title="From the darkest to the brightest value" onClick={() => set({ lo: range[0], hi: range[1] })}>
          Full range
        </button>
      </div>
      <LookRow look={look} mapped={channels.length === 0} set={(next) => setProps({ look: next })} />
      <label className="sv-transfer" title="Over a slow link small previews come before the exact pixels">
        Transfer
        <select value={look.transfer ?? "auto"} onChange={(event) => setProps({ look: { ...look, transfer: event.target.value as Transfer } })}>
          <option value="auto">Previews where slow</option>
          <option value="preview">Previews first</option>
          <option value="exact">Exact pixels only</option>
        </select>
      </label>
      <label className="sv-check" title="Enlarged pixels blend into each other instead of showing as squares">
        <input type="checkbox" checked={look.smooth ?? false} onChange={(event) => setProps({ look: { ...look, smooth: event.target.checked } })} />
        Smooth pixels when enlarged
      </label>
    </div>
  );
}

interface ChannelRowProps {
  name: string;
  look: ChannelLook;
  chosen: boolean;
  choose: () => void;
  set: (patch: Partial<ChannelLook>) => void;
}

function ChannelRow({ name, look, chosen, choose, set }: ChannelRowProps): React.ReactElement {
  return (
    <div className="sv-channel" data-chosen={chosen}>
      <input type="checkbox" aria-label={`Show ${name}`} checked={look.visible} onChange={(event) => set({ visible: event.target.checked })} />
      <input type="color" aria-label={`Colour of ${name}`} value={look.color} onChange={(event) => set({ color: event.target.value })} />
      <button type="button" aria-pressed={chosen} title="The histogram sets the window of this channel" onClick={choose}>
        {name}
      </button>
    </div>
  );
}

const GAMMA = { min: 0.25, max: 4 };

/** `mapped`: grey values go through a colour map. */
function LookRow({ look, mapped, set }: { look: Look; mapped: boolean; set: (look: Look) => void }): React.ReactElement {
  return (
    <div className="sv-contrast-row">
      <label hidden={!mapped}>
        Colours
        <select value={look.colormap} onChange={(event) => set({ ...look, colormap: event.target.value })}>
          {Object.keys(COLORMAPS).map((name) => (
            <option key={name} value={name}>
              {name[0].toUpperCase() + name.slice(1)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Gamma {format(look.gamma)}</span>
        <input
          type="range"
          min={Math.log2(GAMMA.min)}
          max={Math.log2(GAMMA.max)}
          step={0.1}
          value={Math.log2(look.gamma)}
          title="Right of the middle shows more of what is dark; a double click takes it back"
          onChange={(event) => set({ ...look, gamma: Number((2 ** Number(event.target.value)).toFixed(2)) })}
          onDoubleClick={() => set({ ...look, gamma: PLAIN.gamma })}
        />
      </label>
    </div>
  );
}

interface PlotProps {
  colors: string;
  histogram: number[];
  range: [number, number];
  window: Window;
  set: (window: Window) => void;
}

function Plot({ histogram, range, window, colors, set }: PlotProps): React.ReactElement {
  const box = React.useRef<HTMLDivElement>(null);
  const path = React.useMemo(() => outline(histogram, HEIGHT), [histogram]);
  const place = (value: number): number => Math.min(1, Math.max(0, (value - range[0]) / (range[1] - range[0] || 1)));
  const drag = useDrag(box, (fraction, end) => set(moveHandle(window, end, range[0] + fraction * (range[1] - range[0]), range)));
  const [lo, hi] = [100 * place(window.lo), 100 * place(window.hi)];
  const handle = (end: End, value: number): React.ReactElement => (
    <Handle end={end} at={end === "lo" ? lo : hi} value={value} range={range} drag={drag} nudge={(next) => set(moveHandle(window, end, next, range))} />
  );
  return (
    <div className="sv-plot" ref={box}>
      <svg viewBox={`0 0 ${histogram.length} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label="Histogram of grey values, logarithmic counts">
        <path d={path} />
      </svg>
      <span className="sv-outside" style={{ left: 0, width: `${lo}%` }} />
      <span className="sv-outside" style={{ left: `${hi}%`, right: 0 }} />
      <span className="sv-ramp" style={{ background: ramp(colors, lo, hi) }} />
      {handle("lo", window.lo)}
      {handle("hi", window.hi)}
    </div>
  );
}

/** The colours between the handles; outside them the ends go on. lo, hi : per cent. */
function ramp(colors: string, lo: number, hi: number): string {
  const list = colors.split(", ");
  const stops = list.map((color, at) => `${color} ${lo + ((hi - lo) * at) / (list.length - 1)}%`);
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

interface HandleProps {
  end: End;
  at: number;
  value: number;
  range: [number, number];
  drag: (event: React.PointerEvent, end: End) => void;
  nudge: (value: number) => void;
}

function Handle({ end, at, value, range, drag, nudge }: HandleProps): React.ReactElement {
  const step = (range[1] - range[0]) * KEY_STEP;
  const press = (event: React.KeyboardEvent): void => {
    const sign = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (sign === undefined) return;
    event.preventDefault();
    nudge(value + sign * step * (event.shiftKey ? 10 : 1));
  };
  return (
    <span
      className="sv-handle"
      role="slider"
      tabIndex={0}
      aria-label={end === "lo" ? "Shown as black" : "Shown as white"}
      aria-valuemin={range[0]}
      aria-valuemax={range[1]}
      aria-valuenow={value}
      aria-valuetext={format(value)}
      style={{ left: `${at}%` }}
      onPointerDown={(event) => drag(event, end)}
      onPointerMove={(event) => drag(event, end)}
      onKeyDown={press}
    />
  );
}

/** Report where in the box (0 to 1) a handle is dragged to, at most once a frame. */
function useDrag(box: React.RefObject<HTMLElement>, report: (fraction: number, end: End) => void): HandleProps["drag"] {
  const frame = React.useRef(0);
  const latest = React.useRef(report);
  latest.current = report;
  return (event, end) => {
    if (event.type === "pointerdown") event.currentTarget.setPointerCapture(event.pointerId);
    if (event.buttons !== 1) return;
    const { left, width } = box.current!.getBoundingClientRect();
    const fraction = (event.clientX - left) / width;
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => latest.current(fraction, end));
  };
}

function Bound({ name, value, set }: { name: string; value: number; set: (value: number) => void }): React.ReactElement {
  const [text, setText] = React.useState<string | null>(null); // null: not being typed
  const commit = (): void => {
    const typed = Number(text);
    if (text !== null && text.trim() !== "" && Number.isFinite(typed)) set(typed);
    setText(null);
  };
  return (
    <label>
      {name}
      <input
        type="text"
        inputMode="decimal"
        value={text ?? format(value)}
        onChange={(event) => setText(event.target.value)}
        onBlur={commit}
        onKeyDown={(event) => event.key === "Enter" && commit()}
      />
    </label>
  );
}
