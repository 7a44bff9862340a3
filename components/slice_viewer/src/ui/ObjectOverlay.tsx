/** The chosen objects over the image: their outline, the way to them, and the line that cuts one. */
import * as React from "react";
import type { Engine } from "../engine";
import { outlinePath, type Run } from "../outline";
import { useStore } from "../store";
import type { Camera, Point } from "../types";

/** What the page wants to be shown. */
export interface Objects {
  /** Where their runs are: `<root>/spans/<z>?ids=…`. */
  root: string;
  ids: number[];
  /** Changes when the objects do. */
  serial: number;
  /** A place to go to, once for every `visit`. */
  at: { z: number; y: number; x: number; size: number; visit: number } | null;
  /** The next line drawn cuts the object. */
  cutting: boolean;
}

/** A line as it was drawn, in image pixels; no point: given up. */
export interface Cut {
  z: number;
  points: [number, number][];
  number: number;
}

const LEAST_PX = 24; // CSS; a smaller object is looked at closer
const CLOSE_SHARE = 0.25; // of the window, that it fills then
const MOST_SHARE = 0.8; // of the window; a larger one is looked at from farther away

export function ObjectOverlay({ engine, objects, onCut }: { engine: Engine; objects: Objects; onCut: (cut: Cut) => void }): React.ReactElement | null {
  const { axis, slice } = useStore(engine.shell);
  const camera = useStore(engine.camera);
  const path = useOutline(objects, slice);
  useVisit(engine, objects);
  if (axis !== "z") return null;
  return (
    <>
      <svg className="sv-objects" aria-hidden="true">
        <path className="sv-object-shade" d={path} transform={transform(camera)} />
        <path className="sv-object-line" d={path} transform={transform(camera)} />
      </svg>
      {objects.cutting && <CutLine engine={engine} slice={slice} onCut={onCut} />}
    </>
  );
}

/** From image pixels to CSS pixels. */
function transform({ scale, aspect, offsetX, offsetY, pixelRatio }: Camera): string {
  return `matrix(${scale / pixelRatio} 0 0 ${(scale * aspect) / pixelRatio} ${offsetX / pixelRatio} ${offsetY / pixelRatio})`;
}

function useOutline({ root, ids, serial }: Objects, slice: number): string {
  const [path, setPath] = React.useState("");
  const chosen = ids.join(",");
  React.useEffect(() => {
    const stop = new AbortController();
    setPath("");
    if (chosen !== "") void fetchRuns(`${root}/spans/${slice}?ids=${chosen}`, stop.signal).then((runs) => runs && setPath(outlinePath(runs)));
    return () => stop.abort();
  }, [root, chosen, serial, slice]);
  return path;
}

async function fetchRuns(url: string, signal: AbortSignal): Promise<Run[] | null> {
  try {
    const answer = await fetch(url, { signal });
    return answer.ok ? ((await answer.json()) as { spans: Run[] }).spans : null;
  } catch {
    return null; // the slice has been left, or the server is gone: there is nothing to draw
  }
}

function useVisit(engine: Engine, { at }: Objects): void {
  const visit = at?.visit;
  React.useEffect(() => {
    if (at === null || engine.picture === null) return;
    engine.goToVoxel({ z: Math.round(at.z), y: Math.floor(at.y), x: Math.floor(at.x) });
    const { scale, pixelRatio, width, height } = engine.camera.get();
    const window = Math.min(width, height);
    const size = Math.max(1, at.size) * scale;
    if (size < LEAST_PX * pixelRatio) engine.zoom((CLOSE_SHARE * window) / size);
    if (size > MOST_SHARE * window) engine.zoom((MOST_SHARE * window) / size);
    engine.lookAt({ x: at.x + 0.5, y: at.y + 0.5 });
  }, [engine, visit]);
}

/** Takes the pointer for one line; Escape gives up. */
function CutLine({ engine, slice, onCut }: { engine: Engine; slice: number; onCut: (cut: Cut) => void }): React.ReactElement {
  const [points, setPoints] = React.useState<Point[]>([]);
  const surface = React.useRef<HTMLDivElement>(null);
  const finish = (line: readonly Point[]): void => onCut({ z: slice, points: line.map(({ x, y }) => [y, x]), number: Date.now() });
  const point = (event: React.PointerEvent): Point => engine.fromClient({ x: event.clientX, y: event.clientY });
  const press = (event: React.KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    finish([]);
  };
  const begin = (event: React.PointerEvent): void => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    setPoints([point(event)]);
  };
  React.useEffect(() => surface.current?.focus(), []);
  return (
    <div
      className="sv-cutting"
      ref={surface}
      tabIndex={-1}
      onKeyDown={press}
      onPointerDown={begin}
      onPointerMove={(event) => points.length > 0 && setPoints([...points, point(event)])}
      onPointerUp={(event) => points.length > 0 && finish([...points, point(event)])}
      onPointerCancel={() => setPoints([])}
    >
      <span className="sv-banner">Draw a line across the object. Escape gives up.</span>
      <svg aria-hidden="true">
        <polyline points={points.map(({ x, y }) => `${x},${y}`).join(" ")} transform={transform(engine.camera.get())} />
      </svg>
    </div>
  );
}
