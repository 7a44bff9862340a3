/** Tools that need the image's values are answered by the server (docs/contracts.md, "Tools"): questions, answers, and their bytes. */
import type { Part } from "../labels/rules";
import type { Spans } from "../labels/spans";
import { csrfToken, readProblem } from "../labels/wire";
import type { PlaneAxis, Point, Rect } from "../types";

export type ServerTool =
  | "fill"
  | "wand"
  | "livewire"
  | "watershed"
  | "random_walker"
  | "grabcut"
  | "superpixel"
  | "threshold"
  | "refine"
  | "copy"
  | "click"
  | "accept";

export interface Question {
  points?: readonly Point[];
  spans?: Spans;
  options?: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly parts: readonly Part[];
  /** The path of a live-wire, middles of pixels. */
  readonly points: readonly Point[];
  /** What the user should know, or "". */
  readonly note: string;
}

/** Where a question is asked: a plane, the part of it on the screen, and the class that is chosen. */
export interface Place {
  readonly url: string; // <apiRoot>/tools/<vid>
  readonly axis: PlaneAxis;
  readonly index: number;
  readonly box: Rect;
  readonly label: number;
}

export interface WireAnswer {
  parts: { label: number; spans?: number[][]; packed?: string }[];
  points: [number, number][];
  note: string;
}

export async function askServer(tool: ServerTool, place: Place, question: Question, signal: AbortSignal): Promise<Answer> {
  const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken(document.cookie) };
  const body = JSON.stringify(encode(place, question));
  const response = await fetch(`${place.url}/${tool}`, { method: "POST", headers, body, signal });
  if (!response.ok) throw await problemOf(response);
  return decode((await response.json()) as WireAnswer);
}

export function encode({ axis, index, box, label }: Place, { points = [], spans, options = {} }: Question): object {
  const triples = spans === undefined ? {} : { spans: rowsOf(spans) };
  return { axis, index, box: [box.y0, box.x0, box.y1, box.x1], label, points: points.map(({ x, y }) => [y, x]), options, ...triples };
}

export function decode({ parts, points, note }: WireAnswer): Answer {
  return {
    parts: parts.map(({ label, spans = [], packed }) => ({ label, spans: packed === undefined ? Int32Array.from(spans.flat()) : unpacked(packed) })),
    points: points.map(([y, x]) => ({ x, y })),
    note,
  };
}

/** Very many spans come as the base64 of their numbers. */
function unpacked(packed: string): Spans {
  const text = atob(packed);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new Int32Array(bytes.buffer);
}

function rowsOf(spans: Spans): number[][] {
  return Array.from({ length: spans.length / 3 }, (_, i) => [...spans.subarray(3 * i, 3 * i + 3)]);
}

async function problemOf(response: Response): Promise<Error> {
  const { message, hint } = await readProblem(response);
  return new Error(`${message} ${hint}`.trim());
}
