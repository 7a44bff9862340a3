/** What is proposed through the stack, and the buttons that decide on it; a word while the server works on an order. */
import * as React from "react";
import type { Engine } from "../engine";
import { nextOpen, slicesOf, type Decision, type StackProposals, type Waiting } from "../proposals";
import { useStore } from "../store";
import { PROPOSAL_KEYS } from "../tools/catalog";

interface BarProps {
  proposals: StackProposals;
  engine: Engine;
}

const WORDS: Record<Decision, string> = { open: "not decided", accepted: "accepted", rejected: "rejected" };

export function ProposalBar({ proposals, engine }: BarProps): React.ReactElement | null {
  const { working, waiting } = useStore(proposals.state);
  const { status, position } = useStore(engine.shell);
  if (status !== "shown") return null;
  if (working !== null && (!working.found || waiting === null)) return <Working proposals={proposals} {...working} />;
  return waiting === null ? null : <Decide proposals={proposals} waiting={waiting} z={position.z} />;
}

interface Steps {
  done: number;
  total: number;
}

function Working({ proposals, done, total }: Steps & { proposals: StackProposals }): React.ReactElement {
  return (
    <div className="sv-offer" role="status">
      <span className="sv-offer-words">
        <strong>Proposing labels</strong> {percent({ done, total })}
      </span>
      <progress max={total} value={done} aria-hidden="true" />
      <button type="button" onClick={() => void proposals.stop()}>
        Cancel
      </button>
    </div>
  );
}

function percent({ done, total }: Steps): string {
  return `${Math.floor((100 * done) / total)} %`;
}

function Decide({ proposals, waiting, z }: { proposals: StackProposals; waiting: Waiting; z: number }): React.ReactElement {
  const { busy, working } = useStore(proposals.state);
  const open = slicesOf(waiting, "open").length;
  const made = waiting.decisions.get(z);
  return (
    <div className="sv-offer" role="group" aria-label="Proposal">
      <span className="sv-offer-words" role="status">
        <strong>Proposal</strong> {told(waiting, z)}
        {waiting.note !== "" && <small>{waiting.note}</small>}
        {working !== null && <small>More is on its way: {percent(working)}</small>}
      </span>
      {made === "open" && <Choice first word="Accept slice" hotkey="Enter" busy={busy} run={() => proposals.accept()} />}
      {made === "open" && <Choice word="Reject slice" hotkey="Del" busy={busy} run={() => proposals.reject()} />}
      {made !== undefined && made !== "open" && <Choice word="Propose again" busy={busy} run={() => proposals.reopen()} />}
      {made !== "open" && nextOpen(waiting, z) !== null && <Choice first word="Next open slice" busy={busy} run={async () => proposals.visit()} />}
      {working !== null && <Choice word="Stop here" busy={busy} run={() => proposals.stop()} />}
      {open > 0 && <Choice word={`Accept all ${open}`} hotkey={`⇧${PROPOSAL_KEYS.acceptAll}`} busy={busy} run={() => proposals.acceptAll()} />}
      <Choice word={open > 0 ? "Discard" : "Close"} hotkey={`⇧${PROPOSAL_KEYS.discard}`} busy={busy} run={() => proposals.discard()} />
    </div>
  );
}

/** Where one is, and how far all is. */
function told(waiting: Waiting, z: number): string {
  const made = waiting.decisions.get(z);
  const [open, accepted, rejected] = (["open", "accepted", "rejected"] as const).map((decision) => slicesOf(waiting, decision).length);
  const here = made === undefined ? "nothing on this slice" : `slice ${z + 1} ${WORDS[made]}`;
  return `${here} · ${open} open, ${accepted} accepted${rejected > 0 ? `, ${rejected} rejected` : ""}`;
}

interface ChoiceProps {
  word: string;
  hotkey?: string;
  first?: boolean;
  busy: boolean;
  run: () => Promise<void>;
}

function Choice({ word, hotkey, first = false, busy, run }: ChoiceProps): React.ReactElement {
  return (
    <button type="button" className={first ? "sv-keep" : undefined} disabled={busy} onClick={() => void run()}>
      {word} {hotkey !== undefined && <kbd>{hotkey}</kbd>}
    </button>
  );
}
