/** Which tiles of which level a view needs. Pure arithmetic on the levels of a manifest. */
import type { Camera, Manifest, Rect, TileAddress } from "./types";

/** A tile of an image: its place in the grid and its slice. */
export interface ImageTile extends TileAddress {
  z: number;
}

export function tileKey({ z, level, tx, ty }: ImageTile): string {
  return `${z}/${level}/${tx}/${ty}`;
}

/** The coarsest level that still has at least one pixel for each screen pixel. */
export function chooseLevel(scale: number, levels: number): number {
  const wanted = Math.floor(Math.log2(1 / scale) + 1e-9);
  return Math.min(levels - 1, Math.max(0, wanted));
}

/** Width and height of a tile in pixels of its level; edge tiles are cropped. */
export function tileSize(manifest: Manifest, { level, tx, ty }: TileAddress): { width: number; height: number } {
  const [height, width] = manifest.levels[level];
  const step = manifest.tile_px;
  return { width: Math.min(step, width - tx * step), height: Math.min(step, height - ty * step) };
}

/** A tile's area in level-0 pixels. The last pixel of a coarse level may reach beyond the image. */
export function tileRect(manifest: Manifest, tile: TileAddress): Rect {
  const block = 2 ** tile.level;
  const { width, height } = tileSize(manifest, tile);
  const x0 = tile.tx * manifest.tile_px * block;
  const y0 = tile.ty * manifest.tile_px * block;
  return { x0, y0, x1: x0 + width * block, y1: y0 + height * block };
}

/** Tiles of `level` that meet the view, those nearest to its middle first. */
export function visibleTiles(manifest: Manifest, camera: Camera, level: number): TileAddress[] {
  const step = manifest.tile_px * 2 ** level;
  const [height, width] = manifest.levels[level];
  const view = camera.view();
  const columns = range(view.x0 / step, view.x1 / step, Math.ceil(width / manifest.tile_px));
  const rows = range(view.y0 / step, view.y1 / step, Math.ceil(height / manifest.tile_px));
  const tiles = rows.flatMap((ty) => columns.map((tx) => ({ level, tx, ty })));
  const x = (view.x0 + view.x1) / 2 / step - 0.5;
  const y = (view.y0 + view.y1) / 2 / step - 0.5;
  const distance = (tile: TileAddress): number => (tile.tx - x) ** 2 + (tile.ty - y) ** 2;
  return tiles.sort((a, b) => distance(a) - distance(b));
}

function range(from: number, to: number, count: number): number[] {
  const start = Math.max(0, Math.floor(from));
  const stop = Math.min(count, Math.ceil(to));
  return Array.from({ length: Math.max(0, stop - start) }, (_, i) => start + i);
}

/** The tile of a coarser level that holds `tile`. */
export function ancestor(tile: TileAddress, level: number): TileAddress {
  const shift = level - tile.level;
  return { level, tx: tile.tx >> shift, ty: tile.ty >> shift };
}
