/** Property changes on their way to Dash: the first at once, what follows in a burst as one, and echoes told from news. */

const BURST_MS = 120; // a held arrow key changes the slice 30 times a second; callbacks need not run for each

export type Props = Record<string, unknown>;

export class PropSender {
  private readonly known: Props;
  private waiting: Props = {};
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
    if (this.timer === null) this.flush();
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

  private flush(): void {
    const changed = Object.entries(this.waiting).filter(([name, value]) => value !== this.known[name]);
    this.waiting = {};
    if (changed.length === 0) return;
    const props = Object.fromEntries(changed);
    Object.assign(this.known, props);
    this.timer = setTimeout(() => {
      this.timer = null;
      this.flush();
    }, BURST_MS);
    this.send(props);
  }
}
