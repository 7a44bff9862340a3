/** Where the image lies on the canvas: cameras are values, every change of view makes a new one. No canvas, no events. */
import type { Camera, Point, Rect } from "./types";

export const MAX_SCALE = 64; // screen pixels per image pixel; beyond it nothing new is to be seen
const MIN_OF_FIT = 0.25; // the image may shrink to a quarter of the window, so that one never loses it
const FIT_MARGIN_CSS_PX = 16;

export interface Size {
  width: number;
  height: number;
}

export class View implements Camera {
  constructor(
    readonly scale: number,
    readonly offsetX: number,
    readonly offsetY: number,
    readonly width: number,
    readonly height: number,
    readonly pixelRatio: number,
  ) {}

  imageToScreen({ x, y }: Point): Point {
    return { x: x * this.scale + this.offsetX, y: y * this.scale + this.offsetY };
  }

  screenToImage({ x, y }: Point): Point {
    return { x: (x - this.offsetX) / this.scale, y: (y - this.offsetY) / this.scale };
  }

  screenRect(rect: Rect): Rect {
    const { scale, offsetX, offsetY } = this;
    return {
      x0: Math.round(rect.x0 * scale + offsetX),
      y0: Math.round(rect.y0 * scale + offsetY),
      x1: Math.round(rect.x1 * scale + offsetX),
      y1: Math.round(rect.y1 * scale + offsetY),
    };
  }

  view(): Rect {
    const from = this.screenToImage({ x: 0, y: 0 });
    const to = this.screenToImage({ x: this.width, y: this.height });
    return { x0: from.x, y0: from.y, x1: to.x, y1: to.y };
  }
}

/** The whole image in the middle of the canvas, with a margin. */
export function fit(image: Size, canvas: Size, pixelRatio: number): View {
  const scale = fitScale(image, canvas, pixelRatio);
  return centredOn({ x: image.width / 2, y: image.height / 2 }, scale, canvas, pixelRatio);
}

export function fitScale(image: Size, canvas: Size, pixelRatio: number): number {
  const margin = 2 * FIT_MARGIN_CSS_PX * pixelRatio;
  const width = Math.max(1, canvas.width - margin);
  const height = Math.max(1, canvas.height - margin);
  return Math.min(width / image.width, height / image.height, MAX_SCALE);
}

function centredOn(point: Point, scale: number, canvas: Size, pixelRatio: number): View {
  const offsetX = canvas.width / 2 - point.x * scale;
  const offsetY = canvas.height / 2 - point.y * scale;
  return new View(scale, offsetX, offsetY, canvas.width, canvas.height, pixelRatio);
}

/** Zoom by `factor`; the image point under screen point `at` stays where it is. */
export function zoomAt(camera: Camera, at: Point, factor: number, image: Size): View {
  const smallest = Math.min(1, fitScale(image, camera, camera.pixelRatio) * MIN_OF_FIT);
  const scale = Math.min(MAX_SCALE, Math.max(smallest, camera.scale * factor));
  const anchor = camera.screenToImage(at);
  return onImage(camera, scale, at.x - anchor.x * scale, at.y - anchor.y * scale, image);
}

/** Make an image pixel `scale` screen pixels wide; the middle stays where it is. */
export function zoomTo(camera: Camera, scale: number, image: Size): View {
  return zoomAt(camera, { x: camera.width / 2, y: camera.height / 2 }, scale / camera.scale, image);
}

/** Move the image by (dx, dy) screen pixels; its middle never leaves the canvas for good. */
export function panBy(camera: Camera, dx: number, dy: number, image: Size): View {
  return onImage(camera, camera.scale, camera.offsetX + dx, camera.offsetY + dy, image);
}

/** The same place and size on the screen of a canvas that has become larger, smaller or finer. */
export function resized(camera: Camera, canvas: Size, pixelRatio: number): View {
  const middle = camera.screenToImage({ x: camera.width / 2, y: camera.height / 2 });
  return centredOn(middle, (camera.scale * pixelRatio) / camera.pixelRatio, canvas, pixelRatio);
}

/** Look at image point `point`, at the same scale. */
export function lookAt(camera: Camera, point: Point, image: Size): View {
  const middle = { x: clamp(point.x, 0, image.width), y: clamp(point.y, 0, image.height) };
  return centredOn(middle, camera.scale, camera, camera.pixelRatio);
}

/** A camera whose middle is kept on the image. */
function onImage(camera: Camera, scale: number, offsetX: number, offsetY: number, image: Size): View {
  const { width, height, pixelRatio } = camera;
  const x = clamp(offsetX, width / 2 - image.width * scale, width / 2);
  const y = clamp(offsetY, height / 2 - image.height * scale, height / 2);
  return new View(scale, x, y, width, height, pixelRatio);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
