/** Says over the image that what shows is a live prediction, that nothing of it is saved, and how far it is. */
import * as React from "react";
import { describe, type Live } from "../live/live";
import { useStore } from "../store";

export function LiveBadge({ live }: { live: Live }): React.ReactElement | null {
  const state = useStore(live.state);
  const { phase } = state;
  if (phase === "off") return null;
  return (
    <div className="sv-live" data-phase={phase} role={phase === "failed" ? "alert" : undefined}>
      <span className="sv-live-dot" aria-hidden="true" />
      <strong>Live prediction</strong>
      {phase !== "waiting" && phase !== "failed" && <em>not saved</em>}
      {phase !== "current" && <span>{phase === "stale" ? "Out of date" : describe(state)}</span>}
      {(phase === "stale" || phase === "failed") && (
        <button type="button" onClick={() => live.once()}>
          {phase === "stale" ? "Update once" : "Try again"}
        </button>
      )}
      {phase === "current" && (
        <button type="button" disabled={state.taking} title="Make labels of what shows, where nothing is painted (Shift Y). It learns from them once you correct them." onClick={() => void live.take()}>
          {state.taking ? "Taking…" : "Use as labels"}
        </button>
      )}
      {!state.on && phase !== "failed" && (
        <button type="button" onClick={() => live.hide()}>
          Hide
        </button>
      )}
    </div>
  );
}
