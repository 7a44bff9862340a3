/** A stack of tiles on the screen: the image, or a result over it. Knows its cache, its URLs and how to colour a tile. */
import type { Wish } from "./batches";
import { tileKey, tileRect, tileSize, type ImageTile } from "./grid";
import { cover, type Cover, type Need, wishes } from "./pieces";
import type { Renderer, Sprite } from "./renderer";
import { decodePreview } from "./previews";
import { TileCache, type CacheEvents } from "./tilecache";
import type { Camera, Manifest, Rect, TileAddress } from "./types";

export interface LayerSource {
  /** Names the layer's coloured tiles in the renderer. */
  name: string;
  url(tile: ImageTile): string;
  /** `width` : of the rows. */
  colorize(bytes: ArrayBuffer, out: Uint32Array, width: number): void;
  /** Where a first impression of a tile is; null while the link is quick enough without. */
  preview?(tile: ImageTile): string | null;
  /** Below which URL tiles of a plane can be asked for together; null where each is asked for by itself. */
  plane?(z: number): string | null;
}

export class TileLayer {
  readonly cache: TileCache;
  /** Pixels larger than the screen's blend into each other instead of showing as squares. */
  smooth = false;

  constructor(
    readonly manifest: Manifest,
    private readonly source: LayerSource,
    private readonly renderer: Renderer,
    events: CacheEvents,
  ) {
    const arrived = (key: string): void => {
      this.renderer.forget(source.name, key);
      events.arrived(key);
    };
    this.cache = new TileCache({ ...events, arrived }, undefined, undefined, (data) => decodePreview(data, manifest));
  }

  /** Ask for what `need` says, of slices that exist, and drop other requests. */
  want(need: Need, exists: (z: number) => boolean = () => true): void {
    const { urgent, later } = wishes(this.manifest, need);
    const wish = (tiles: ImageTile[], prefetch: boolean): Wish[] =>
      tiles.filter(({ z }) => exists(z)).map((tile) => ({ key: tileKey(tile), url: this.source.url(tile), prefetch, ...this.previewOf(tile), ...this.batchOf(tile) }));
    this.cache.want([...wish(urgent, false), ...wish(later, true)]);
  }

  /** What can be shown of slice `z` now. */
  cover(z: number, tiles: readonly TileAddress[]): Cover {
    const key = (tile: TileAddress): string => tileKey({ ...tile, z });
    return cover(this.manifest, tiles, { has: (tile) => this.cache.has(key(tile)), isDraft: (tile) => this.cache.isDraft(key(tile)) });
  }

  draw(z: number, { pieces }: Cover, camera: Camera, opacity = 1): void {
    const sprites = pieces.map(({ tile, area }) => this.sprite({ ...tile, z }, area, camera)).filter((sprite) => sprite !== null);
    this.renderer.draw(this.source.name, sprites, (key, out, width) => this.source.colorize(this.cache.get(key)!, out, width), opacity);
  }

  /** Colour a tile of slice `z` that has come and will be drawn soon. */
  prepare(tile: ImageTile): void {
    const key = tileKey(tile);
    if (this.cache.get(key)) this.renderer.prepare(this.source.name, { key, ...tileSize(this.manifest, tile) }, (of, out, width) => this.source.colorize(this.cache.get(of)!, out, width));
  }

  /** The same pixels in other colours from now on. */
  recolor(): void {
    this.renderer.recolor(this.source.name);
  }

  dispose(): void {
    this.cache.clear();
    this.recolor();
  }

  private previewOf(tile: ImageTile): Pick<Wish, "preview"> {
    const preview = this.source.preview?.(tile) ?? null;
    return preview === null ? {} : { preview };
  }

  private batchOf(tile: ImageTile): Pick<Wish, "batch"> {
    const root = this.source.plane?.(tile.z) ?? null;
    return root === null ? {} : { batch: { root, place: `${tile.level}.${tile.tx}.${tile.ty}` } };
  }

  private sprite(tile: ImageTile, area: Rect, camera: Camera): Sprite | null {
    const key = tileKey(tile);
    if (this.cache.get(key) === null) return null; // known to be empty
    const block = 2 ** tile.level;
    const { x0, y0 } = tileRect(this.manifest, tile);
    const { width, height } = tileSize(this.manifest, tile);
    const source = {
      x0: (area.x0 - x0) / block,
      y0: (area.y0 - y0) / block,
      x1: Math.min(width, (area.x1 - x0) / block),
      y1: Math.min(height, (area.y1 - y0) / block),
    };
    const target = camera.screenRect(area);
    return { key, width, height, source, target, smooth: tile.level > 0 || camera.scale < 1 || this.smooth };
  }
}
