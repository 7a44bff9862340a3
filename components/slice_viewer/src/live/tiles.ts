/**
 * The pixels of a live prediction, as tiles that are painted over part by part: what is there stays until something newer lands.
 */
import { tileKey, tileRect, tileSize, type ImageTile } from "../grid";
import { buildPalette } from "../labels/palette";
import type { Renderer, Sprite } from "../renderer";
import type { Camera, LabelClass, Manifest } from "../types";
import type { Header } from "./stream";

const MAX_TILES = 96; // of 256 KiB: several views
const LAYER = "live"; // in the renderer

interface Kept {
  tile: ImageTile;
  /** Class ids; 0: nothing known. */
  ids: Uint8Array;
}

export class LiveTiles {
  opacity = 0.45;
  private readonly kept = new Map<string, Kept>(); // oldest change first
  private readonly levels = new Map<number, number>(); // of each slice: the one that shows
  private changed: Set<string> | "all" = "all"; // since they were drawn
  private palette = buildPalette([]);

  constructor(private readonly manifest: Manifest) {}

  has(z: number): boolean {
    return this.levels.has(z);
  }

  setClasses(classes: readonly LabelClass[]): void {
    this.palette = buildPalette(classes);
    this.changed = "all";
  }

  /** Pixels of slice `z` have come. Until all of another level is there, what shows stays. */
  put(z: number, { tile, at }: Header, pixels: Uint8Array): void {
    const [level, tx, ty] = tile!;
    if (!this.levels.has(z)) this.levels.set(z, level);
    const kept = this.keep({ z, level, tx, ty });
    const { width } = tileSize(this.manifest, kept.tile);
    const [y, x, height, columns] = at!;
    for (let row = 0; row < height; row++) kept.ids.set(pixels.subarray(row * columns, (row + 1) * columns), (y + row) * width + x);
  }

  /** All in view is there at this level. */
  show(z: number, level: number): void {
    this.levels.set(z, level);
  }

  clear(): void {
    this.kept.clear();
    this.levels.clear();
    this.changed = "all";
  }

  /** Class id at a pixel of slice `z`; 0: none, or not known. */
  at(z: number, x: number, y: number): number {
    const level = this.levels.get(z);
    if (level === undefined) return 0;
    const [column, row, step] = [Math.floor(x) >> level, Math.floor(y) >> level, this.manifest.tile_px];
    const tile = { z, level, tx: Math.floor(column / step), ty: Math.floor(row / step) };
    const kept = this.kept.get(tileKey(tile));
    return kept === undefined ? 0 : kept.ids[(row - tile.ty * step) * tileSize(this.manifest, tile).width + column - tile.tx * step];
  }

  draw(renderer: Renderer, z: number, camera: Camera): void {
    this.forget(renderer);
    const shown = [...this.kept.values()].filter(({ tile }) => tile.z === z && tile.level === this.levels.get(z));
    const sprites = shown.map(({ tile }) => this.sprite(tile, camera)).filter((sprite) => isInView(sprite, camera));
    renderer.draw(LAYER, sprites, (key, out) => this.colorize(this.kept.get(key)!.ids, out), this.opacity);
  }

  private keep(tile: ImageTile): Kept {
    const key = tileKey(tile);
    const { width, height } = tileSize(this.manifest, tile);
    const kept = this.kept.get(key) ?? { tile, ids: new Uint8Array(width * height) };
    this.kept.delete(key);
    this.kept.set(key, kept);
    if (this.kept.size > MAX_TILES) this.kept.delete(this.kept.keys().next().value!);
    if (this.changed !== "all") this.changed.add(key);
    return kept;
  }

  /** Have the renderer colour again what has changed. */
  private forget(renderer: Renderer): void {
    if (this.changed === "all") renderer.recolor(LAYER);
    else for (const key of this.changed) renderer.forget(LAYER, key);
    this.changed = new Set();
  }

  private sprite(tile: ImageTile, camera: Camera): Sprite {
    const { width, height } = tileSize(this.manifest, tile);
    const target = camera.screenRect(tileRect(this.manifest, tile));
    return { key: tileKey(tile), width, height, source: { x0: 0, y0: 0, x1: width, y1: height }, target, smooth: tile.level > 0 || camera.scale < 1 };
  }

  private colorize(ids: Uint8Array, out: Uint32Array): void {
    for (let i = 0; i < out.length; i++) out[i] = this.palette[ids[i]];
  }
}

const isInView = ({ target: { x0, y0, x1, y1 } }: Sprite, { width, height }: Camera): boolean => x1 > 0 && y1 > 0 && x0 < width && y0 < height;
