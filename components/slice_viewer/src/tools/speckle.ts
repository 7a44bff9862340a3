/** A suggestion of very many small pieces: drawn as a picture, because paths of all of them take longer than finding them. */
import { rgb } from "../labels/palette";
import type { Spans } from "../labels/spans";
import type { Rect } from "../types";

export const MOST_OUTLINED = 20_000; // spans; of more the outline would be all there is to see
const MAX_PIXELS = 1 << 21; // of the picture: as many as a screen has

/** Where a picture lies: `step` image pixels a pixel of it, from the corner of `box`. */
interface Grid {
  box: Rect;
  step: number;
  columns: number;
  rows: number;
}

export class Speckle {
  private readonly canvas = document.createElement("canvas");
  private readonly grid: Grid;

  constructor(spans: Spans, color: string) {
    this.grid = gridOf(boundsOf(spans));
    const { columns, rows } = this.grid;
    [this.canvas.width, this.canvas.height] = [columns, rows];
    const image = new ImageData(new Uint8ClampedArray(filled(spans, this.grid, color).buffer), columns, rows);
    this.canvas.getContext("2d")!.putImageData(image, 0, 0);
  }

  /** Draw it where `toScreen` brings image pixels. */
  draw(context: CanvasRenderingContext2D, { a, b, c, d, e, f }: DOMMatrix): void {
    const { box, step, columns, rows } = this.grid;
    context.save();
    context.imageSmoothingEnabled = false;
    context.transform(a, b, c, d, e, f);
    context.drawImage(this.canvas, box.x0, box.y0, columns * step, rows * step);
    context.restore();
  }
}

export function gridOf(box: Rect): Grid {
  const [width, height] = [box.x1 - box.x0, box.y1 - box.y0];
  const step = Math.max(1, Math.ceil(Math.sqrt((width * height) / MAX_PIXELS)));
  return { box, step, columns: Math.ceil(width / step), rows: Math.ceil(height / step) };
}

/** The pixels of the picture, opaque where any pixel of `spans` lies. */
export function filled(spans: Spans, { box, step, columns, rows }: Grid, color: string): Uint32Array<ArrayBuffer> {
  const [r, g, b] = rgb(color);
  const ink = ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  const pixels = new Uint32Array(columns * rows);
  const column = (x: number): number => Math.floor((x - box.x0) / step);
  for (let i = 0; i < spans.length; i += 3) {
    const row = Math.floor((spans[i] - box.y0) / step) * columns;
    pixels.fill(ink, row + column(spans[i + 1]), row + column(spans[i + 2] - 1) + 1);
  }
  return pixels;
}

function boundsOf(spans: Spans): Rect {
  let [x0, x1] = [Infinity, -Infinity];
  for (let i = 0; i < spans.length; i += 3) {
    x0 = Math.min(x0, spans[i + 1]);
    x1 = Math.max(x1, spans[i + 2]);
  }
  return { x0, x1, y0: spans[0], y1: spans[spans.length - 3] + 1 }; // rows ascend
}
