/** What the server suggests, drawn over the image until it is kept: translucent, with an outline. */
import type { Spans } from "../labels/spans";
import type { Camera } from "../types";
import { inkPath } from "./ink";
import { MOST_OUTLINED, Speckle } from "./speckle";
import type { Part } from "../labels/rules";

const FILL_ALPHA = 0.45;

interface Outlined {
  color: string;
  fill: Path2D;
  outline: Path2D;
}

export class Proposal {
  private readonly drawn: (Outlined | Speckle)[];

  constructor(
    readonly parts: readonly Part[],
    colorOf: (label: number) => string,
  ) {
    this.drawn = parts.map(({ label, spans }) => drawnAs(spans, colorOf(label)));
  }

  get isEmpty(): boolean {
    return this.parts.every(({ spans }) => spans.length === 0);
  }

  draw(context: CanvasRenderingContext2D, camera: Camera): void {
    const { scale, aspect, offsetX, offsetY } = camera;
    const toScreen = new DOMMatrix([scale, 0, 0, scale * aspect, offsetX, offsetY]);
    for (const drawn of this.drawn) {
      context.globalAlpha = FILL_ALPHA;
      if (drawn instanceof Speckle) drawn.draw(context, toScreen);
      else fill(context, drawn, toScreen);
      context.globalAlpha = 1;
      if (!(drawn instanceof Speckle)) inkPath(context, camera, drawn.color, moved(drawn.outline, toScreen));
    }
  }
}

function drawnAs(spans: Spans, color: string): Outlined | Speckle {
  if (spans.length / 3 > MOST_OUTLINED) return new Speckle(spans, color);
  return { color, fill: fillPath(spans), outline: outlinePath(spans) };
}

function fill(context: CanvasRenderingContext2D, { color, fill }: Outlined, toScreen: DOMMatrix): void {
  context.fillStyle = color;
  context.fill(moved(fill, toScreen));
}

function moved(path: Path2D, matrix: DOMMatrix): Path2D {
  const result = new Path2D();
  result.addPath(path, matrix);
  return result;
}

function fillPath(spans: Spans): Path2D {
  const path = new Path2D();
  for (let i = 0; i < spans.length; i += 3) path.rect(spans[i + 1], spans[i], spans[i + 2] - spans[i + 1], 1);
  return path;
}

function outlinePath(spans: Spans): Path2D {
  const path = new Path2D();
  for (const [x0, y0, x1, y1] of outline(spans)) {
    path.moveTo(x0, y0);
    path.lineTo(x1, y1);
  }
  return path;
}

type Edge = [x0: number, y0: number, x1: number, y1: number];

/** Edges between pixels inside and outside of sorted, disjoint `spans`. */
export function outline(spans: Spans): Edge[] {
  const rows = rowsOf(spans);
  const edges: Edge[] = [];
  for (const [y, runs] of rows) {
    for (const x of runs) edges.push([x, y, x, y + 1]);
    edges.push(...horizontal(y, rows.get(y - 1) ?? [], runs));
    if (!rows.has(y + 1)) edges.push(...horizontal(y + 1, runs, []));
  }
  return edges;
}

/** Row -> ends of its runs, ascending. */
function rowsOf(spans: Spans): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  for (let i = 0; i < spans.length; i += 3) {
    const runs = rows.get(spans[i]);
    if (runs === undefined) rows.set(spans[i], [spans[i + 1], spans[i + 2]]);
    else runs.push(spans[i + 1], spans[i + 2]);
  }
  return rows;
}

/** Where exactly one of two rows is inside: between every two ends of both, an odd count to the left. */
function horizontal(y: number, above: readonly number[], below: readonly number[]): Edge[] {
  const ends = [...above, ...below].sort((a, b) => a - b);
  const edges: Edge[] = [];
  for (let i = 0; i + 1 < ends.length; i += 2) if (ends[i] < ends[i + 1]) edges.push([ends[i], y, ends[i + 1], y]);
  return edges;
}
