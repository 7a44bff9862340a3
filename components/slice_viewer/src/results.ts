/** What lies over the image as tiles of class ids: a result in the colours of its own class table, or a proposal, hatched. */
import { tileKey, tileSize, type ImageTile } from "./grid";
import { hatch, hatchPeriod } from "./hatch";
import { buildPalette } from "./labels/palette";
import { TileLayer } from "./layer";
import type { Need } from "./pieces";
import type { Renderer } from "./renderer";
import type { CacheEvents } from "./tilecache";
import type { LabelClass, Manifest, Point } from "./types";

/** The `overlay` property of the component (docs/contracts.md). */
export interface Overlay {
  id: string;
  /** Where its tiles are below the API's root; a result's when it is missing. */
  root?: string;
  classes: LabelClass[];
  opacity: number;
  /** Slices that are there. */
  slices: number[];
  /** Confidence, 0 to 255, from which pixels are used as labels. */
  least?: number;
}

/** What a pane shows, in words: a result and how good its model is. */
export interface PaneTitle {
  name: string;
  note: string;
}

/** The `beside` property: another result on the same slices, and what stands over either pane. */
export interface Beside {
  overlay: Overlay;
  titles: readonly [PaneTitle, PaneTitle];
}

/** The `moment` property: labels of the past, or what differs between two moments. */
export interface PastLabels extends Overlay {
  /** Slices that differ, of a comparison. */
  differing?: number[];
}

export class ResultLayer {
  readonly tiles: TileLayer;
  private palette: Uint32Array;
  private done: Set<number>;
  private period = 0; // of the hatching, pixels of a tile

  constructor(
    private overlay: Overlay,
    manifest: Manifest,
    apiRoot: string,
    renderer: Renderer,
    events: CacheEvents,
    private readonly hatched = false,
  ) {
    this.palette = buildPalette(overlay.classes);
    this.done = new Set(overlay.slices);
    const url = ({ z, level, tx, ty }: ImageTile): string => `${apiRoot}/${overlay.root ?? `results/${overlay.id}`}/${manifest.axis}/${z}/${level}/${tx}/${ty}`;
    const colorize = (bytes: ArrayBuffer, out: Uint32Array, width: number): void => this.colorize(new Uint8Array(bytes), out, width);
    this.tiles = new TileLayer(manifest, { name: `${hatched ? "proposal" : "result"}-${overlay.id}`, url, colorize }, renderer, events);
  }

  get id(): string {
    return this.overlay.id;
  }

  get opacity(): number {
    return this.overlay.opacity;
  }

  /** Whether there may be anything on plane `z`: across the slices every plane meets those that are done. */
  has(z: number): boolean {
    return this.tiles.manifest.axis === "z" ? this.done.has(z) : this.done.size > 0;
  }

  /** The same result with other colours, another opacity or more slices. */
  change(overlay: Overlay): void {
    const recoloured = JSON.stringify(overlay.classes) !== JSON.stringify(this.overlay.classes);
    const grown = overlay.slices.length !== this.done.size;
    this.overlay = overlay;
    this.done = new Set(overlay.slices);
    if (grown) this.tiles.cache.askAgain({ all: this.tiles.manifest.axis !== "z" });
    if (!recoloured) return;
    this.palette = buildPalette(overlay.classes);
    this.tiles.recolor();
  }

  /** A pixel of a tile is `zoom` CSS pixels wide from now on. */
  fitHatching(zoom: number): void {
    const period = hatchPeriod(zoom);
    if (!this.hatched || period === this.period) return;
    this.period = period;
    this.tiles.recolor();
  }

  /** Class id at a point of slice `z`, from the finest tile that is here; 0: none, or not known. */
  at(z: number, point: Point): number {
    const { levels, tile_px: step } = this.tiles.manifest;
    for (let level = 0; level < levels.length; level++) {
      const [x, y] = [Math.floor(point.x) >> level, Math.floor(point.y) >> level];
      const tile = { z, level, tx: Math.floor(x / step), ty: Math.floor(y / step) };
      const bytes = this.tiles.cache.peek(tileKey(tile));
      if (bytes === null) return 0;
      if (bytes === undefined) continue;
      const { width } = tileSize(this.tiles.manifest, tile);
      return new Uint8Array(bytes)[(y - tile.ty * step) * width + (x - tile.tx * step)];
    }
    return 0;
  }

  want(need: Need): void {
    this.tiles.want(need, (z) => this.has(z));
  }

  private colorize(ids: Uint8Array, out: Uint32Array, width: number): void {
    if (this.hatched) hatch(ids, width, this.palette, this.period, out);
    else for (let i = 0; i < out.length; i++) out[i] = this.palette[ids[i]];
  }
}
