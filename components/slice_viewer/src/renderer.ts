/** Drawing tiles: the interface a renderer keeps, and the Canvas2D one (faster than WebGL2 where there is no GPU). */
import type { Camera, Rect } from "./types";

/** A coloured tile, and which part of it goes where. `source` is in pixels of the tile, `target` in screen pixels. */
export interface Sprite {
  key: string;
  width: number;
  height: number;
  source: Rect;
  target: Rect;
  smooth: boolean;
}

/** Writes one 32-bit RGBA word for each pixel of tile `key`, in rows of `width`. */
export type Colorizer = (key: string, out: Uint32Array, width: number) => void;

export interface Renderer {
  /** Clear the canvas and clip to the image. */
  begin(camera: Camera, image: Rect): void;
  /** `layer` names a set of coloured tiles that `recolor` drops together. */
  draw(layer: string, sprites: readonly Sprite[], colorize: Colorizer, opacity: number): void;
  end(): void;
  /** Colour a tile that will be drawn soon, while there is nothing else to do. */
  prepare(layer: string, tile: Pick<Sprite, "key" | "width" | "height">, colorize: Colorizer): void;
  /** The layer's colours have changed: a new window, say. */
  recolor(layer: string): void;
  /** One tile has other pixels now. */
  forget(layer: string, key: string): void;
  /** For the label layer, which draws by itself. */
  readonly context: CanvasRenderingContext2D;
}

const SPARE_TILES = 24; // coloured tiles kept at least beyond those of the last frame, for a step back; about 1 MiB each

interface Coloured {
  canvas: HTMLCanvasElement;
  frame: number;
  /** The colours are out of date; the canvas is painted over when it is needed. */
  stale: boolean;
}

/** Canvases and pixel buffers used again: making them takes longer than filling them. */
class Paints {
  private readonly free: HTMLCanvasElement[] = [];
  private readonly buffers = new Map<string, ImageData>();

  canvas(width: number, height: number): HTMLCanvasElement {
    const at = this.free.findIndex((canvas) => canvas.width === width && canvas.height === height);
    if (at >= 0) return this.free.splice(at, 1)[0];
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    return canvas;
  }

  giveBack(canvas: HTMLCanvasElement): void {
    this.free.push(canvas);
    if (this.free.length > SPARE_TILES) this.free.shift();
  }

  buffer(width: number, height: number): ImageData {
    const key = `${width}x${height}`;
    const found = this.buffers.get(key) ?? new ImageData(width, height);
    if (this.buffers.size > 8) this.buffers.clear();
    this.buffers.set(key, found);
    return found;
  }
}

export class Canvas2DRenderer implements Renderer {
  readonly context: CanvasRenderingContext2D;
  private readonly coloured = new Map<string, Coloured>();
  private readonly paints = new Paints();
  private frame = 0;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext("2d")!;
  }

  begin(camera: Camera, image: Rect): void {
    this.frame++;
    if (this.canvas.width !== camera.width || this.canvas.height !== camera.height) {
      this.canvas.width = camera.width;
      this.canvas.height = camera.height;
    }
    const { context } = this;
    const { x0, y0, x1, y1 } = camera.screenRect(image);
    context.clearRect(0, 0, camera.width, camera.height);
    context.save();
    context.beginPath();
    context.rect(x0, y0, x1 - x0, y1 - y0);
    context.clip();
  }

  draw(layer: string, sprites: readonly Sprite[], colorize: Colorizer, opacity: number): void {
    const { context } = this;
    context.globalAlpha = opacity;
    for (const sprite of sprites) {
      const { source: from, target: to } = sprite;
      context.imageSmoothingEnabled = sprite.smooth;
      const picture = this.picture(layer, sprite, colorize);
      context.drawImage(picture, from.x0, from.y0, from.x1 - from.x0, from.y1 - from.y0, to.x0, to.y0, to.x1 - to.x0, to.y1 - to.y0);
    }
    context.globalAlpha = 1;
  }

  end(): void {
    this.context.restore();
    const old = [...this.coloured].filter(([, { frame }]) => frame < this.frame).sort(([, a], [, b]) => a.frame - b.frame);
    const spare = Math.max(SPARE_TILES, this.coloured.size - old.length); // one window full
    for (const [key] of old.slice(0, Math.max(0, old.length - spare))) this.drop(key);
  }

  recolor(layer: string): void {
    for (const [key, tile] of this.coloured) if (key.startsWith(`${layer}:`)) tile.stale = true;
  }

  forget(layer: string, key: string): void {
    const tile = this.coloured.get(`${layer}:${key}`);
    if (tile !== undefined) tile.stale = true;
  }

  private drop(key: string): void {
    this.paints.giveBack(this.coloured.get(key)!.canvas);
    this.coloured.delete(key);
  }

  prepare(layer: string, tile: Pick<Sprite, "key" | "width" | "height">, colorize: Colorizer): void {
    this.picture(layer, tile, colorize);
  }

  private picture(layer: string, sprite: Pick<Sprite, "key" | "width" | "height">, colorize: Colorizer): HTMLCanvasElement {
    const key = `${layer}:${sprite.key}`;
    const { width, height } = sprite;
    const found = this.coloured.get(key) ?? { canvas: this.paints.canvas(width, height), frame: 0, stale: true };
    if (found.stale) this.paint(found.canvas, sprite, colorize);
    Object.assign(found, { frame: this.frame, stale: false });
    this.coloured.set(key, found);
    return found.canvas;
  }

  private paint(canvas: HTMLCanvasElement, { key, width, height }: Pick<Sprite, "key" | "width" | "height">, colorize: Colorizer): void {
    const image = this.paints.buffer(width, height);
    colorize(key, new Uint32Array(image.data.buffer), width);
    canvas.getContext("2d", { willReadFrequently: true })!.putImageData(image, 0, 0); // in memory: the CPU writes it
  }
}
