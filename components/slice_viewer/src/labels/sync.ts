/**
 * Sending the outbox: one write after the other per volume, until the server acknowledges or refuses each.
 *
 * Ids make a second sending harmless, so whatever is unclear is sent again. One tab sends at a time (Web Locks, where the browser
 * has them); tabs tell each other about answers. What an answer means for the pixels on screen is `index.ts`'s affair.
 */
import type { SaveState } from "../types";
import type { Outbox, QueuedWrite, Write } from "./outbox";
import { EMPTY } from "./spans";
import { csrfToken, deflate, encodeEdit, readProblem, type Answer, type Problem } from "./wire";

/** The outside of the sender; tests put their own. */
export interface Surroundings {
  fetch: typeof fetch;
  cookies(): string;
  backoffMs(failures: number): number;
}

export interface SyncEvents {
  acknowledged(write: Write, answer: Answer): void;
  rejected(write: Write, problem: Problem): void;
  state(state: SaveState): void;
}

export const BROWSER: Surroundings = {
  fetch: (input, init) => fetch(input, init),
  cookies: () => document.cookie,
  backoffMs: (failures) => Math.min(30_000, 500 * 2 ** failures),
};

const TIMEOUT_MS = 60_000;
const KEEPALIVE_BYTES = 60_000; // browsers refuse to keep more than 64 KiB alive after the page is gone

/** Shared by the tabs of a browser: an answer one of them received. */
interface News {
  write: Write;
  answer?: Answer;
  problem?: Problem;
}

/** Why a write waits, for people. */
interface Trouble {
  state: "offline" | "signed_out" | "error";
  message: string;
}

type Outcome = { kind: "done"; answer: Answer } | { kind: "refused"; problem: Problem } | ({ kind: "retry" } & Trouble);

const OFFLINE: Outcome = { kind: "retry", state: "offline", message: "The server cannot be reached. Your strokes are kept in this browser and sent later." };
const SIGNED_OUT: Outcome = { kind: "retry", state: "signed_out", message: "You are signed out. Your strokes are kept in this browser and sent when you are back." };

export class Sync {
  private readonly senders = new Map<string, Sender>();
  private readonly channel = new BroadcastChannel("label-outbox");
  private trouble: Trouble | null = null;
  private stopped = false;
  private adding = 0;
  private readonly additions = new Set<Promise<unknown>>();
  private stored = 0;

  constructor(
    private readonly outbox: Outbox,
    private readonly apiRoot: string,
    private readonly events: SyncEvents,
    private readonly around: Surroundings = BROWSER,
  ) {
    this.channel.onmessage = (message: MessageEvent<News>) => this.deliver(message.data);
  }

  /** Take up what earlier lives of the page left behind. */
  async start(): Promise<void> {
    for (const volume of await this.outbox.volumes()) this.sender(volume).kick();
    await this.recount();
  }

  /** Keep a write and send it as soon as those before it are through. */
  async send(write: Write): Promise<void> {
    const sent = this.add(write);
    this.additions.add(sent);
    await sent.finally(() => this.additions.delete(sent));
  }

  /** Try again now: the network is back, or the page was looked at again. */
  retry(): void {
    for (const sender of this.senders.values()) sender.kick();
  }

  /** Send no more. What is under way is seen through, because others may wait to hear of it. */
  async stop(): Promise<void> {
    this.stopped = true;
    while (this.additions.size > 0) await Promise.allSettled([...this.additions]); // the page may have left the plane of a stroke at once
    await Promise.all([...this.senders.values()].map((sender) => sender.stop()));
    this.channel.close();
  }

  private async add(write: Write): Promise<void> {
    this.adding++;
    this.tell();
    try {
      await this.outbox.add(write);
    } finally {
      this.adding--;
    }
    this.stored++;
    if (this.stopped) this.channel.postMessage({ write: { ...write, spans: EMPTY } } satisfies News); // whoever sends now takes it up
    else this.sender(write.volume).kick();
  }

  private sender(volume: string): Sender {
    const known = this.senders.get(volume);
    if (known !== undefined) return known;
    const sender = new Sender(volume, this.outbox, (write) => this.attempt(write), this.around.backoffMs);
    this.senders.set(volume, sender);
    return sender;
  }

  /** One try. False: to be tried again later. */
  private async attempt(write: QueuedWrite): Promise<boolean> {
    const outcome = await post(write, this.apiRoot, this.around);
    if (outcome.kind === "retry") {
      this.trouble = outcome;
      this.tell();
      return false;
    }
    this.trouble = null;
    const news = await this.settle(write, outcome);
    this.channel.postMessage(news);
    this.deliver(news);
    return true;
  }

  private async settle(write: QueuedWrite, outcome: Exclude<Outcome, { kind: "retry" }>): Promise<News> {
    const told = { ...write, spans: EMPTY }; // the pixels come from the server
    if (outcome.kind === "done") {
      await this.outbox.remove(write);
      return { write: told, answer: outcome.answer };
    }
    await this.outbox.reject(write, outcome.problem.message);
    return { write: told, problem: outcome.problem };
  }

  private deliver(news: News): void {
    if (this.stopped) return;
    if (news.answer) this.events.acknowledged(news.write, news.answer);
    if (news.problem) this.events.rejected(news.write, news.problem);
    if (!news.answer && !news.problem) this.sender(news.write.volume).kick();
    void this.recount();
  }

  private async recount(): Promise<void> {
    this.stored = await this.outbox.count();
    this.tell();
  }

  private tell(): void {
    if (this.stopped) return;
    const pending = this.stored + this.adding;
    if (pending === 0) this.events.state({ state: "saved", pending, message: "" });
    else if (this.trouble === null) this.events.state({ state: "pending", pending, message: "" });
    else this.events.state({ state: this.trouble.state, pending, message: this.trouble.message });
  }
}

/** The queue of one volume on its way out. */
class Sender {
  private wanted = false;
  private running: Promise<void> | null = null;
  private stopped = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly volume: string,
    private readonly outbox: Outbox,
    private readonly attempt: (write: QueuedWrite) => Promise<boolean>,
    private readonly backoffMs: (failures: number) => number,
  ) {}

  kick(): void {
    this.wanted = true;
    this.wake();
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    try {
      while (this.wanted && !this.stopped) {
        this.wanted = false;
        await alone(`label-outbox:${this.volume}`, () => this.drain());
      }
    } finally {
      this.running = null;
    }
  }

  private async drain(): Promise<void> {
    let failures = 0;
    while (!this.stopped) {
      const write = await this.outbox.head(this.volume);
      if (write === null) return;
      if (await this.attempt(write)) failures = 0;
      else await this.pause(this.backoffMs(failures++));
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Run `task` while no other tab does. Plain http has no Web Locks; two senders then merely repeat each other. */
async function alone(name: string, task: () => Promise<void>): Promise<void> {
  if (typeof navigator === "undefined" || !navigator.locks) return task();
  await navigator.locks.request(name, task);
}

async function post(write: QueuedWrite, apiRoot: string, around: Surroundings): Promise<Outcome> {
  try {
    const response = await around.fetch(...(await request(write, apiRoot, around)));
    return await judge(response);
  } catch {
    return OFFLINE;
  }
}

async function request(write: QueuedWrite, apiRoot: string, around: Surroundings): Promise<[string, RequestInit]> {
  const url = write.request?.url ?? `${apiRoot}/labels/${write.volume}/${write.kind === "edit" ? "edits" : write.kind}`;
  const body = write.kind === "edit" ? await deflate(encodeEdit(write)) : new TextEncoder().encode(JSON.stringify({ ...write.request?.body, id: write.id }));
  const type = write.kind === "edit" ? "application/octet-stream" : "application/json";
  const headers = { "Content-Type": type, "X-CSRFToken": csrfToken(around.cookies()) };
  const keepalive = body.byteLength < KEEPALIVE_BYTES;
  // "manual": a proxy that sends us to its login page must not take a write along.
  return [url, { method: "POST", headers, body, keepalive, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) }];
}

async function judge(response: Response): Promise<Outcome> {
  if (isSignedOut(response)) return SIGNED_OUT;
  if (response.ok) return { kind: "done", answer: (await response.json()) as Answer };
  const problem = await readProblem(response);
  // 403: the token was missing or out of date; the answer has brought a new one.
  if (response.status >= 500 || [403, 408, 429].includes(response.status)) {
    return { kind: "retry", state: "error", message: `${problem.message} ${problem.hint} Your strokes are kept in this browser and sent again.` };
  }
  return { kind: "refused", problem };
}

/** The server says so, or a proxy before it shows its login page in place of an answer. */
function isSignedOut(response: Response): boolean {
  const isJson = response.headers.get("Content-Type")?.includes("json") ?? false;
  return response.status === 401 || response.type === "opaqueredirect" || (response.ok && !isJson);
}
