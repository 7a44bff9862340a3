/**
 * Label tiles of one slice: the pixels the server gave, what is painted over them, and which part of the screen must follow.
 *
 * No network and no canvas here: `loader.ts` brings pixels, `draw.ts` shows them.
 */
import type { Point, Rect, TileAddress } from "../types";
import type { CoarsePart, LocalEdit } from "./edits";
import { allowed, type PaintRule } from "./rules";
import { around, intersect, isEmptyRect, type Spans } from "./spans";

export const TILE_PX = 512;

export function tileKey({ level, tx, ty }: TileAddress): string {
  return `${level}/${tx}/${ty}`;
}

/** One tile. All rectangles are in pixels of its level. */
export class LabelTile {
  /** What shows; null while every pixel is unlabelled. */
  pixels: Uint8Array | null = null;
  /** What the server has, kept aside as soon as something local is painted over it. */
  private base: Uint8Array | null = null;
  private mixed = false; // `pixels` holds something that the server's pixels do not
  /** Part whose colours are out of date, in pixels of the tile. */
  dirty: Rect | null = null;
  /** When the pixels here were asked for; -1: never. */
  since = -1;
  lastUsed = 0;

  constructor(
    readonly address: TileAddress,
    readonly area: Rect,
  ) {}

  get width(): number {
    return this.area.x1 - this.area.x0;
  }

  get height(): number {
    return this.area.y1 - this.area.y0;
  }

  get bytes(): number {
    return (this.pixels?.length ?? 0) * 5 + (this.base?.length ?? 0); // ids, their colours, and the server's ids
  }

  /** Take the server's pixels (null: none labelled), asked for at `since`. */
  load(pixels: Uint8Array | null, since: number): void {
    this.base = null;
    this.pixels = pixels;
    this.mixed = false;
    this.since = since;
    this.touch(this.area);
  }

  /** Show the server's pixels with `edits` over them, and nothing else. */
  restore(edits: readonly LocalEdit[], image: Rect): void {
    if (this.mixed) {
      this.pixels = this.base;
      this.base = null;
      this.mixed = false;
      this.touch(this.area);
    }
    for (const edit of edits) this.paint(edit.at(this.address.level, image), edit.rule);
  }

  /** Paint over what shows, where `rule` allows it. */
  paint(parts: readonly CoarsePart[], rule: PaintRule): void {
    for (const part of parts) {
      if (!meets(part.coarse.touched, this.area)) continue;
      this.setAside();
      const box = paintInto(this.pixels!, this.area, part, rule, this.address.level);
      if (box !== null) this.touch(box);
    }
  }

  /** The server has painted this too: make it part of what `restore` goes back to. */
  settle(parts: readonly CoarsePart[], rule: PaintRule): void {
    for (const part of parts) {
      if (!this.mixed || !meets(part.coarse.touched, this.area)) continue;
      this.base ??= new Uint8Array(this.width * this.height);
      paintInto(this.base, this.area, part, rule, this.address.level);
    }
  }

  /** Class id of pixel (x, y) of the level; 0 outside. */
  valueAt(x: number, y: number): number {
    const { x0, y0, x1, y1 } = this.area;
    if (this.pixels === null || x < x0 || y < y0 || x >= x1 || y >= y1) return 0;
    return this.pixels[(y - y0) * this.width + x - x0];
  }

  /** All colours are out of date. */
  recolor(): void {
    this.touch(this.area);
  }

  private setAside(): void {
    if (!this.mixed) {
      this.base = this.pixels;
      this.pixels = this.base === null ? new Uint8Array(this.width * this.height) : this.base.slice();
      this.mixed = true;
    }
  }

  private touch(rect: Rect): void {
    const { x0, y0 } = this.area;
    this.dirty = around(this.dirty, { x0: rect.x0 - x0, y0: rect.y0 - y0, x1: rect.x1 - x0, y1: rect.y1 - y0 });
  }
}

function meets(spans: Spans, area: Rect): boolean {
  for (let i = 0; i < spans.length; i += 3) {
    if (spans[i] >= area.y0 && spans[i] < area.y1 && spans[i + 1] < area.x1 && spans[i + 2] > area.x0) return true;
  }
  return false;
}

/** Paint into a tile's pixels; returns the rectangle touched. Blocks painted in part keep a greater class. */
function paintInto(pixels: Uint8Array, area: Rect, { label, coarse }: CoarsePart, rule: PaintRule, level: number): Rect | null {
  const may = allowed(rule);
  const full = eachRun(coarse.full, area, (from, to) => fill(pixels, label, from, to, may));
  if (level === 0 || label === 0) return full;
  return eachRun(coarse.touched, area, (from, to) => {
    for (let i = from; i < to; i++) if (pixels[i] < label && (may === null || may[pixels[i]] === 1)) pixels[i] = label;
  });
}

/** `may`: by class id, whether a pixel may change; null: each may. */
function fill(pixels: Uint8Array, label: number, from: number, to: number, may: Uint8Array | null): void {
  if (may === null) pixels.fill(label, from, to);
  else for (let i = from; i < to; i++) if (may[pixels[i]] === 1) pixels[i] = label;
}

/** Call `visit` with the pixel range of every run inside `area`; returns the rectangle around them. */
function eachRun(spans: Spans, area: Rect, visit: (from: number, to: number) => void): Rect | null {
  const width = area.x1 - area.x0;
  let box: Rect | null = null;
  for (let i = 0; i < spans.length; i += 3) {
    const run = intersect({ x0: spans[i + 1], x1: spans[i + 2], y0: spans[i], y1: spans[i] + 1 }, area);
    if (isEmptyRect(run)) continue;
    const row = (run.y0 - area.y0) * width - area.x0;
    visit(row + run.x0, row + run.x1);
    box = around(box, run);
  }
  return box;
}

/** Tiles of one slice at all levels in use. */
export class TileStore {
  private readonly tiles = new Map<string, LabelTile>();
  private uses = 0;

  /** `levels`: [Y, X] of each level. */
  constructor(private readonly levels: readonly (readonly [number, number])[]) {}

  get image(): Rect {
    return { x0: 0, y0: 0, x1: this.levels[0][1], y1: this.levels[0][0] };
  }

  clear(): void {
    this.tiles.clear();
  }

  all(): Iterable<LabelTile> {
    return this.tiles.values();
  }

  find(address: TileAddress): LabelTile | undefined {
    return this.tiles.get(tileKey(address));
  }

  /** Class id at an image point by the finest tile that is here, 0 where nothing is known. */
  labelAt(point: Point): number {
    for (let level = 0; level < this.levels.length; level++) {
      const x = Math.floor(point.x / 2 ** level);
      const y = Math.floor(point.y / 2 ** level);
      const tile = this.find({ level, tx: Math.floor(x / TILE_PX), ty: Math.floor(y / TILE_PX) });
      if (tile !== undefined && (tile.since >= 0 || tile.pixels !== null)) return tile.valueAt(x, y);
    }
    return 0;
  }

  /** Where a tile lies, in level-0 pixels; its last blocks may reach beyond the image. */
  imageRect({ area, address }: LabelTile): Rect {
    const size = 2 ** address.level;
    return { x0: area.x0 * size, y0: area.y0 * size, x1: area.x1 * size, y1: area.y1 * size };
  }

  /** The tile at `address`, made when it is not there, and marked as used. */
  use(address: TileAddress): LabelTile {
    let tile = this.find(address);
    if (tile === undefined) {
      tile = new LabelTile(address, this.tileArea(address));
      this.tiles.set(tileKey(address), tile);
    }
    tile.lastUsed = ++this.uses;
    return tile;
  }

  /** Addresses of the tiles of `level` that meet `view`, a rectangle of level-0 pixels. */
  addresses(level: number, view: Rect): TileAddress[] {
    const [height, width] = this.levels[level];
    const step = TILE_PX * 2 ** level;
    const tx1 = Math.min(Math.ceil(view.x1 / step), Math.ceil(width / TILE_PX));
    const ty1 = Math.min(Math.ceil(view.y1 / step), Math.ceil(height / TILE_PX));
    const found: TileAddress[] = [];
    for (let ty = Math.max(0, Math.floor(view.y0 / step)); ty < ty1; ty++) {
      for (let tx = Math.max(0, Math.floor(view.x0 / step)); tx < tx1; tx++) found.push({ level, tx, ty });
    }
    return found;
  }

  /** Drop the tiles used longest ago until `budget` bytes are kept; tiles in `keep` stay. */
  trim(budget: number, keep: ReadonlySet<LabelTile>): LabelTile[] {
    let bytes = 0;
    for (const tile of this.tiles.values()) bytes += tile.bytes;
    const dropped: LabelTile[] = [];
    const oldest = [...this.tiles.values()].filter((tile) => !keep.has(tile)).sort((a, b) => a.lastUsed - b.lastUsed);
    for (const tile of oldest) {
      if (bytes <= budget) break;
      bytes -= tile.bytes;
      this.tiles.delete(tileKey(tile.address));
      dropped.push(tile);
    }
    return dropped;
  }

  private tileArea({ level, tx, ty }: TileAddress): Rect {
    const [height, width] = this.levels[level];
    const x0 = tx * TILE_PX;
    const y0 = ty * TILE_PX;
    return { x0, y0, x1: Math.min(x0 + TILE_PX, width), y1: Math.min(y0 + TILE_PX, height) };
  }
}
