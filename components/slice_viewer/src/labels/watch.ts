/** What the server knows besides pixels: revision, annotated slices, history; asked at the start and every two seconds while seen. */
import type { Changes, Overview } from "./wire";

const POLL_MS = 2000;

export interface WatchEvents {
  overview(overview: Overview): void;
  changes(changes: Changes): void;
}

export class Watch {
  /** The newest revision up to which every change is known here; null before the first answer. */
  revision: number | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly abort = new AbortController();

  constructor(
    private readonly root: string, // <apiRoot>/labels/<vid>
    private readonly events: WatchEvents,
    private readonly fetcher: typeof fetch,
    private readonly isSeen: () => boolean,
  ) {}

  start(): void {
    void this.look();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.abort.abort();
  }

  /** Look at once, for instance because the page has come back into sight. */
  now(): void {
    clearTimeout(this.timer);
    void this.look();
  }

  /** One of our own writes made `revision`. A gap means that somebody else wrote too: then the next look tells what. */
  advance(revision: number): boolean {
    if (this.revision === null || revision !== this.revision + 1) return false;
    this.revision = revision;
    return true;
  }

  private async look(): Promise<void> {
    if (this.isSeen()) await this.ask();
    if (!this.abort.signal.aborted) this.timer = setTimeout(() => void this.look(), POLL_MS);
  }

  private async ask(): Promise<void> {
    const known = this.revision;
    try {
      const answer = await this.get(known === null ? this.root : `${this.root}/changes?since=${known}`);
      // Our own writes may have been acknowledged in the meantime; then this answer is old news.
      if (this.abort.signal.aborted || this.revision !== known) return;
      this.revision = (answer as Overview).revision;
      if (known === null) this.events.overview(answer as Overview);
      else this.events.changes(answer as Changes);
    } catch {
      // The outbox tells the user when the server is gone; the next look tries again.
    }
  }

  private async get(url: string): Promise<unknown> {
    const response = await this.fetcher(url, { signal: this.abort.signal });
    if (!response.ok) throw new Error(`The server answered ${response.status}.`);
    return response.json();
  }
}
