/** What to draw now and what to ask for next, given which tiles are here. Pure. */
import { ancestor, tileRect, type ImageTile } from "./grid";
import type { Manifest, Rect, TileAddress } from "./types";

/** A part of the image, and the tile at hand that shows it: the sharp one, or a coarser one that stands in. */
export interface Piece {
  tile: TileAddress;
  area: Rect; // level-0 pixels
}

export interface Cover {
  pieces: Piece[];
  /** Parts with a coarser tile, a first impression, or none. */
  blurred: number;
  /** Parts with nothing at all. */
  bare: number;
}

/** Which tiles are here. */
export interface AtHand {
  has(tile: TileAddress): boolean;
  isDraft(tile: TileAddress): boolean;
}

/** Cover the visible `tiles` with what is there. */
export function cover(manifest: Manifest, tiles: readonly TileAddress[], { has, isDraft }: AtHand): Cover {
  const found: Cover = { pieces: [], blurred: 0, bare: 0 };
  for (const tile of tiles) {
    const best = bestTile(tile, manifest.levels.length, has);
    if (best === null) found.bare++;
    else found.pieces.push({ tile: best, area: tileRect(manifest, tile) });
    if (best?.level !== tile.level || isDraft(best)) found.blurred++;
  }
  return found;
}

function bestTile(tile: TileAddress, levels: number, has: (tile: TileAddress) => boolean): TileAddress | null {
  for (let level = tile.level; level < levels; level++) {
    const candidate = ancestor(tile, level);
    if (has(candidate)) return candidate;
  }
  return null;
}

/** What the wish list is made from. */
export interface Need {
  /** Slices the user went through and has not seen yet, the wanted one last. */
  trail: readonly number[];
  /** Visible tiles, the most central first. */
  tiles: readonly TileAddress[];
  /** 1 when the user last went up the stack, -1 when down. */
  direction: number;
}

const NEIGHBOURS = [1, 2, -1, -2]; // in the direction of travel first

/**
 * Tiles in the order they are needed: the coarsest tile of the wanted slice (one small file that fills the window), its sharp
 * tiles, the coarsest of slices passed through (so that a fast scrub shows something), then the level above, which shows when
 * one zooms out or moves on, and the neighbours.
 */
export function wishes(manifest: Manifest, need: Need): { urgent: ImageTile[]; later: ImageTile[] } {
  const z = need.trail[need.trail.length - 1];
  const coarsest = { level: manifest.levels.length - 1, tx: 0, ty: 0 };
  const passed = need.trail.slice(0, -1).reverse();
  const slices = NEIGHBOURS.map((step) => z + step * need.direction).filter((other) => other >= 0 && other < manifest.shape[0]);
  const at = (tiles: readonly TileAddress[], slice: number): ImageTile[] => tiles.map((tile) => ({ ...tile, z: slice }));
  return {
    urgent: [...at([coarsest], z), ...at(need.tiles, z), ...passed.flatMap((slice) => at([coarsest], slice))],
    later: [...at(parents(need.tiles, manifest.levels.length), z), ...slices.flatMap((slice) => at([coarsest, ...need.tiles], slice))],
  };
}

/** The tiles of the next coarser level over `tiles`, each once. */
function parents(tiles: readonly TileAddress[], levels: number): TileAddress[] {
  const found = new Map<string, TileAddress>();
  for (const tile of tiles) {
    if (tile.level + 1 >= levels) continue;
    const parent = ancestor(tile, tile.level + 1);
    found.set(`${parent.tx},${parent.ty}`, parent);
  }
  return [...found.values()];
}
