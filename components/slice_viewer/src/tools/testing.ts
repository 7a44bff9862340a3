/** What the tests of the tools share: an easel that remembers, and a server that answers when it is told to. */
import type { Part } from "../labels/rules";
import { SpanSet, type Spans } from "../labels/spans";
import { DEFAULT_SETTINGS, type Combine, type ProposalState, type ToolSettings } from "../settings";
import type { Point, ResultChoice } from "../types";
import type { Answer, Question, ServerTool } from "./server";
import type { DrawingTool, Easel, Modifiers } from "./tool";

export const AREA = { x0: 0, y0: 0, x1: 100, y1: 80 };
export const PLAIN: Modifiers = { shift: false, alt: false, ctrl: false };

interface Asked {
  tool: ServerTool;
  question: Question;
  signal: AbortSignal;
  answer(answer: Partial<Answer>): Promise<void>;
  fail(error: Error): Promise<void>;
}

/** An easel that remembers; one image pixel is four CSS pixels wide. */
export class Sheet implements Easel {
  readonly area = AREA;
  readonly view = AREA;
  readonly tolerance = 5;
  readonly color = "#E69F00";
  radius = 3;
  settings: ToolSettings = DEFAULT_SETTINGS;
  stroke = new SpanSet();
  committed: Spans[] = [];
  combined: Combine[] = [];
  behind: Spans[] = [];
  parts: (readonly Part[])[] = [];
  asked: Asked[] = [];
  picked: Point[] = [];
  result: ResultChoice | null = { job: "j", classes: [5], least: 0 };
  accepted: (readonly Part[])[] = [];
  away: Part[] = [];
  filled: [Point, number | null][] = [];
  said: string[] = [];
  proposal: ProposalState = "none";
  discarded = 0;

  paint(spans: Spans): void {
    this.stroke.add(spans);
  }

  commitStroke(): void {
    this.commit(this.stroke.toSpans());
    this.stroke = new SpanSet();
  }

  discardStroke(): void {
    this.stroke = new SpanSet();
    this.discarded++;
  }

  commit(spans: Spans, combine: Combine = "add"): void {
    this.committed.push(spans);
    this.combined.push(combine);
  }

  commitBehind(spans: Spans): void {
    this.behind.push(spans);
  }

  commitParts(parts: readonly Part[]): void {
    this.parts.push(parts);
  }

  accept(parts: readonly Part[]): void {
    this.accepted.push(parts);
  }

  takeAway(part: Part): void {
    this.away.push(part);
  }

  resultFrom = 50; // the column; the result is class 5 right of it

  resultAt({ x }: Point): number {
    return x >= this.resultFrom ? 5 : 0;
  }

  ask(tool: ServerTool, question: Question, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const answer = (told: Partial<Answer>): Promise<void> => heard(() => resolve({ parts: [], points: [], note: "", ...told }));
      this.asked.push({ tool, question, signal, answer, fail: (error) => heard(() => reject(error)) });
    });
  }

  pick(point: Point): void {
    this.picked.push(point);
  }

  proposeFill(point: Point, tolerance: number | null): void {
    this.filled.push([point, tolerance]);
  }

  changeSettings(changes: Partial<ToolSettings>): void {
    this.settings = { ...this.settings, ...changes };
  }

  propose(state: ProposalState): void {
    this.proposal = state;
  }

  toast(message: string): void {
    this.said.push(message);
  }

  redraw(): void {
    // Nothing is drawn here.
  }

  colorOf(): string {
    return this.color;
  }

  /** The value is the column. */
  valueAt({ x }: Point): number | null {
    return x < 0 ? null : x;
  }

  distance(a: Point, b: Point): number {
    return 4 * Math.hypot(a.x - b.x, a.y - b.y);
  }
}

/** Do what wakes a promise, and let those wake who wait for it. */
async function heard(wake: () => void): Promise<void> {
  wake();
  await new Promise((resolve) => setTimeout(resolve));
}

export function click(tool: DrawingTool, x: number, y: number, modifiers = PLAIN): void {
  tool.down({ x, y }, modifiers);
  tool.up({ x, y }, modifiers);
}

export function drag(tool: DrawingTool, from: Point, to: Point, modifiers = PLAIN): void {
  tool.down(from, modifiers);
  tool.move({ x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }, modifiers);
  tool.up(to, modifiers);
}
