/** The brush stroke under way: what it has covered so far, and how a new dab reaches the tiles of every level. */
import type { Rect } from "../types";
import { alignToBlocks, coarsen } from "./levels";
import type { PaintRule } from "./rules";
import { bounds, SpanSet, type Spans } from "./spans";
import type { LabelTile, TileStore } from "./tiles";

export class Stroke {
  private readonly covered = new SpanSet();

  constructor(
    readonly z: number,
    readonly label: number,
    readonly rule: PaintRule,
    private readonly store: TileStore,
  ) {}

  /** Add a dab and show it. Coarse pixels depend on all of the stroke inside their block, so those blocks are painted anew. */
  add(spans: Spans): void {
    const box = bounds(spans);
    if (box === null) return;
    this.covered.add(spans);
    for (const [level, tiles] of tilesByLevel(this.store.all())) this.paint(level, tiles, box);
  }

  /** Show the whole stroke on a tile that has just been loaded. */
  paintOn(tile: LabelTile): void {
    this.paint(tile.address.level, [tile], this.store.imageRect(tile));
  }

  /** All pixels covered, sorted and disjoint. */
  spans(): Spans {
    return this.covered.toSpans();
  }

  private paint(level: number, tiles: readonly LabelTile[], box: Rect): void {
    const blocks = this.covered.within(alignToBlocks(box, level, this.store.image));
    const coarse = coarsen(blocks, level, this.store.image);
    for (const tile of tiles) tile.paint([{ label: this.label, coarse }], this.rule);
  }
}

function tilesByLevel(tiles: Iterable<LabelTile>): Map<number, LabelTile[]> {
  const levels = new Map<number, LabelTile[]>();
  for (const tile of tiles) {
    const row = levels.get(tile.address.level);
    if (row === undefined) levels.set(tile.address.level, [tile]);
    else row.push(tile);
  }
  return levels;
}
