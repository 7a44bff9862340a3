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
    readonly aspect = 1,
  ) {}

  imageToScreen({ x, y }: Point): Point {
    return { x: x * this.scale + this.offsetX, y: y * this.scale * this.aspect + this.offsetY };
  }

  screenToImage({ x, y }: Point): Point {
    return { x: (x - this.offsetX) / this.scale, y: (y - this.offsetY) / (this.scale * this.aspect) };
  }

  screenRect(rect: Rect): Rect {
    const from = this.imageToScreen({ x: rect.x0, y: rect.y0 });
    const to = this.imageToScreen({ x: rect.x1, y: rect.y1 });
    return { x0: Math.round(from.x), y0: Math.round(from.y), x1: Math.round(to.x), y1: Math.round(to.y) };
  }

  view(): Rect {
    const from = this.screenToImage({ x: 0, y: 0 });
    const to = this.screenToImage({ x: this.width, y: this.height });
    return { x0: from.x, y0: from.y, x1: to.x, y1: to.y };
  }
}

/** The whole image in the middle of the canvas, with a margin. `aspect`: height of an image pixel in its widths. */
export function fit(image: Size, canvas: Size, pixelRatio: number, aspect = 1): View {
  const scale = fitScale(image, canvas, pixelRatio, aspect);
  return centredOn({ x: image.width / 2, y: image.height / 2 }, scale, { ...canvas, pixelRatio, aspect });
}

export function fitScale(image: Size, canvas: Size, pixelRatio: number, aspect = 1): number {
  const margin = 2 * FIT_MARGIN_CSS_PX * pixelRatio;
  const width = Math.max(1, canvas.width - margin);
  const height = Math.max(1, canvas.height - margin);
  return Math.min(width / image.width, height / (image.height * aspect), MAX_SCALE);
}

/** What of a camera does not change with the view. */
type Frame = Size & Pick<Camera, "pixelRatio" | "aspect">;

function centredOn(point: Point, scale: number, { width, height, pixelRatio, aspect }: Frame): View {
  return new View(scale, width / 2 - point.x * scale, height / 2 - point.y * scale * aspect, width, height, pixelRatio, aspect);
}

/** Zoom by `factor`; the image point under screen point `at` stays where it is. */
export function zoomAt(camera: Camera, at: Point, factor: number, image: Size): View {
  const smallest = Math.min(1, fitScale(image, camera, camera.pixelRatio, camera.aspect) * MIN_OF_FIT);
  const scale = Math.min(MAX_SCALE, Math.max(smallest, camera.scale * factor));
  const anchor = camera.screenToImage(at);
  return onImage(camera, scale, at.x - anchor.x * scale, at.y - anchor.y * scale * camera.aspect, image);
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
  return centredOn(middle, (camera.scale * pixelRatio) / camera.pixelRatio, { ...canvas, pixelRatio, aspect: camera.aspect });
}

/** Look at image point `point`, at the same scale. */
export function lookAt(camera: Camera, point: Point, image: Size): View {
  const middle = { x: clamp(point.x, 0, image.width), y: clamp(point.y, 0, image.height) };
  return centredOn(middle, camera.scale, camera);
}

/** A camera whose middle is kept on the image. */
function onImage(camera: Camera, scale: number, offsetX: number, offsetY: number, image: Size): View {
  const { width, height, pixelRatio, aspect } = camera;
  const x = clamp(offsetX, width / 2 - image.width * scale, width / 2);
  const y = clamp(offsetY, height / 2 - image.height * scale * aspect, height / 2);
  return new View(scale, x, y, width, height, pixelRatio, aspect);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
