/** How many bytes of tiles the page keeps: one bound for the images and results of all panes, whatever is used longest ago goes first. */

const MIB = 2 ** 20;
const USUAL_MIB = 256; // a 2560 x 2560 uint16 slice fitted into a window is 3.3 MB, so this holds some 75

/** A cache that shares the memory. */
export interface Sharer {
  readonly bytes: number;
  /** When its tile used longest ago was used; null while it has none. */
  readonly oldest: number | null;
  dropOldest(): void;
}

export class TileMemory {
  private readonly sharers = new Set<Sharer>();
  private uses = 0;

  constructor(private limit = USUAL_MIB * MIB) {}

  setLimit(mib: number | null): void {
    this.limit = (mib ?? USUAL_MIB) * MIB;
    this.trim();
  }

  /** The number of this use; later ones are greater. */
  use(): number {
    return ++this.uses;
  }

  /** `sharer` has grown. */
  grow(sharer: Sharer): void {
    this.sharers.add(sharer);
    this.trim();
  }

  /** `sharer` has nothing any more. */
  leave(sharer: Sharer): void {
    this.sharers.delete(sharer);
  }

  private trim(): void {
    let bytes = [...this.sharers].reduce((sum, sharer) => sum + sharer.bytes, 0);
    while (bytes > this.limit) {
      const sharer = this.longestUnused();
      if (sharer === null || sharer.oldest === this.uses) return; // the last that came stays, however large
      bytes -= sharer.bytes;
      sharer.dropOldest();
      bytes += sharer.bytes;
    }
  }

  private longestUnused(): Sharer | null {
    let found: Sharer | null = null;
    for (const sharer of this.sharers) if (sharer.oldest !== null && sharer.oldest < (found?.oldest ?? Infinity)) found = sharer;
    return found;
  }
}

/** Of the page. */
export const TILE_MEMORY = new TileMemory();
