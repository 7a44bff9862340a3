/** Class ids to colours: one 32-bit RGBA word per id, so that a tile becomes an image by table look-up. */
import type { LabelClass, Rect } from "../types";

/** 256 words in memory order R, G, B, A. Unknown ids and hidden classes are transparent. */
export function buildPalette(classes: readonly LabelClass[]): Uint32Array {
  const palette = new Uint32Array(256);
  const bytes = new Uint8Array(palette.buffer);
  for (const entry of classes) {
    if (entry.visible) bytes.set([...rgb(entry.color), 255], 4 * entry.id);
  }
  palette[0] = 0;
  return palette;
}

export function rgb(color: string): [number, number, number] {
  const value = Number.parseInt(color.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/**
 * Colour the part `rect` of class ids `pixels`, rows of `width`, into `out`, rows of `outWidth`.
 */
export function colorise(pixels: Uint8Array, width: number, rect: Rect, palette: Uint32Array, out: Uint32Array, outWidth: number): void {
  for (let y = rect.y0; y < rect.y1; y++) {
    const source = y * width;
    const target = y * outWidth;
    for (let x = rect.x0; x < rect.x1; x++) out[target + x] = palette[pixels[source + x]];
  }
}
