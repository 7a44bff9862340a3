/**
 * Tiles as raw bytes: fetched in the order of a wish list, aborted when no longer wished for, kept while there is memory for them.
 *
 * The engine calls `want` with everything it needs, most urgent first, whenever the view changes. Failed requests are repeated
 * with growing pauses until they succeed, so a server that comes back is noticed without a reload.
 */

import { orders, tilesOf, type Order, type Wish } from "./batches";
import { CONNECTIONS, type Connections } from "./connections";
import { LINK, type Speed } from "./previews";
import { TILE_MEMORY, type Sharer, type TileMemory } from "./tilememory";

const DRAFT = "X-Draft"; // the server is still making the overview this tile is cut from
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8000;

export interface Problem {
  message: string;
  hint: string;
}

export interface CacheEvents {
  /** A tile has come. */
  arrived(key: string): void;
  /** The server does not know the tile: its version is out of date, or it never was. */
  gone(key: string, problem: Problem): void;
  /** The server does not answer, or answers with an error; null when it does again. */
  trouble(problem: Problem | null): void;
}

/** Bytes of a tile; null: the server has said that there is nothing (204). */
export type TileBytes = ArrayBuffer | null;

/** A request under way. `open`: the tiles that have not come yet. */
interface Request {
  open: Set<string>;
  abort: AbortController;
}

interface Kept {
  tile: TileBytes;
  /** The number of its last use, as the memory counts. */
  used: number;
}

export class TileCache implements Sharer {
  private readonly kept = new Map<string, Kept>(); // oldest use first
  private readonly running = new Set<Request>();
  private readonly pumpAgain = (): void => this.pump();
  private readonly dead = new Set<string>();
  private readonly failed = new Set<string>();
  private readonly drafts = new Set<string>(); // kept, but to be replaced
  private readonly resting = new Set<string>(); // drafts not to be asked for before the next `refreshDrafts`
  private wishes: Wish[] = [];
  private total = 0;
  private failures = 0;
  private unseen = false; // something visible has been asked for and is not on the screen yet
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly events: CacheEvents,
    private readonly memory: TileMemory = TILE_MEMORY,
    private readonly fetcher: typeof fetch = (input, init) => fetch(input, init),
    private readonly decode: (preview: Blob) => Promise<ArrayBuffer> = (preview) => preview.arrayBuffer(),
    private readonly link: Speed = LINK,
    private readonly connections: Connections = CONNECTIONS,
  ) {}

  /** Bytes kept. */
  get bytes(): number {
    return this.total;
  }

  get oldest(): number | null {
    return this.kept.values().next().value?.used ?? null;
  }

  dropOldest(): void {
    const [key] = this.kept.keys();
    this.total -= size(this.kept.get(key));
    this.kept.delete(key);
    this.drafts.delete(key);
  }

  has(key: string): boolean {
    return this.kept.has(key);
  }

  /** Whether the tile is a first impression. */
  isDraft(key: string): boolean {
    return this.drafts.has(key);
  }

  /** The tile, without marking it as used. */
  peek(key: string): TileBytes | undefined {
    return this.kept.get(key)?.tile;
  }

  /** The tile, marked as used; undefined when it is not here. */
  get(key: string): TileBytes | undefined {
    const kept = this.kept.get(key);
    if (kept === undefined) return undefined;
    this.kept.delete(key);
    this.kept.set(key, { ...kept, used: this.memory.use() });
    return kept.tile;
  }

  /** Replace the wish list, most urgent first. Requests for anything else are aborted. */
  want(wishes: Wish[]): void {
    const keys = new Set<string>(); // the coarsest tile may be the finest, too: a second wish for one is dropped
    this.wishes = wishes.filter(({ key }) => !keys.has(key) && this.lacks(key) && keys.add(key));
    for (const request of this.running) {
      if (![...request.open].some((key) => keys.has(key))) this.abort(request);
    }
    // What failed is no longer wanted (another slice, say): the pause before its next try must not hold up the rest.
    if (this.failed.size > 0 && ![...this.failed].some((key) => keys.has(key))) this.calm();
    this.pump();
  }

  /** Visible tiles still to come. */
  get pending(): number {
    return this.wishes.filter(({ prefetch, key }) => !prefetch && !this.kept.has(key) && !this.dead.has(key)).length;
  }

  /**
   * What is here is on the screen: go on to what is fetched ahead. Begun with the last tile, its answers would take a small
   * machine's processors from the drawing.
   */
  seen(): void {
    if (!this.unseen || this.pending > 0) return;
    this.unseen = false;
    this.pump();
  }

  /** Whether everything wished for is here, what was to be prefetched included. */
  get idle(): boolean {
    return !this.wishes.some(({ key }) => this.lacks(key));
  }

  /** Forget empty and missing tiles: they may have come into being, as the slices of a running job do. `all`: the rest, too. */
  askAgain({ all = false } = {}): void {
    this.dead.clear();
    for (const [key, { tile }] of this.kept) {
      if (tile === null) this.kept.delete(key);
      else if (all) this.drafts.add(key);
    }
  }

  /** Ask once more for first impressions, which stay until better ones come. True when there are any. */
  refreshDrafts(): boolean {
    this.resting.clear();
    return this.drafts.size > 0;
  }

  clear(): void {
    this.want([]);
    this.kept.clear();
    this.dead.clear();
    this.drafts.clear();
    this.total = 0;
    this.memory.leave(this);
    this.calm();
  }

  /** Whether a tile is to be asked for. */
  private lacks(key: string): boolean {
    return !this.dead.has(key) && (!this.kept.has(key) || (this.drafts.has(key) && !this.resting.has(key)));
  }

  private pump(): void {
    this.connections.forget(this.pumpAgain);
    if (this.timer !== null) return;
    for (const order of this.orders()) {
      if (!this.connections.take(order.prefetch, this.pumpAgain)) return;
      this.start(order);
    }
  }

  /** What is to be asked for now. Better tiles, and those fetched ahead, wait until something is here of all that is visible. */
  private orders(): Order[] {
    const running = new Set([...this.running].flatMap(({ open }) => [...open]));
    const isNew = ({ key }: Wish): boolean => !this.kept.has(key);
    const left = this.wishes.filter(({ key }) => !running.has(key) && this.lacks(key));
    const visible = left.filter(({ prefetch }) => !prefetch);
    if (this.pending > 0) return orders(visible.filter(isNew), isNew);
    const ahead = this.unseen ? [] : left.filter(({ prefetch }) => prefetch);
    return [visible, ahead].flatMap((wishes) => orders(wishes, isNew));
  }

  private start(order: Order): void {
    if (!order.prefetch) this.unseen = true;
    const request = { open: new Set(order.wishes.map(({ key }) => key)), abort: new AbortController() };
    this.running.add(request);
    void this.load(order, request).finally(() => {
      this.running.delete(request);
      this.connections.giveBack();
      this.pump();
    });
  }

  private async load(order: Order, { open, abort: { signal } }: Request): Promise<void> {
    try {
      const response = await this.fetcher(order.url, { signal });
      if (response.ok) return await this.receive(response, order, open);
      const problem = await readProblem(response);
      if (response.status === 404) this.bury([...open], problem);
      else this.fail([...open], problem);
    } catch {
      if (!signal.aborted) this.fail([...open], { message: "The server cannot be reached.", hint: "The image comes back by itself when it can." });
    }
  }

  /** Keep the tiles of an answer as they come. How long the server took to begin says nothing about the link. */
  private async receive(response: Response, { wishes, isPreview }: Order, open: Set<string>): Promise<void> {
    this.link.begin();
    let [received, place] = [0, 0];
    try {
      for await (const data of tilesOf(response, wishes.length)) {
        received += data.byteLength;
        const { key } = wishes[place++];
        if (isPreview) this.keepPreview(key, await this.decode(new Blob([data])));
        else this.keep(key, response.status === 204 ? null : data, response.headers.has(DRAFT));
        open.delete(key);
      }
    } finally {
      this.link.end(received);
    }
  }

  /** Show a preview, and go on to the exact tile once every visible one has something. */
  private keepPreview(key: string, tile: ArrayBuffer): void {
    this.keep(key, tile, true);
    this.resting.delete(key);
  }

  private keep(key: string, tile: TileBytes, draft: boolean): void {
    const before = this.kept.get(key);
    this.kept.delete(key);
    this.kept.set(key, { tile, used: this.memory.use() });
    this.total += (tile?.byteLength ?? 0) - size(before);
    this.drafts.delete(key);
    if (draft) for (const list of [this.drafts, this.resting]) list.add(key);
    this.memory.grow(this);
    this.calm();
    this.events.arrived(key);
  }

  private bury(keys: readonly string[], problem: Problem): void {
    for (const key of keys) this.dead.add(key);
    this.events.gone(keys[0], problem);
    this.seen();
  }

  private fail(keys: readonly string[], problem: Problem): void {
    for (const key of keys) this.failed.add(key);
    this.events.trouble(problem);
    if (this.timer !== null) return;
    const pause = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failures++);
    this.timer = setTimeout(() => {
      this.timer = null;
      this.pump();
    }, pause);
  }

  private calm(): void {
    if (this.failures > 0) this.events.trouble(null);
    this.failures = 0;
    this.failed.clear();
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private abort(request: Request): void {
    this.running.delete(request);
    request.abort.abort();
  }
}

const size = (kept: Kept | undefined): number => kept?.tile?.byteLength ?? 0;

/** The server's own words about an error answer (docs/contracts.md), or the status when it has none. */
export async function readProblem(response: Response): Promise<Problem> {
  try {
    const { error, hint } = (await response.json()) as { error: string; hint: string };
    return { message: error, hint: hint ?? "" };
  } catch {
    return { message: `The server answered ${response.status}.`, hint: "Try again in a moment." };
  }
}
