/** What lies over the image: readout, scale bar, messages, the card of keys. */
import * as React from "react";
import type { Engine } from "../engine";
import { KEY_CARD } from "../keys";
import { describeProgress } from "../making";
import type { Readout } from "../readout";
import { scaleBar } from "../scale";
import type { Notice } from "../shell";
import { update, useStore } from "../store";
import type { LabelClass } from "../types";
import { Icon, type IconName } from "./icons";

const SCALE_BAR_CSS_PX = 140;
const PATIENCE_MS = 350; // a shorter wait needs no words

export function ReadoutPill({ readout }: { readout: Readout }): React.ReactElement | null {
  const reading = useStore(readout.reading);
  if (reading === null) return null;
  return (
    <div className="sv-readout">
      <span className="sv-place">
        {reading.place}
      </span>
      <span className="sv-value" title="Value under the pointer; ~ means: not the exact one yet">
        {reading.text === "" ? "–" : reading.text}
      </span>
      <ClassName of={reading.label} title="Your label" />
      <ClassName of={reading.predicted} title="Predicted" hollow />
    </div>
  );
}

function ClassName(props: { of: LabelClass | null; title: string; hollow?: boolean }): React.ReactElement | null {
  if (props.of === null) return null;
  const { color, name } = props.of;
  const style = props.hollow ? { boxShadow: `inset 0 0 0 2px ${color}` } : { background: color };
  return (
    <span className="sv-class" title={props.title}>
      <span className="sv-swatch" style={style} />
      {name}
    </span>
  );
}

export function ScaleBar({ engine }: { engine: Engine }): React.ReactElement | null {
  const { scale, pixelRatio } = useStore(engine.camera);
  const { manifest } = useStore(engine.shell);
  if (manifest === null || manifest.voxel_size_um === null) return null;
  const { text, width } = scaleBar((manifest.voxel_size_um[2] * pixelRatio) / scale, SCALE_BAR_CSS_PX);
  return (
    <div className="sv-scale" aria-label={`Scale bar, ${text}`}>
      {text}
      <span style={{ width }} />
    </div>
  );
}

/** Why there is no image, in words, in the middle of where it would be. */
export function StageMessage({ engine }: { engine: Engine }): React.ReactElement | null {
  const { status, problem } = useStore(engine.shell);
  if (status === "empty") {
    return <Message icon="stack" title="Choose a dataset to begin" text="Pick one from the list at the top. Its first slice shows here." />;
  }
  if (status === "failed" && problem !== null) {
    return <Message icon="offline" title={problem.message} text={problem.hint} alert retry={() => engine.volume.retry()} />;
  }
  if (status === "loading" && problem !== null) {
    return <Message icon="offline" title={problem.message} text={`${problem.hint} Trying again…`} alert />;
  }
  if (status === "loading") return <Message icon="stack" title="Opening the dataset…" text="" />;
  return null;
}

interface MessageProps {
  icon: IconName;
  title: string;
  text: string;
  alert?: boolean;
  retry?: () => void;
}

function Message(props: MessageProps): React.ReactElement {
  return (
    <div className="sv-message" role={props.alert ? "alert" : "status"}>
      <Icon name={props.icon} />
      <strong>{props.title}</strong>
      {props.text !== "" && <p>{props.text}</p>}
      {props.retry && (
        <button type="button" className="sv-text-button" onClick={props.retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A line at the top of the image: what is being waited for, or why it does not come. */
export function Banner({ engine }: { engine: Engine }): React.ReactElement | null {
  const { status, problem, slice, bare, making } = useStore(engine.shell);
  const waiting = useWaiting(engine);
  if (status !== "shown") return null;
  if (problem !== null) {
    return (
      <div className="sv-banner sv-banner-bad" role="alert">
        <Icon name="offline" />
        <span>
          <strong>{problem.message}</strong> {problem.hint} Trying again…{stillShown(engine)}
        </span>
      </div>
    );
  }
  const preparing = describeProgress(making);
  if (preparing !== null) return <div className="sv-banner">{preparing}</div>;
  if (waiting) return <div className="sv-banner">Loading slice {slice + 1}…</div>;
  if (bare) return <div className="sv-banner">Labels are hidden. H shows them.</div>;
  return null;
}

/** Which slice is on the canvas, when it is not the one the bar names. */
function stillShown(engine: Engine): string {
  const shown = engine.picture?.shown ?? -1;
  return shown < 0 || shown === engine.shell.get().slice ? "" : ` Until then slice ${shown + 1} stays on the screen.`;
}

/** True once the wanted slice has kept the user waiting. */
function useWaiting(engine: Engine): boolean {
  const frames = useStore(engine.frames);
  const { slice } = useStore(engine.shell);
  const [late, setLate] = React.useState(false);
  const ready = engine.picture?.ready ?? true;
  React.useEffect(() => {
    setLate(false);
    if (ready) return undefined;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [ready, slice]);
  return late && !ready && frames > 0;
}

export function Notices({ engine }: { engine: Engine }): React.ReactElement {
  const { notices } = useStore(engine.shell);
  return (
    <div className="sv-notices" aria-live="polite">
      {notices.map((notice) => (
        <NoticeCard key={notice.id} notice={notice} dismiss={() => engine.dismiss(notice.id)} />
      ))}
    </div>
  );
}

function NoticeCard({ notice, dismiss }: { notice: Notice; dismiss: () => void }): React.ReactElement {
  return (
    <div className={notice.sticky ? "sv-notice sv-notice-bad" : "sv-notice"} role={notice.sticky ? "alert" : undefined}>
      <span>
        <strong>{notice.message}</strong> {notice.hint}
      </span>
      <button type="button" className="sv-button" aria-label="Dismiss" onClick={dismiss}>
        <Icon name="close" />
      </button>
    </div>
  );
}

/** Only where the page around the viewer has a tour (docs/contracts.md). */
function TourButton({ close }: { close: () => void }): React.ReactElement | null {
  if (document.documentElement.dataset.tour === undefined) return null;
  const start = (): void => {
    close();
    document.dispatchEvent(new Event("sv-tour"));
  };
  return (
    <button type="button" className="sv-keys-tour" onClick={start}>
      Show the tour
    </button>
  );
}

export function KeyCard({ engine }: { engine: Engine }): React.ReactElement | null {
  const { keysShown } = useStore(engine.shell);
  const close = (): void => update(engine.shell, { keysShown: false });
  if (!keysShown) return null;
  return (
    <div className="sv-keys" role="dialog" aria-label="Keys">
      <header>
        <h2>Keys</h2>
        <TourButton close={close} />
        <button type="button" className="sv-button" aria-label="Close" onClick={close} autoFocus>
          <Icon name="close" />
        </button>
      </header>
      <div className="sv-keys-groups">
        {KEY_CARD.map(([group, keys]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {keys.map(([combination, meaning]) => (
                <div key={combination}>
                  <dt>
                    {combination.split(" ").map((key, i) => (key === "–" ? " – " : <kbd key={i}>{key}</kbd>))}
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </div>
  );
}
