/** What the server makes in the background so that the volume shows quickly; asked for while there is something to wait for. */

const POLL_MS = 1000;

/** One thing being made (docs/contracts.md, "Images"). */
export interface Progress {
  what: string;
  state: "waiting" | "building" | "ready" | "refused" | "failed";
  done: number;
  total: number;
  seconds_left: number | null;
  reason: string;
}

export class Making {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly abort = new AbortController();
  private running = false;

  /** `heard` gets every answer and says whether to go on asking. */
  constructor(
    private readonly url: string,
    private readonly heard: (progress: Progress[]) => boolean,
    private readonly fetcher: typeof fetch = (input, init) => fetch(input, init),
  ) {}

  /** There is something to wait for. Harmless when it is known already. */
  watch(): void {
    if (this.running || this.abort.signal.aborted) return;
    this.running = true;
    this.timer = setTimeout(() => void this.ask(), POLL_MS / 4);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.abort.abort();
  }

  private async ask(): Promise<void> {
    const progress = await this.fetch();
    if (this.abort.signal.aborted) return;
    this.running = progress === null || this.heard(progress);
    if (this.running) this.timer = setTimeout(() => void this.ask(), POLL_MS);
  }

  /** Null while the server is away; the image says so. */
  private async fetch(): Promise<Progress[] | null> {
    try {
      const response = await this.fetcher(this.url, { signal: this.abort.signal });
      return response.ok ? ((await response.json()) as Progress[]) : null;
    } catch {
      return null;
    }
  }
}

/** Whether anything is still on its way. */
export function isBusy(progress: readonly Progress[]): boolean {
  return progress.some(({ state }) => state === "waiting" || state === "building");
}

/** In words, or null when there is nothing to say. */
export function describeProgress(progress: readonly Progress[]): string | null {
  const busy = progress.find(({ state }) => state === "building" || state === "waiting");
  if (busy !== undefined) return `Preparing ${busy.what}: ${percent(busy)}${rest(busy.seconds_left)}`;
  const refused = progress.find(({ state }) => state === "refused" || state === "failed");
  return refused === undefined ? null : `No quick ${refused.what}: ${refused.reason}`;
}

function percent({ done, total }: Progress): string {
  return `${Math.floor((100 * done) / total)} %`;
}

function rest(seconds: number | null): string {
  if (seconds === null) return "";
  return seconds < 90 ? `, ${Math.ceil(seconds)} s left` : `, ${Math.ceil(seconds / 60)} min left`;
}
