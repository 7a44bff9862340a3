/** A review over the image: what is looked at, how far it is, and what can be done; and the outline of the piece. */
import * as React from "react";
import type { Engine } from "../engine";
import { outlinePath, type Run } from "../outline";
import type { Review, ReviewState } from "../review/review";
import { REVIEW_KEYS } from "../review/keys";
import { useStore } from "../store";
import { Outline } from "./ObjectOverlay";

export function ReviewBar({ engine, review }: { engine: Engine; review: Review }): React.ReactElement {
  const state = useStore(review.state);
  return (
    <section className="sv-review" aria-label="Review">
      <ProgressLine state={state} />
      <div className="sv-review-words" role="status">
        {state.item === null ? <Resting review={review} state={state} /> : <Looking engine={engine} review={review} state={state} />}
        {state.problem !== "" && <span className="sv-review-problem">{state.problem}</span>}
      </div>
      <Actions review={review} state={state} />
    </section>
  );
}

/** The pixels of the piece that is looked at. */
export function ReviewOutline({ engine, review }: { engine: Engine; review: Review }): React.ReactElement | null {
  const { item, answer } = useStore(review.state);
  useStore(engine.shell); // where the view is
  const path = React.useMemo(() => outlinePath((answer?.parts ?? []).flatMap(({ spans }) => runsOf(spans))), [answer]);
  if (item === null || item.label === 0 || !review.inView) return null;
  return <Outline engine={engine} path={path} />;
}

function runsOf(spans: Int32Array): Run[] {
  return Array.from({ length: spans.length / 3 }, (_, i): Run => [spans[3 * i], spans[3 * i + 1], spans[3 * i + 2]]);
}

function ProgressLine({ state }: { state: ReviewState }): React.ReactElement {
  const seen = state.items.filter(({ key }) => state.decisions[key] !== undefined).length;
  const share = state.items.length === 0 ? 0 : seen / state.items.length;
  return <div className="sv-review-line" style={{ "--sv-share": `${100 * share}%` } as React.CSSProperties} />;
}

/** What is on the screen, and how far the review is. */
function Looking({ engine, review, state }: { engine: Engine; review: Review; state: ReviewState }): React.ReactElement {
  useStore(engine.shell); // where the view is
  const { item, decisions, fixing, items, answer } = state;
  const { z, area, label, confidence, key } = item!;
  const shown = label === 0 ? undefined : engine.classes.find(({ id }) => id === answer?.parts[0]?.label);
  return (
    <>
      <strong className="sv-review-place">
        {review.place.toLocaleString("en")} of {items.length.toLocaleString("en")}
      </strong>
      <span className="sv-review-item">
        {shown !== undefined && (
          <>
            <span className="sv-swatch" style={{ background: shown.color }} />
            {shown.name},{" "}
          </>
        )}
        {confidence === null ? "" : `${Math.round(100 * confidence)} % sure, `}
        {area.toLocaleString("en")} px
        {review.inView ? (
          ` on slice ${z + 1}`
        ) : (
          <button type="button" className="sv-text-button" onMouseDown={keepFocus} onClick={() => review.look()}>
            Back to slice {z + 1}
          </button>
        )}
      </span>
      <span className="sv-review-note">{fixing ? "Accepted. Correct it with the brush, then go on." : decisions[key] === undefined ? <Reading state={state} /> : `You have ${decisions[key]} it.`}</span>
    </>
  );
}

/** Before the first item, and after the last. */
function Resting({ review, state: { queue, items } }: { review: Review; state: ReviewState }): React.ReactElement {
  if (queue === null) return <span>Reading the result…</span>;
  if (items.length === 0 || review.isEarly) return queue.state === "reading" ? <span>Reading the result: slice {queue.done} of {queue.total}</span> : <span>The ticked classes have nothing to review.</span>;
  const { accepted, fixed, rejected, skipped } = review.counts;
  const told = [`${accepted + fixed} accepted`, `${rejected} rejected`, `${skipped} skipped`].join(", ");
  return (
    <>
      <strong>{queue.found > items.length ? `The ${items.length.toLocaleString("en")} least sure of ${queue.found.toLocaleString("en")} are seen` : `All ${items.length.toLocaleString("en")} are seen`}</strong>
      <span>{told}</span>
    </>
  );
}

function Reading({ state: { queue, items } }: { state: ReviewState }): React.ReactElement | null {
  if (queue === null) return null;
  if (queue.state === "reading") return <>Reading the result: slice {queue.done.toLocaleString("en")} of {queue.total.toLocaleString("en")}</>;
  return queue.found > items.length ? <>the least sure of {queue.found.toLocaleString("en")}</> : null;
}

/** A press with the mouse leaves the keys where they are: with the review. */
const keepFocus = (event: React.MouseEvent): void => event.preventDefault();

function Actions({ review, state: { item, fixing, decisions } }: { review: Review; state: ReviewState }): React.ReactElement {
  const skipped = Object.values(decisions).includes("skipped");
  return (
    <div className="sv-review-actions">
      {item !== null && <Action name="accept" review={review} words={fixing ? "Go on" : undefined} primary />}
      {item !== null && !fixing && <Action name="fix" review={review} />}
      {item !== null && <Action name="reject" review={review} />}
      {item !== null && <Action name="skip" review={review} />}
      {item === null && skipped && <button type="button" onMouseDown={keepFocus} onClick={() => review.again()}>See the skipped again</button>}
      <Action name="back" review={review} disabled={!review.canGoBack} />
      <Action name="leave" review={review} />
    </div>
  );
}

interface ActionProps {
  name: keyof typeof REVIEW_KEYS;
  review: Review;
  words?: string;
  primary?: boolean;
  disabled?: boolean;
}

function Action({ name, review, words, primary, disabled }: ActionProps): React.ReactElement {
  const { title, key, tip, act } = REVIEW_KEYS[name];
  return (
    <button type="button" className={primary ? "sv-keep" : undefined} title={tip} disabled={disabled} onMouseDown={keepFocus} onClick={() => act(review)}>
      {words ?? title} <kbd>{key}</kbd>
    </button>
  );
}
