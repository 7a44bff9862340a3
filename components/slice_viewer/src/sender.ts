/** Property changes on their way to Dash: the first at once, what follows in a burst as one, and echoes told from news. */

const BURST_MS = 120; // a held arrow key changes the slice 30 times a second; callbacks need not run for each
const REST_MS = 250; // Dash takes up to 60 ms for a change, which the tiles of a new slice need more
const UNHURRIED: ReadonlySet<string> = new Set(["slice", "place"]); // nothing the eye waits for follows from these

export type Props = Record<string, unknown>;

export class PropSender {
  private readonly known: Props;
  private waiting: Props = {};
  private inBurst = false; // what comes now waits for the end of a burst, not for the tiles
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** `known`: what Dash has now. */
  constructor(
    known: Props,
    private readonly send: (props: Props) => void,
  ) {
    this.known = { ...known };
  }

  /** Tell Dash what differs from what it has. */
  offer(props: Props): void {
    this.waiting = { ...this.waiting, ...props };
    const { changes } = this;
    if (changes.some(([name]) => !UNHURRIED.has(name))) this.hurry();
    else if (changes.length > 0 && this.timer === null) this.flushIn(REST_MS);
  }

  /** Tell all now, unless something has just been told. */
  private hurry(): void {
    if (this.timer !== null && this.inBurst) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.flush();
  }

  /** Whether `value` comes from the page, rather than back from here. Notes it as what Dash has. */
  isNews(name: string, value: unknown): boolean {
    const news = value !== undefined && value !== this.known[name];
    if (news) this.known[name] = value;
    return news;
  }

  dispose(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.waiting = {};
  }

  /** What Dash does not have yet. */
  private get changes(): [string, unknown][] {
    return Object.entries(this.waiting).filter(([name, value]) => value !== this.known[name]);
  }

  private flush(): void {
    const { changes } = this;
    this.waiting = {};
    if (changes.length === 0) return;
    const props = Object.fromEntries(changes);
    Object.assign(this.known, props);
    this.flushIn(BURST_MS);
    this.send(props);
  }

  private flushIn(pause: number): void {
    this.inBurst = pause === BURST_MS;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.flush();
    }, pause);
  }
}
