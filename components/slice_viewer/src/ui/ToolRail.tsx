/** The narrow column of tools. Tools of a kind share a button; it shows the one used last, and a press opens the others beside it. */
import * as React from "react";
import type { Engine } from "../engine";
import { CATALOG, FAMILIES, FAMILY_NAMES, shortKey } from "../tools/catalog";
import { useStore, update } from "../store";
import type { Tool } from "../types";
import { Icon, type IconName } from "./icons";
import { RefinePanel } from "./RefinePanel";

export function ToolRail({ engine }: { engine: Engine }): React.ReactElement {
  const { history, keysShown, refineShown } = useStore(engine.shell);
  return (
    <div className="sv-rail" role="toolbar" aria-label="Tools" aria-orientation="vertical">
      {FAMILIES.map((tools, i) => (
        <Family key={FAMILY_NAMES[i]} engine={engine} name={FAMILY_NAMES[i]} tools={tools} />
      ))}
      <div className="sv-rail-gap" />
      <div className="sv-family">
        <RailButton icon="refine" label="Clean up" hotkey="/" pressed={refineShown} onClick={() => update(engine.shell, { refineShown: !refineShown })} />
        {refineShown && <RefinePanel engine={engine} />}
      </div>
      <RailButton icon="undo" label="Undo" keys="Ctrl Z" disabled={history.undo === 0} onClick={() => engine.mayEdit() && engine.labels?.undo()} />
      <RailButton icon="redo" label="Redo" keys="Ctrl Shift Z" disabled={history.redo === 0} onClick={() => engine.mayEdit() && engine.labels?.redo()} />
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

interface FamilyProps {
  engine: Engine;
  name: string;
  tools: readonly Tool[];
}

function Family({ engine, name, tools }: FamilyProps): React.ReactElement {
  const { tool } = useStore(engine.shell);
  const [last, setLast] = React.useState(tools[0]);
  const [open, setOpen] = React.useState(false);
  const root = React.useRef<HTMLDivElement>(null);
  const chosen = tools.includes(tool);
  React.useEffect(() => {
    if (chosen) setLast(tool);
  }, [chosen, tool]);
  useDismissal(root, open, () => setOpen(false));
  const top = chosen ? tool : last;
  const press = (): void => {
    engine.choices.setTool(top);
    setOpen(tools.length > 1 && !open);
  };
  const pick = (member: Tool): void => {
    engine.choices.setTool(member);
    setOpen(false);
  };
  return (
    <div className="sv-family" ref={root} data-many={tools.length > 1}>
      <ToolButton tool={top} pressed={chosen} expanded={tools.length > 1 ? open : undefined} onClick={press} />
      {open && (
        <div className="sv-flyout" role="menu" aria-label={name}>
          {tools.map((member) => (
            <button key={member} type="button" role="menuitemradio" aria-checked={member === tool} className="sv-flyout-tool" onClick={() => pick(member)}>
              <Icon name={member} />
              {CATALOG[member].title}
              <kbd>{shortKey(CATALOG[member].key)}</kbd>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** A press elsewhere or Escape closes what is open. */
function useDismissal(root: React.RefObject<HTMLElement>, open: boolean, close: () => void): void {
  React.useEffect(() => {
    if (!open) return undefined;
    const stop = new AbortController();
    const press = (event: Event): void => void (root.current?.contains(event.target as Node) || close());
    document.addEventListener("pointerdown", press, { signal: stop.signal, capture: true });
    document.addEventListener("keydown", () => close(), { signal: stop.signal });
    return () => stop.abort();
  });
}

function ToolButton({ tool, ...rest }: { tool: Tool; pressed: boolean; expanded?: boolean; onClick: () => void }): React.ReactElement {
  return <RailButton icon={tool} label={CATALOG[tool].title} hotkey={CATALOG[tool].key} {...rest} />;
}

interface RailButtonProps {
  icon: IconName;
  label: string;
  /** Shown on the button. */
  hotkey?: string;
  /** Shown in the tooltip only. */
  keys?: string;
  pressed?: boolean;
  expanded?: boolean;
  disabled?: boolean;
  onClick: () => void;
}

function RailButton({ icon, label, hotkey, keys, pressed, expanded, disabled, onClick }: RailButtonProps): React.ReactElement {
  return (
    <button
      type="button"
      className="sv-tool"
      aria-label={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      aria-keyshortcuts={hotkey?.replace(" ", "+")}
      disabled={disabled}
      data-tip={`${label}  ${hotkey ?? keys ?? ""}`}
      onClick={onClick}
    >
      <Icon name={icon} />
      {hotkey !== undefined && <kbd>{shortKey(hotkey)}</kbd>}
    </button>
  );
}
