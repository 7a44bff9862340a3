/**
 * Tiles as raw bytes: fetched in the order of a wish list, aborted when no longer wished for, kept up to a number of bytes.
 *
 * The engine calls `want` with everything it needs, most urgent first, whenever the view changes. Failed requests are repeated
 * with growing pauses until they succeed, so a server that comes back is noticed without a reload.
 */

import { LINK, type Speed } from "./previews";

// A 2560 x 2560 uint16 slice fitted into a window is 3.3 MB, so this holds some 75 slices, and stays small beside a browser tab.
export const CACHE_BYTES = 256 * 2 ** 20;
const MAX_REQUESTS = 6; // what a browser opens to one HTTP/1.1 server
const MAX_PREFETCH = 3; // leaves connections for what comes into view
const DRAFT = "X-Draft"; // the server is still making the overview this tile is cut from
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8000;

/** A tile wished for. `prefetch`: not visible yet, may wait. */
export interface Wish {
  key: string;
  url: string;
  prefetch: boolean;
  /** Where a small first impression is, for slow links. */
  preview?: string;
}

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

export class TileCache {
  private readonly kept = new Map<string, TileBytes>(); // oldest use first
  private readonly running = new Map<string, AbortController>();
  private readonly dead = new Set<string>();
  private readonly failed = new Set<string>();
  private readonly drafts = new Set<string>(); // kept, but to be replaced
  private readonly resting = new Set<string>(); // drafts not to be asked for before the next `refreshDrafts`
  private wishes: Wish[] = [];
  private bytes = 0;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly events: CacheEvents,
    private readonly budget = CACHE_BYTES,
    private readonly fetcher: typeof fetch = (input, init) => fetch(input, init),
    private readonly decode: (preview: Blob) => Promise<ArrayBuffer> = (preview) => preview.arrayBuffer(),
    private readonly link: Speed = LINK,
  ) {}

  has(key: string): boolean {
    return this.kept.has(key);
  }

  /** Whether the tile is a first impression. */
  isDraft(key: string): boolean {
    return this.drafts.has(key);
  }

  /** The tile, without marking it as used. */
  peek(key: string): TileBytes | undefined {
    return this.kept.get(key);
  }

  /** The tile, marked as used; undefined when it is not here. */
  get(key: string): TileBytes | undefined {
    const tile = this.kept.get(key);
    if (tile === undefined) return undefined;
    this.kept.delete(key);
    this.kept.set(key, tile);
    return tile;
  }

  /** Replace the wish list, most urgent first. Requests for anything else are aborted. */
  want(wishes: Wish[]): void {
    this.wishes = wishes.filter(({ key }) => this.lacks(key));
    const keys = new Set(this.wishes.map(({ key }) => key));
    for (const [key, request] of this.running) {
      if (!keys.has(key)) this.abort(key, request);
    }
    // What failed is no longer wanted (another slice, say): the pause before its next try must not hold up the rest.
    if (this.failed.size > 0 && ![...this.failed].some((key) => keys.has(key))) this.calm();
    this.pump();
  }

  /** Visible tiles still missing. */
  get pending(): number {
    return this.wishes.filter(({ prefetch, key }) => !prefetch && !this.kept.has(key)).length;
  }

  /** Whether everything wished for is here, what was to be prefetched included. */
  get idle(): boolean {
    return !this.wishes.some(({ key }) => this.lacks(key));
  }

  /** Forget empty and missing tiles: they may have come into being, as the slices of a running job do. `all`: the rest, too. */
  askAgain({ all = false } = {}): void {
    this.dead.clear();
    for (const [key, tile] of this.kept) {
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
    this.bytes = 0;
    this.calm();
  }

  /** Whether a tile is to be asked for. */
  private lacks(key: string): boolean {
    return !this.dead.has(key) && (!this.kept.has(key) || (this.drafts.has(key) && !this.resting.has(key)));
  }

  private pump(): void {
    if (this.timer !== null) return;
    const isNew = ({ key }: Wish): boolean => !this.kept.has(key);
    const visible = this.wishes.filter(({ prefetch }) => !prefetch);
    const inOrder = [...visible.filter(isNew), ...visible.filter((wish) => !isNew(wish)), ...this.wishes.filter(({ prefetch }) => prefetch)];
    for (const wish of inOrder) {
      if (this.running.size >= (wish.prefetch ? MAX_PREFETCH : MAX_REQUESTS)) return;
      if (!this.running.has(wish.key) && this.lacks(wish.key)) this.start(wish);
    }
  }

  private start(wish: Wish): void {
    const request = new AbortController();
    this.running.set(wish.key, request);
    void this.load(wish, request.signal).finally(() => {
      if (this.running.get(wish.key) === request) this.running.delete(wish.key);
      this.pump();
    });
  }

  private async load(wish: Wish, signal: AbortSignal): Promise<void> {
    const { key } = wish;
    const first = wish.preview !== undefined && !this.kept.has(key);
    try {
      const response = await this.fetcher(first ? wish.preview! : wish.url, { signal });
      if (response.ok) {
        const data = await this.receive(response);
        if (first) return this.keepPreview(key, await this.decode(new Blob([data])));
        return this.keep(key, response.status === 204 ? null : data, response.headers.has(DRAFT));
      }
      const problem = await readProblem(response);
      if (response.status === 404) this.bury(key, problem);
      else this.fail(key, problem);
    } catch {
      if (!signal.aborted) this.fail(key, { message: "The server cannot be reached.", hint: "The image comes back by itself when it can." });
    }
  }

  /** The body of an answer. How long the server took to begin says nothing about the link. */
  private async receive(response: Response): Promise<ArrayBuffer> {
    this.link.begin();
    let received = 0;
    try {
      const data = await response.arrayBuffer();
      received = data.byteLength;
      return data;
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
    this.bytes += (tile?.byteLength ?? 0) - (this.kept.get(key)?.byteLength ?? 0);
    this.kept.set(key, tile);
    this.drafts.delete(key);
    if (draft) for (const list of [this.drafts, this.resting]) list.add(key);
    for (const [oldest, bytes] of this.kept) {
      if (this.bytes <= this.budget || oldest === key) break;
      this.kept.delete(oldest);
      this.drafts.delete(oldest);
      this.bytes -= bytes?.byteLength ?? 0;
    }
    this.calm();
    this.events.arrived(key);
  }

  private bury(key: string, problem: Problem): void {
    this.dead.add(key);
    this.events.gone(key, problem);
  }

  private fail(key: string, problem: Problem): void {
    this.failed.add(key);
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

  private abort(key: string, request: AbortController): void {
    this.running.delete(key);
    request.abort();
  }
}

/** The server's own words about an error answer (docs/contracts.md), or the status when it has none. */
export async function readProblem(response: Response): Promise<Problem> {
  try {
    const { error, hint } = (await response.json()) as { error: string; hint: string };
    return { message: error, hint: hint ?? "" };
  } catch {
    return { message: `The server answered ${response.status}.`, hint: "Try again in a moment." };
  }
}
