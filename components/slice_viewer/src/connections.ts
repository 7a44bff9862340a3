/** How many requests for tiles run at a time, over all layers and panes of the page. */

// A browser opens six connections to an HTTP/1.1 server. Two stay free, so that labels are saved and the page answers however slow tiles are.
const MOST = 4;
const MOST_AHEAD = 2; // of them for what is not visible yet

export class Connections {
  private used = 0;
  private readonly waiting = new Set<() => void>();

  /** Take a connection, for what is visible or to fetch ahead. Where none is free, `again` is called as soon as one may be. */
  take(ahead: boolean, again: () => void): boolean {
    const free = this.used < (ahead ? MOST_AHEAD : MOST);
    if (free) this.used++;
    else this.waiting.add(again);
    return free;
  }

  giveBack(): void {
    this.used--;
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const again of waiting) again();
  }

  /** No longer wait. */
  forget(again: () => void): void {
    this.waiting.delete(again);
  }
}

/** Those of the page. */
export const CONNECTIONS = new Connections();
