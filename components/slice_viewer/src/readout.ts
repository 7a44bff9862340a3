/** What is under the pointer: place, true value, class. Values that tiles hold only roughly are asked for, after a short rest. */
import type { Engine } from "./engine";
import type { Sample } from "./picture";
import { voxelAt } from "./planes";
import { Store } from "./store";
import type { Encoding, LabelClass, PlaneAxis, Point, Voxel } from "./types";

const REST_MS = 60; // the pointer rests this long before the server is asked

export interface Reading {
  /** Where, in words. */
  place: string;
  /** The value, with "~" before it while it is not the true one. "" while nothing is known. */
  text: string;
  label: LabelClass | null;
  predicted: LabelClass | null;
}

export class Readout {
  readonly reading = new Store<Reading | null>(null);
  private point: Point | null = null;
  private place = ""; // of the value in `reading`
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking = new AbortController();
  private readonly unwatch: () => void;

  constructor(private readonly engine: Engine) {
    this.unwatch = engine.frames.subscribe(() => this.refresh());
  }

  /** The pointer is over image point `point`, or away. */
  follow(point: Point | null): void {
    this.point = point;
    this.refresh();
  }

  dispose(): void {
    this.unwatch();
    this.forget();
  }

  private refresh(): void {
    const { picture } = this.engine;
    const { point } = this;
    if (picture === null || picture.shown < 0 || point === null || !inside(point, picture.manifest.shape)) return this.clear();
    const voxel = voxelAt(picture.manifest.axis, picture.shown, point);
    const place = `${picture.manifest.version}/${voxel.z}/${voxel.y}/${voxel.x}`;
    const known = place === this.place ? this.reading.get()!.text : null;
    const text = known !== null && !known.startsWith("~") && known !== "" ? known : this.look(point, place);
    this.place = place;
    this.reading.set({ place: describePlace(picture.manifest.axis, voxel), text, ...this.classesAt(point) });
  }

  private clear(): void {
    this.forget();
    this.place = "";
    this.reading.set(null);
  }

  private forget(): void {
    clearTimeout(this.timer);
    this.asking.abort();
  }

  /** What the tiles say; asks the server when that is not the whole truth. */
  private look(point: Point, place: string): string {
    const { picture } = this.engine;
    const sample = picture!.sample(point);
    const { encoding } = picture!.manifest;
    const exact = sample !== null && sample.level === 0 && encoding.exact;
    if (place !== this.place) this.forget();
    if (!exact && place !== this.place) this.timer = setTimeout(() => void this.ask(place), REST_MS);
    return sample === null ? "" : (exact ? "" : "~") + describe(sample, encoding);
  }

  private async ask(place: string): Promise<void> {
    const { picture, apiRoot } = this.engine;
    if (picture === null || place !== this.place) return;
    const { signal } = (this.asking = new AbortController());
    const [z, y, x] = place.split("/").slice(-3);
    try {
      const response = await fetch(`${apiRoot}/img/${picture.manifest.id}/value/${z}/${y}/${x}`, { signal });
      if (!response.ok) return; // the rough value stands, with its "~"
      const { text } = (await response.json()) as { text: string };
      const reading = this.reading.get();
      if (reading !== null && place === this.place) this.reading.set({ ...reading, text });
    } catch {
      // Aborted, or no server: the image says so, the rough value stands.
    }
  }

  private classesAt(point: Point): Pick<Reading, "label" | "predicted"> {
    const { labels, picture, classes, appearance } = this.engine;
    const { overlayClasses, inPast } = appearance;
    const find = (table: readonly LabelClass[], id: number): LabelClass | null => table.find((entry) => entry.id === id) ?? null;
    return {
      label: find(classes, inPast ? 0 : (labels?.labelAt(point) ?? 0)), // those of now are not on the screen
      predicted: find(overlayClasses, picture?.resultAt(point) ?? 0),
    };
  }
}

function inside({ x, y }: Point, [, height, width]: [number, number, number]): boolean {
  return x >= 0 && y >= 0 && x < width && y < height;
}

/** x and y on slices; across them the number of the slice as well, counted from 1 as in the bar. */
export function describePlace(axis: PlaneAxis, { x, y, z }: Voxel): string {
  return axis === "z" ? `${x}, ${y}` : `${x}, ${y}, slice ${z + 1}`;
}

/** Stored value(s) as true ones, in words. */
export function describe({ stored }: Sample, encoding: Encoding): string {
  return stored.map((value) => (value === encoding.nan_code ? "NaN" : format(encoding.lo + value * encoding.step))).join(", ");
}

/** As many digits as a person reads: integers in full, five significant ones else. */
export function format(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  return String(Number(value.toPrecision(5)));
}
