/**
 * Fetching the label tiles of the slice on screen: first the list of tiles that hold labels, then those of them that are visible.
 *
 * Time is a counter here. Every list is stamped when it is asked for, tiles inherit the stamp of the list whose versions they were
 * asked by, and a tile marked stale at some time needs pixels of a later list. So no answer, however late, passes for a newer one.
 */
import type { TileAddress } from "../types";
import { tileKey, type LabelTile, type TileStore } from "./tiles";
import { readProblem, type TileList } from "./wire";

interface Listing {
  since: number;
  revision: number;
  versions: Map<string, number>; // "tx,ty" -> version, level 0
}

export interface LoaderEvents {
  /** `tile` has pixels of the server. */
  loaded(tile: LabelTile): void;
  /** Something arrived: draw, and ask again for what is still missing. */
  changed(): void;
  /** Something did not; it is asked for again in a while. */
  failed(reason: string): void;
}

export class SliceLoader {
  private clock = 0;
  private listing: Listing | null = null;
  private listingStale = -1; // a list asked for before this time is too old
  private listingInFlight: { abort: AbortController; since: number } | null = null;
  private readonly stale = new Map<string, number>(); // tile key -> time before which its pixels are too old
  private readonly inFlight = new Map<string, { abort: AbortController; since: number }>();
  private blocked = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  z = -1;

  constructor(
    private readonly store: TileStore,
    private readonly root: string, // <apiRoot>/labels/<vid>/<axis>
    private readonly events: LoaderEvents,
    private readonly fetcher: typeof fetch,
    private readonly retryMs: number,
  ) {}


  /** Leave the slice; nothing of it may be shown any more. */
  goTo(z: number): void {
    this.cancel();
    this.store.clear();
    this.stale.clear();
    this.listing = null;
    this.z = z;
  }

  /** Level-0 tiles changed on the server at this moment: load them anew, from `fromLevel` up, when they are looked at. */
  invalidate(tiles: readonly (readonly [number, number])[], fromLevel: number): void {
    const now = this.outdateList();
    for (const tile of this.store.all()) {
      const { level, tx, ty } = tile.address;
      if (level < fromLevel) continue;
      if (tiles.some(([x, y]) => x >> level === tx && y >> level === ty)) this.stale.set(tileKey(tile.address), now);
    }
  }

  /** From now on versions differ from the list, although the pixels on screen may be right. Returns the moment. */
  outdateList(): number {
    this.listingStale = ++this.clock;
    return this.clock;
  }

  /** Ask for what is missing of `wanted`, and no longer for anything else. */
  ensure(wanted: readonly TileAddress[]): void {
    this.abortOthers(new Set(wanted.map(tileKey)));
    if (this.blocked) return;
    const missing = wanted.filter((address) => this.isMissing(address));
    if (missing.length === 0) return;
    if (this.listing === null || this.listing.since < this.listingStale) void this.list();
    else for (const address of missing) this.bring(address, this.listing);
  }

  /** Whether every tile of `wanted` has been loaded once. */
  covers(wanted: readonly TileAddress[]): boolean {
    return wanted.every((address) => (this.store.find(address)?.since ?? -1) >= 0);
  }

  /** The earliest moment of which pixels may still arrive. */
  oldest(): number {
    const usable = this.listing !== null && this.listing.since >= this.listingStale;
    const sinces = [...this.inFlight.values()].map((request) => request.since);
    return Math.min(usable ? this.listing!.since : this.clock, this.listingInFlight?.since ?? Infinity, ...sinces);
  }

  cancel(): void {
    this.listingInFlight?.abort.abort();
    this.listingInFlight = null;
    for (const request of this.inFlight.values()) request.abort.abort();
    this.inFlight.clear();
    clearTimeout(this.timer);
    this.blocked = false;
  }

  private isMissing(address: TileAddress): boolean {
    const key = tileKey(address);
    const since = this.store.find(address)?.since ?? -1;
    return !this.inFlight.has(key) && (since < 0 || since < (this.stale.get(key) ?? 0));
  }

  private async list(): Promise<void> {
    if (this.listingInFlight !== null) return;
    const abort = new AbortController();
    const since = this.clock;
    this.listingInFlight = { abort, since };
    try {
      const response = await this.get(`${this.root}/${this.z}`, abort);
      const { revision, tiles } = (await response.json()) as TileList;
      if (abort.signal.aborted) return;
      this.listing = { since, revision, versions: new Map(tiles.map(([tx, ty, version]) => [`${tx},${ty}`, version])) };
    } catch (error) {
      if (abort.signal.aborted) return;
      this.block(error);
    }
    this.listingInFlight = null;
    this.events.changed();
  }

  private bring(address: TileAddress, listing: Listing): void {
    const version = versionOf(address, listing);
    if (version !== null) {
      void this.fetchTile(address, version, listing.since);
      return;
    }
    this.accept(address, null, listing.since);
  }

  private async fetchTile(address: TileAddress, version: number, since: number): Promise<void> {
    const key = tileKey(address);
    const abort = new AbortController();
    this.inFlight.set(key, { abort, since });
    try {
      const { level, tx, ty } = address;
      const response = await this.get(`${this.root}/${this.z}/${level}/${tx}/${ty}?v=${version}`, abort);
      const pixels = response.status === 204 ? null : new Uint8Array(await response.arrayBuffer());
      if (abort.signal.aborted) return;
      this.accept(address, pixels, since);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.block(error);
    }
    this.inFlight.delete(key);
    this.events.changed();
  }

  private accept(address: TileAddress, pixels: Uint8Array | null, since: number): void {
    const tile = this.store.use(address);
    tile.load(pixels, since);
    this.events.loaded(tile);
  }

  private async get(url: string, abort: AbortController): Promise<Response> {
    const response = await this.fetcher(url, { signal: abort.signal });
    if (!response.ok) throw new Refused((await readProblem(response)).message);
    return response;
  }

  /** After a failure wait a little; `ensure` is called with every frame. */
  private block(error: unknown): void {
    if (!this.blocked) this.events.failed(error instanceof Refused ? error.message : "The server cannot be reached.");
    this.blocked = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.blocked = false;
      this.events.changed();
    }, this.retryMs);
  }

  private abortOthers(wanted: ReadonlySet<string>): void {
    for (const [key, request] of this.inFlight) {
      if (wanted.has(key)) continue;
      request.abort.abort();
      this.inFlight.delete(key);
    }
  }
}

/** The server answered, but not with labels; the message is the server's. */
class Refused extends Error {}

/** The version to ask a tile by, or null when none of the level-0 tiles below it holds a label. */
function versionOf({ level, tx, ty }: TileAddress, listing: Listing): number | null {
  if (level === 0) return listing.versions.get(`${tx},${ty}`) ?? null;
  for (const place of listing.versions.keys()) {
    const [x, y] = place.split(",");
    if (Number(x) >> level === tx && Number(y) >> level === ty) return listing.revision;
  }
  return null;
}
