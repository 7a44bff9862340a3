/** Stored tile values to screen colours: window and level by table look-up, so that contrast never asks the server. */
import type { Encoding } from "./types";

/** True values shown as black and as white. */
export interface Window {
  lo: number;
  hi: number;
}

/** One 32-bit RGBA word (in memory order R, G, B, A) for each stored value; `nan_code` is transparent. */
export function buildLut(encoding: Encoding, window: Window): Uint32Array {
  const size = encoding.dtype === "uint8" ? 256 : 65536;
  const lut = new Uint32Array(size);
  const width = (window.hi - window.lo) / encoding.step;
  const zero = (window.lo - encoding.lo) / encoding.step;
  for (let stored = 0; stored < size; stored++) {
    // An empty window is a threshold: what lies below it is black, the rest white.
    lut[stored] = grey(width > 0 ? ((stored - zero) * 255) / width : stored < zero ? 0 : 255);
  }
  if (encoding.nan_code !== null) lut[encoding.nan_code] = 0;
  return lut;
}

function grey(value: number): number {
  const level = Math.min(255, Math.max(0, Math.round(value)));
  return (0xff000000 | (level << 16) | (level << 8) | level) >>> 0;
}

/** Colour raw pixels. `raw` has `channels` values a pixel (1, 3 or 4), `out` one word a pixel. */
export function colorize(raw: Uint8Array | Uint16Array, channels: number, lut: Uint32Array, out: Uint32Array): void {
  if (channels === 1) {
    for (let i = 0; i < out.length; i++) out[i] = lut[raw[i]];
    return;
  }
  for (let i = 0, at = 0; i < out.length; i++, at += channels) {
    const red = lut[raw[at]] & 0xff;
    const green = lut[raw[at + 1]] & 0xff;
    const blue = lut[raw[at + 2]] & 0xff;
    const alpha = channels === 4 ? alphaOf(raw, at + 3) : 0xff;
    out[i] = ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }
}

/** The alpha channel is not subject to the window: full scale is opaque. */
function alphaOf(raw: Uint8Array | Uint16Array, at: number): number {
  return raw instanceof Uint8Array ? raw[at] : raw[at] >> 8;
}
