/**
 * Property changes on their way to Dash: the first at once, what follows in a burst as one, and echoes told from news.
 *
 * Which slice is shown may wait until it is on the screen: Dash takes up to 60 ms of the page's time for a change, which the
 * slice's own tiles need more. Who acts on what Dash knows says so by `tellAll` before.
 */

const BURST_MS = 120; // a held arrow key changes the slice 30 times a second; callbacks need not run for each
const REST_MS = 300; // at the latest
const UNHURRIED: ReadonlySet<string> = new Set(["slice", "place"]); // nothing the eye waits for follows from these

export type Props = Record<string, unknown>;

export class PropSender {
  private readonly known: Props;
  private waiting: Props = {};
  private timer: ReturnType<typeof setTimeout> | null = null;
  private inBurst = false; // something has just been told: what comes now waits for the end of the burst

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
    if (this.inBurst) return;
    const { changes } = this;
    if (changes.some(([name]) => !UNHURRIED.has(name))) this.tellAll();
    else if (changes.length > 0 && this.timer === null) this.wait(REST_MS);
  }

  /** Tell now what may wait: it is on the screen. */
  tellShown(): void {
    if (this.timer !== null && !this.inBurst) this.tellAll();
  }

  /** Tell everything now. */
  tellAll(): void {
    const { changes } = this;
    this.waiting = {};
    if (changes.length === 0) return;
    const props = Object.fromEntries(changes);
    Object.assign(this.known, props);
    this.wait(BURST_MS);
    this.inBurst = true;
    this.send(props);
  }

  /** Whether `value` comes from the page, rather than back from here. Notes it as what Dash has. */
  isNews(name: string, value: unknown): boolean {
    const news = value !== undefined && value !== this.known[name];
    if (news) this.known[name] = value;
    return news;
  }

  dispose(): void {
    this.stop();
    this.waiting = {};
  }

  /** What Dash does not have yet; to Dash, null is what it was never told. */
  private get changes(): [string, unknown][] {
    return Object.entries(this.waiting).filter(([name, value]) => value !== (this.known[name] ?? null));
  }

  private wait(pause: number): void {
    this.stop();
    this.timer = setTimeout(() => {
      this.stop();
      this.tellAll();
    }, pause);
  }

  private stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.inBurst = false;
  }
}
