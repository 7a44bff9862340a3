/** The narrow column of tools, and the options of the one chosen. */
import * as React from "react";
import { type Engine, MAX_BRUSH_RADIUS } from "../engine";
import { TOOL_KEYS } from "../keys";
import { overwriteChoices, readOverwrite } from "../overwrite";
import { useStore, update } from "../store";
import { TOOLS, type Tool } from "../types";
import { Icon, type IconName } from "./icons";

const NAMES: Record<Tool, string> = {
  pan: "Pan",
  brush: "Brush",
  eraser: "Eraser",
  freeform: "Freeform",
  polygon: "Polygon",
  rectangle: "Rectangle",
  ellipse: "Ellipse",
};

const HINTS: Partial<Record<Tool, string>> = {
  freeform: "Draw around an area; it closes by itself.",
  polygon: "Click the corners. Enter or a double click closes it, Backspace takes one back.",
  rectangle: "Drag from corner to corner.",
  ellipse: "Drag from corner to corner.",
};

export function ToolRail({ engine }: { engine: Engine }): React.ReactElement {
  const { tool, history, keysShown } = useStore(engine.shell);
  return (
    <div className="sv-rail" role="toolbar" aria-label="Tools" aria-orientation="vertical">
      {TOOLS.map((name) => (
        <RailButton
          key={name}
          icon={name}
          label={NAMES[name]}
          hotkey={TOOL_KEYS[name]}
          pressed={tool === name}
          onClick={() => engine.setTool(name)}
        />
      ))}
      <div className="sv-rail-gap" />
      <RailButton icon="undo" label="Undo" keys="Ctrl Z" disabled={history.undo === 0} onClick={() => engine.labels?.undo()} />
      <RailButton icon="redo" label="Redo" keys="Ctrl Shift Z" disabled={history.redo === 0} onClick={() => engine.labels?.redo()} />
      <div className="sv-rail-push" />
      <button
        type="button"
        className="sv-tool sv-tool-help"
        aria-label="Keys"
        aria-pressed={keysShown}
        data-tip="Keys  ?"
        onClick={() => update(engine.shell, { keysShown: !keysShown })}
      >
        ?
      </button>
    </div>
  );
}

interface RailButtonProps {
  icon: IconName;
  label: string;
  /** Shown on the button. */
  hotkey?: string;
  /** Shown in the tooltip only. */
  keys?: string;
  pressed?: boolean;
  disabled?: boolean;
  onClick: () => void;
}

function RailButton({ icon, label, hotkey, keys, pressed, disabled, onClick }: RailButtonProps): React.ReactElement {
  return (
    <button
      type="button"
      className="sv-tool"
      aria-label={label}
      aria-pressed={pressed}
      aria-keyshortcuts={hotkey}
      disabled={disabled}
      data-tip={`${label}  ${hotkey ?? keys ?? ""}`}
      onClick={onClick}
    >
      <Icon name={icon} />
      {hotkey !== undefined && <kbd>{hotkey}</kbd>}
    </button>
  );
}

/** The second row: what the chosen tool paints, and how large. Nothing for panning. */
export function ToolOptions({ engine }: { engine: Engine }): React.ReactElement | null {
  const { tool, status } = useStore(engine.shell);
  if (tool === "pan" || status !== "shown") return null;
  return (
    <div className="sv-options">
      {tool === "eraser" ? <span className="sv-option-name">Erase</span> : <ActiveClass engine={engine} />}
      {tool === "brush" || tool === "eraser" ? <BrushSize engine={engine} /> : <span className="sv-hint">{HINTS[tool]}</span>}
      <OverwriteMode engine={engine} />
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
      <select value={String(overwrite)} onChange={(event) => engine.setOverwrite(readOverwrite(event.target.value))}>
        {overwriteChoices(engine.classes).map(([mode, words]) => (
          <option key={mode} value={String(mode)}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

const SLIDER_STEPS = 100;

function BrushSize({ engine }: { engine: Engine }): React.ReactElement {
  const { brushRadius } = useStore(engine.shell);
  // Steps grow with the radius: one pixel matters at 3, not at 300.
  const toStep = (radius: number): number => (SLIDER_STEPS * Math.log(radius)) / Math.log(MAX_BRUSH_RADIUS);
  const toRadius = (step: number): number => Math.round(MAX_BRUSH_RADIUS ** (step / SLIDER_STEPS));
  return (
    <label className="sv-size">
      Radius
      <input
        type="range"
        aria-label="Brush radius"
        min={0}
        max={SLIDER_STEPS}
        step={0.5}
        value={toStep(Math.max(1, brushRadius))}
        style={{ "--sv-fill": `${toStep(Math.max(1, brushRadius))}%` } as React.CSSProperties}
        onChange={(event) => engine.setBrushRadius(toRadius(Number(event.target.value)))}
      />
      <input
        type="number"
        aria-label="Brush radius in image pixels"
        min={1}
        max={MAX_BRUSH_RADIUS}
        value={brushRadius}
        onChange={(event) => event.target.value !== "" && engine.setBrushRadius(Number(event.target.value))}
      />
      <span className="sv-unit">px</span>
    </label>
  );
}
