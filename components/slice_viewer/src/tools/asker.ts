/**
 * The questions of one gesture. One is on its way at a time and only the newest waits, so a preview follows the pointer as quickly as
 * the server answers and never falls behind. Answers of a gesture that was given up are not heard.
 */
import type { Answer, Question, ServerTool } from "./server";
import type { Easel } from "./tool";

export class Asker {
  private flight: AbortController | null = null;
  private next: Question | null = null;

  constructor(
    private readonly easel: Pick<Easel, "ask" | "toast">,
    private readonly tool: ServerTool,
    private readonly heard: (answer: Answer | null) => void, // null: there is none, the user has been told why
  ) {}

  /** Whether an answer is still to come. */
  get waiting(): boolean {
    return this.flight !== null;
  }

  ask(question: Question): void {
    if (this.waiting) this.next = question;
    else void this.send(question);
  }

  cancel(): void {
    this.flight?.abort();
    this.flight = this.next = null;
  }

  private async send(question: Question): Promise<void> {
    const flight = (this.flight = new AbortController());
    const answer = await this.answerTo(question, flight.signal);
    if (flight.signal.aborted) return;
    this.flight = null;
    const { next } = this;
    this.next = null;
    if (next !== null) void this.send(next);
    this.heard(answer);
  }

  private async answerTo(question: Question, signal: AbortSignal): Promise<Answer | null> {
    try {
      return await this.easel.ask(this.tool, question, signal);
    } catch (error) {
      if (!signal.aborted) this.easel.toast(wordsOf(error));
      return null;
    }
  }
}

/** A lost network throws a TypeError, whose words are not for users. */
export function wordsOf(error: unknown): string {
  return error instanceof Error && !(error instanceof TypeError) ? error.message : "The server cannot be reached; this tool needs it.";
}
