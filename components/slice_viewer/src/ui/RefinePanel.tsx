/** The panel beside the rail that cleans up the active class in the part of the slice on the screen, and copies slices. */
import * as React from "react";
import type { Engine } from "../engine";
import { REFINE_OPERATIONS, type RefineOperation } from "../settings";
import { useStore } from "../store";
import { COPY_KEYS, REFINEMENTS } from "../tools/catalog";
import { NumberField } from "./fields";

const BY_RADIUS: readonly RefineOperation[] = ["dilate", "erode", "open", "close"];
const BY_AREA = REFINE_OPERATIONS.filter((name) => !BY_RADIUS.includes(name));
const MAX_RADIUS = 64;

export function RefinePanel({ engine }: { engine: Engine }): React.ReactElement {
  const { activeClass, settings, slice, manifest } = useStore(engine.shell);
  const entry = engine.classes.find(({ id }) => id === activeClass);
  const ready = entry !== undefined && manifest !== null;
  const operation = (name: RefineOperation): React.ReactElement => (
    <Choice key={name} title={REFINEMENTS[name].title} hotkey={`⇧${REFINEMENTS[name].key}`} disabled={!ready} onClick={() => engine.mayEdit() && engine.labels?.refine(name)} />
  );
  return (
    <div className="sv-flyout sv-refine" role="group" aria-label="Clean up">
      <h2>
        {entry === undefined ? "No class yet" : entry.name}
        <span>in view</span>
      </h2>
      {BY_AREA.map(operation)}
      <NumberField label="Islands up to" unit="px" min={1} max={1e6} value={settings.islandSize} set={(islandSize) => engine.choices.changeSettings({ islandSize })} />
      <hr />
      {BY_RADIUS.map(operation)}
      <NumberField label="Radius" unit="px" min={1} max={MAX_RADIUS} value={settings.refineRadius} set={(refineRadius) => engine.choices.changeSettings({ refineRadius })} />
      <h2>
        All labels <span>of this slice</span>
      </h2>
      <Choice title="Copy to the next slice" hotkey={`⇧${COPY_KEYS.next}`} disabled={manifest === null || slice + 1 >= manifest.shape[0]} onClick={() => engine.mayEdit() && engine.labels?.copyTo(slice + 1)} />
      <Choice title="Copy to the slice before" hotkey={`⇧${COPY_KEYS.previous}`} disabled={slice === 0} onClick={() => engine.mayEdit() && engine.labels?.copyTo(slice - 1)} />
    </div>
  );
}

function Choice({ title, hotkey, ...rest }: { title: string; hotkey: string; disabled: boolean; onClick: () => void }): React.ReactElement {
  return (
    <button type="button" className="sv-flyout-tool" {...rest}>
      {title}
      <kbd>{hotkey}</kbd>
    </button>
  );
}
