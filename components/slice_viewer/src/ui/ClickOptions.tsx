/** The options of “Click and box”: the model, why others cannot be used here, and what a click means. */
import * as React from "react";
import type { Engine } from "../engine";
import { BUILT_IN_MODEL, type ClickTakes } from "../settings";
import { useStore } from "../store";
import { Segments } from "./fields";

/** What `GET /api/interactive` lists. */
interface Offer {
  readonly name: string;
  readonly description: string;
  /** Why it cannot be used here, or "". */
  readonly reason: string;
  readonly hint: string;
}

const MEANINGS: readonly [ClickTakes, string, string][] = [
  ["object", "This", "A click is on the object"],
  ["surroundings", "Not this", "A click is on what does not belong to it (Alt or the right button do the same for one click)"],
];

export function ClickOptions({ engine }: { engine: Engine }): React.ReactElement {
  const { settings } = useStore(engine.shell);
  const offers = useOffers(engine.apiRoot);
  const usable = offers.filter(({ reason, name }) => reason === "" || name === settings.clickModel);
  const others = offers.filter(({ reason }) => reason !== "");
  return (
    <>
      <Segments label="What a click means" choices={MEANINGS} value={settings.clickTakes} set={(clickTakes) => engine.choices.changeSettings({ clickTakes })} />
      <label className="sv-field" title={offers.find(({ name }) => name === settings.clickModel)?.description}>
        Model
        <select value={settings.clickModel} onChange={(event) => engine.choices.changeSettings({ clickModel: event.target.value })}>
          {(usable.length > 0 ? usable.map(({ name }) => name) : [BUILT_IN_MODEL]).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      {others.length > 0 && <Others offers={others} />}
    </>
  );
}

/** Asked anew each time the tool is chosen, for a checkpoint may have been put in its place meanwhile. */
function useOffers(apiRoot: string): readonly Offer[] {
  const [offers, setOffers] = React.useState<readonly Offer[]>([]);
  React.useEffect(() => {
    const stop = new AbortController();
    void read(apiRoot, stop.signal).then(setOffers, () => undefined); // the built-in model stays
    return () => stop.abort();
  }, [apiRoot]);
  return offers;
}

async function read(apiRoot: string, signal: AbortSignal): Promise<readonly Offer[]> {
  const response = await fetch(`${apiRoot}/interactive`, { signal });
  return response.ok ? ((await response.json()) as Offer[]) : [];
}

function Others({ offers }: { offers: readonly Offer[] }): React.ReactElement {
  return (
    <details className="sv-others">
      <summary>{offers.length} more, not set up</summary>
      <ul>
        {offers.map(({ name, reason, hint }) => (
          <li key={name}>
            <strong>{name}:</strong> {reason} <small>{hint}</small>
          </li>
        ))}
      </ul>
    </details>
  );
}
