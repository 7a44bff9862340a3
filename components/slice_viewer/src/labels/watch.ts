/**
 * What the server knows besides pixels: revision, annotated slices, history, who else is there. Asked at the start, then every two
 * seconds while seen; often while somebody else is there, so that strokes pass from screen to screen within a second.
 */
import type { Visit } from "../types";
import { newId, type Changes, type News, type Overview } from "./wire";

const ALONE_MS = 2000;
const TOGETHER_MS = 350; // the rest of the second is for saving the stroke, and for fetching and drawing its tiles
const TAB = newId(); // of this browser window: panes of one page are one visit

export interface WatchEvents {
  overview(overview: Overview): void;
  changes(news: News): void;
  present(present: Visit[]): void;
  /** The server answers again after it did not. */
  back(): void;
}

export class Watch {
  /** The newest revision up to which every change is known here; null before the first answer. */
  revision: number | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly abort = new AbortController();
  private turn = 0; // of looking: one that was overtaken does not go on
  private author: string | undefined;
  private pauseMs = ALONE_MS;
  private lost = false; // the last look had no answer

  constructor(
    private readonly root: string, // <apiRoot>/labels/<vid>
    private readonly events: WatchEvents,
    private readonly fetcher: typeof fetch,
    private readonly isSeen: () => boolean,
    private readonly position: () => number, // slice that the page is at
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
    const turn = ++this.turn;
    if (this.isSeen()) await this.ask();
    if (!this.abort.signal.aborted && turn === this.turn) this.timer = setTimeout(() => void this.look(), this.pauseMs);
  }

  private async ask(): Promise<void> {
    try {
      if (this.revision === null) await this.askAll();
      else await this.askNews(this.revision);
      this.found();
    } catch {
      // The outbox tells the user when the server is gone; the next look tries again.
      this.pauseMs = ALONE_MS;
      this.lost = true;
    }
  }

  private found(): void {
    if (this.lost && !this.abort.signal.aborted) this.events.back();
    this.lost = false;
  }

  private async askAll(): Promise<void> {
    const overview = (await this.get(this.root)) as Overview;
    if (this.abort.signal.aborted || this.revision !== null) return;
    this.revision = overview.revision;
    this.pauseMs = TOGETHER_MS; // nobody knows yet who else is there
    this.events.overview(overview);
  }

  private async askNews(known: number): Promise<void> {
    const query = new URLSearchParams({ since: String(known), tab: TAB, z: String(this.position()) });
    const news = (await this.get(`${this.root}/changes?${query}`)) as Changes;
    if (this.abort.signal.aborted) return;
    this.meet(news);
    // Our own writes may have been acknowledged in the meantime; then this answer is old news.
    if (this.revision !== known || news.annotated === undefined) return;
    this.revision = news.revision;
    this.events.changes(news as News);
  }

  private meet({ author, present = [] }: Changes): void {
    this.pauseMs = present.length > 0 ? TOGETHER_MS : ALONE_MS;
    this.events.present(present);
    if (this.author !== undefined && author !== this.author) this.revision = null; // another name has another history
    this.author = author;
  }

  private async get(url: string): Promise<unknown> {
    const response = await this.fetcher(url, { signal: this.abort.signal });
    if (!response.ok) throw new Error(`The server answered ${response.status}.`);
    return response.json();
  }
}
