/** The second row: what the chosen tool paints, and how. Nothing for panning. */
import * as React from "react";
import { MAX_BRUSH_RADIUS } from "../choices";
import type { Engine } from "../engine";
import { overwriteChoices, readOverwrite } from "../overwrite";
import { format } from "../readout";
import { SMOOTHINGS, toleranceOf, type Combine, type Smoothing } from "../settings";
import { useStore } from "../store";
import { CATALOG, CLASSLESS } from "../tools/catalog";
import type { Tool } from "../types";
import { ClickOptions } from "./ClickOptions";
import { NumberField, Segments } from "./fields";

/** Tools by the options they have. */
const SIZED: readonly Tool[] = ["brush", "eraser", "threshold", "line"];
const SMOOTHED: readonly Tool[] = ["brush", "eraser", "threshold", "freeform"];
const COMBINED: readonly Tool[] = ["freeform", "polygon", "livewire", "rectangle", "ellipse"];
/** Those that paint by the overwrite mode; a fully labelled box has a rule of its own, and a picker paints nothing. */
const RULED = (tool: Tool): boolean => !["picker", "background", "accept"].includes(tool);

export function ToolOptions({ engine }: { engine: Engine }): React.ReactElement | null {
  const { tool, status, past } = useStore(engine.shell);
  if (tool === "pan" || status !== "shown" || past) return null;
  return (
    <div className="sv-options">
      {CLASSLESS.includes(tool) ? <span className="sv-option-name">{CATALOG[tool].title}</span> : <ActiveClass engine={engine} />}
      {SIZED.includes(tool) && <BrushSize engine={engine} />}
      {SMOOTHED.includes(tool) && <SmoothingChoice engine={engine} />}
      {COMBINED.includes(tool) && <CombineChoice engine={engine} />}
      {tool === "threshold" && <GreyRange engine={engine} />}
      {tool === "superpixel" && <SuperpixelSize engine={engine} />}
      {(tool === "fill" || tool === "wand") && <Tolerance engine={engine} />}
      {tool === "fill" && <FillReach engine={engine} />}
      {tool === "click" && <ClickOptions engine={engine} />}
      {RULED(tool) && <OverwriteMode engine={engine} />}
      {tool === "accept" && <AcceptMode engine={engine} />}
      <HintOrProposal engine={engine} />
    </div>
  );
}

function ActiveClass({ engine }: { engine: Engine }): React.ReactElement {
  const { activeClass } = useStore(engine.shell);
  const chosen = engine.classes.find(({ id }) => id === activeClass);
  if (chosen === undefined) return <span className="sv-option-name">No class yet: add one in the panel.</span>;
  return (
    <span className="sv-option-name">
      <span className="sv-swatch" style={{ background: chosen.color }} />
      {chosen.name}
    </span>
  );
}

/** What a stroke may change. The classes come from the page, so a change of them draws the options anew. */
function OverwriteMode({ engine }: { engine: Engine }): React.ReactElement {
  const { overwrite, tool } = useStore(engine.shell);
  return (
    <label className="sv-overwrite" title="What a stroke may change (O). Locked classes never change.">
      {tool === "eraser" ? "Erase" : "Paint over"}
      <select value={String(overwrite)} onChange={(event) => engine.choices.setOverwrite(readOverwrite(event.target.value))}>
        {overwriteChoices(engine.classes).map(([mode, words]) => (
          <option key={mode} value={String(mode)}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What a result may paint over. */
export function AcceptMode({ engine }: { engine: Engine }): React.ReactElement {
  const { settings } = useStore(engine.shell);
  return (
    <label className="sv-overwrite" title="What the result may paint over. Locked classes never change.">
      Paint over
      <select value={String(settings.acceptOver)} onChange={(event) => engine.choices.changeSettings({ acceptOver: readOverwrite(event.target.value) })}>
        {overwriteChoices(engine.classes).map(([mode, words]) => (
          <option key={mode} value={String(mode)}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What to do; while the server suggests something, how to keep it. */
function HintOrProposal({ engine }: { engine: Engine }): React.ReactElement | null {
  const { tool, proposal } = useStore(engine.shell);
  if (proposal === "working") return <span className="sv-hint" role="status">Working…</span>;
  if (proposal === "none") return CATALOG[tool].hint === "" ? null : <span className="sv-hint">{CATALOG[tool].hint}</span>;
  return (
    <span className="sv-proposal">
      <button type="button" className="sv-keep" onClick={() => engine.labels?.keep()}>
        Keep <kbd>Enter</kbd>
      </button>
      <button type="button" onClick={() => engine.labels?.cancel()}>
        Drop <kbd>Esc</kbd>
      </button>
    </span>
  );
}

const COMBINE_CHOICES: readonly [Combine, string, string][] = [
  ["add", "Add", "Paint the class inside (Shift with lines drawn by hand)"],
  ["subtract", "Subtract", "Take the class away inside (Alt)"],
  ["intersect", "Intersect", "Leave the class only inside (Ctrl)"],
];

function CombineChoice({ engine }: { engine: Engine }): React.ReactElement {
  const { settings } = useStore(engine.shell);
  return <Segments label="What an area does" choices={COMBINE_CHOICES} value={settings.combine} set={(combine) => engine.choices.changeSettings({ combine })} />;
}

function SmoothingChoice({ engine }: { engine: Engine }): React.ReactElement {
  const { settings } = useStore(engine.shell);
  return (
    <label className="sv-field" title="Steadies a shaky hand: the brush follows the pointer on a short string">
      Steady
      <select value={settings.smoothing} onChange={(event) => engine.choices.changeSettings({ smoothing: event.target.value as Smoothing })}>
        {SMOOTHINGS.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Tolerance({ engine }: { engine: Engine }): React.ReactElement | null {
  const { tool, settings, manifest } = useStore(engine.shell);
  if (manifest === null) return null;
  const tolerance = Number(format(toleranceOf(settings, manifest)));
  const field = <NumberField label="Grey within ±" min={0} step="any" value={tolerance} set={(value) => engine.choices.changeSettings({ tolerance: value })} />;
  if (tool === "wand") return field;
  return (
    <>
      <label className="sv-field">
        <input type="checkbox" checked={settings.fillByGrey} onChange={(event) => engine.choices.changeSettings({ fillByGrey: event.target.checked })} />
        Mind the image
      </label>
      {settings.fillByGrey && field}
    </>
  );
}

/** A single image has no stack to fill through. */
function FillReach({ engine }: { engine: Engine }): React.ReactElement | null {
  const { settings, base } = useStore(engine.shell);
  if (base === null || base.shape[0] === 1) return null;
  return (
    <>
      <label className="sv-field" title="Proposes the area on other slices too; nothing is stored before you accept it">
        <input type="checkbox" checked={settings.fillStack} onChange={(event) => engine.choices.changeSettings({ fillStack: event.target.checked })} />
        In 3-D
      </label>
      {settings.fillStack && <NumberField label="Slices ±" min={1} max={100} value={settings.fillReach} set={(fillReach) => engine.choices.changeSettings({ fillReach: Math.round(fillReach) })} />}
    </>
  );
}

function GreyRange({ engine }: { engine: Engine }): React.ReactElement {
  const { settings } = useStore(engine.shell);
  if (settings.range === null) return <span className="sv-hint">First drag over an example: its grey values are taken.</span>;
  const [lo, hi] = settings.range;
  return (
    <>
      <NumberField label="Grey" step="any" max={hi} value={Number(format(lo))} set={(value) => engine.choices.changeSettings({ range: [value, hi] })} />
      <NumberField label="to" step="any" min={lo} value={Number(format(hi))} set={(value) => engine.choices.changeSettings({ range: [lo, value] })} />
      <button type="button" className="sv-text-button" onClick={() => engine.choices.changeSettings({ range: null })}>
        Take anew
      </button>
    </>
  );
}

function SuperpixelSize({ engine }: { engine: Engine }): React.ReactElement {
  const { settings } = useStore(engine.shell);
  return <NumberField label="Size" unit="px" min={4} max={128} value={settings.superpixelSize} set={(superpixelSize) => engine.choices.changeSettings({ superpixelSize })} />;
}

const SLIDER_STEPS = 100;

function BrushSize({ engine }: { engine: Engine }): React.ReactElement {
  const { brushRadius } = useStore(engine.shell);
  // Steps grow with the radius: one pixel matters at 3, not at 300.
  const toStep = (radius: number): number => (SLIDER_STEPS * Math.log(radius)) / Math.log(MAX_BRUSH_RADIUS);
  const toRadius = (step: number): number => Math.round(MAX_BRUSH_RADIUS ** (step / SLIDER_STEPS));
  const shown = Math.max(1, Math.round(brushRadius));
  return (
    <label className="sv-size">
      Radius
      <input
        type="range"
        aria-label="Brush radius"
        min={0}
        max={SLIDER_STEPS}
        step={0.5}
        value={toStep(shown)}
        style={{ "--sv-fill": `${toStep(shown)}%` } as React.CSSProperties}
        onChange={(event) => engine.choices.setBrushRadius(toRadius(Number(event.target.value)))}
      />
      <input
        type="number"
        aria-label="Brush radius in image pixels"
        min={1}
        max={MAX_BRUSH_RADIUS}
        value={shown}
        onChange={(event) => event.target.value !== "" && engine.choices.setBrushRadius(Number(event.target.value))}
      />
      <span className="sv-unit">px</span>
    </label>
  );
}
