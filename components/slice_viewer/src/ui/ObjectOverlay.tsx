/** The chosen objects over the image: their outline, the way to them, choosing them by a click, and the line that cuts one. */
import * as React from "react";
import type { Engine } from "../engine";
import { askObject, fetchRuns, OUTLINED_PX, type Found, type Objects, type Pick } from "../objects";
import { outlinePath } from "../outline";
import { pointOf, voxelAt } from "../planes";
import { useStore } from "../store";
import type { Camera, PlaneAxis, Point } from "../types";

/** A line as it was drawn on a plane, in its pixels; no point: given up. */
export interface CutLine {
  axis: PlaneAxis;
  index: number;
  points: [number, number][];
}

/** What the overlay tells the page. */
export interface ObjectEvents {
  onCut: (line: CutLine) => void;
  onPick: (pick: Pick) => void;
}

const LEAST_PX = 24; // CSS; a smaller object is looked at closer
const CLOSE_SHARE = 0.25; // of the window, that it fills then
const MOST_SHARE = 0.8; // of the window; a larger one is looked at from farther away
const REST_MS = 60; // the pointer rests this long before the server is asked what lies there

export function ObjectOverlay({ engine, objects, isMain, events }: { engine: Engine; objects: Objects; isMain: boolean; events: ObjectEvents }): React.ReactElement {
  const { axis, slice } = useStore(engine.shell);
  const camera = useStore(engine.camera);
  const under = useHover(engine, objects);
  const hovered = under === null || under.pixels > OUTLINED_PX || objects.ids.includes(under.id) ? [] : [under.id];
  const chosen = useOutline(objects, objects.ids, axis, slice);
  const faint = useOutline(objects, hovered, axis, slice);
  useVisit(engine, objects, isMain);
  usePick(engine, objects, events.onPick);
  return (
    <>
      <svg className="sv-objects" aria-hidden="true">
        <path className="sv-object-faint" d={faint} transform={transform(camera)} />
      </svg>
      <Outline engine={engine} path={chosen} />
      {under !== null && <Tag engine={engine} found={under} />}
      {objects.cutting && <CutSurface engine={engine} isMain={isMain} finish={(points) => events.onCut({ axis, index: slice, points })} />}
    </>
  );
}

/** A path in image pixels, drawn over the image. */
export function Outline({ engine, path }: { engine: Engine; path: string }): React.ReactElement {
  const camera = useStore(engine.camera);
  return (
    <svg className="sv-objects" aria-hidden="true">
      <path className="sv-object-shade" d={path} transform={transform(camera)} />
      <path className="sv-object-line" d={path} transform={transform(camera)} />
    </svg>
  );
}

/** From image pixels to CSS pixels. */
function transform({ scale, aspect, offsetX, offsetY, pixelRatio }: Camera): string {
  return `matrix(${scale / pixelRatio} 0 0 ${(scale * aspect) / pixelRatio} ${offsetX / pixelRatio} ${offsetY / pixelRatio})`;
}

function useOutline({ root, serial }: Objects, ids: readonly number[], axis: PlaneAxis, slice: number): string {
  const [path, setPath] = React.useState("");
  const chosen = ids.join(",");
  React.useEffect(() => {
    const stop = new AbortController();
    setPath("");
    if (chosen !== "") void fetchRuns(`${root}/spans/${axis}/${slice}?ids=${chosen}`, stop.signal).then((runs) => runs && setPath(outlinePath(runs)));
    return () => stop.abort();
  }, [root, chosen, serial, axis, slice]);
  return path;
}

/** Where objects are chosen by a click: with the tool that pans, while no line is awaited. */
function usePicking(engine: Engine, { cutting }: Objects): boolean {
  return useStore(engine.shell).tool === "pan" && !cutting;
}

/** The object under the resting pointer. */
function useHover(engine: Engine, objects: Objects): Found | null {
  const point = useStore(engine.pointer);
  const { axis, slice } = useStore(engine.shell);
  const [found, setFound] = React.useState<Found | null>(null);
  const picking = usePicking(engine, objects) && point !== null && (engine.labels?.labelAt(point) ?? 0) > 0;
  const voxel = picking ? voxelAt(axis, slice, point) : null;
  const place = voxel === null ? "" : `${voxel.z}/${voxel.y}/${voxel.x}`;
  React.useEffect(() => {
    if (place === "") return setFound(null);
    const stop = new AbortController();
    const ask = (): void => void askObject(objects.root, place, stop.signal).then((answer) => answer !== undefined && setFound(answer));
    const timer = setTimeout(ask, REST_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [objects.root, objects.serial, place]);
  return found;
}

/** Beside the pointer: which object, and how large. */
function Tag({ engine, found }: { engine: Engine; found: Found }): React.ReactElement | null {
  const point = useStore(engine.pointer);
  const camera = useStore(engine.camera);
  if (point === null) return null;
  const { x, y } = camera.imageToScreen(point);
  const [left, top] = [x / camera.pixelRatio, y / camera.pixelRatio];
  const side = left > camera.width / camera.pixelRatio / 2 ? "left" : "right";
  return (
    <div className="sv-object-tag" data-side={side} style={{ left, top }}>
      <strong>Object {found.id}</strong> {found.size}
    </div>
  );
}

/** A click chooses the object below it, or none; with Shift it adds to the choice. */
function usePick(engine: Engine, objects: Objects, onPick: (pick: Pick) => void): void {
  const picking = usePicking(engine, objects);
  React.useEffect(() => {
    if (!picking) return undefined;
    return engine.clicks.subscribe(() => {
      const { point, shift, number } = engine.clicks.get()!;
      const { axis, slice } = engine.shell.get();
      const { z, y, x } = voxelAt(axis, slice, point);
      const stop = AbortSignal.timeout(10_000);
      void askObject(objects.root, `${z}/${y}/${x}`, stop).then((found) => found !== undefined && onPick({ id: found?.id ?? null, add: shift, number }));
    });
  }, [engine, picking, objects.root, onPick]);
}

function useVisit(engine: Engine, { at }: Objects, isMain: boolean): void {
  const visit = at?.visit;
  React.useEffect(() => {
    if (at === null || engine.picture === null) return;
    const { axis } = engine.shell.get();
    const voxel = { z: Math.round(at.z), y: Math.floor(at.y), x: Math.floor(at.x) };
    if (isMain) engine.goToVoxel(voxel);
    if (isMain) zoomTo(engine, at.size);
    engine.view.lookAt(pointOf(axis, voxel));
  }, [engine, visit]);
}

/** Neither lost nor filling the window. */
function zoomTo(engine: Engine, sizePx: number): void {
  const { scale, pixelRatio, width, height } = engine.camera.get();
  const window = Math.min(width, height);
  const size = Math.max(1, sizePx) * scale;
  if (size < LEAST_PX * pixelRatio) engine.view.zoom((CLOSE_SHARE * window) / size);
  if (size > MOST_SHARE * window) engine.view.zoom((MOST_SHARE * window) / size);
}

/** Takes the pointer for one line; Escape gives up. */
function CutSurface({ engine, isMain, finish }: { engine: Engine; isMain: boolean; finish: (points: [number, number][]) => void }): React.ReactElement {
  const [points, setPoints] = React.useState<Point[]>([]);
  const surface = React.useRef<HTMLDivElement>(null);
  const point = (event: React.PointerEvent): Point => engine.view.fromClient({ x: event.clientX, y: event.clientY });
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
  React.useEffect(() => {
    if (isMain) surface.current?.focus();
  }, [isMain]);
  return (
    <div
      className="sv-cutting"
      ref={surface}
      tabIndex={-1}
      onKeyDown={press}
      onPointerDown={begin}
      onPointerMove={(event) => points.length > 0 && setPoints([...points, point(event)])}
      onPointerUp={(event) => points.length > 0 && finish([...points, point(event)].map(({ x, y }) => [y, x]))}
      onPointerCancel={() => setPoints([])}
    >
      {isMain && <span className="sv-banner">Draw a line across the object. Escape gives up.</span>}
      <svg aria-hidden="true">
        <polyline points={points.map(({ x, y }) => `${x},${y}`).join(" ")} transform={transform(engine.camera.get())} />
      </svg>
    </div>
  );
}
