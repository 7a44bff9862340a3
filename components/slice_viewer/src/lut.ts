/** Stored tile values to screen colours: window and level by table look-up, so that contrast never asks the server. */
import { COLORMAPS, type Colormap } from "./colormaps";
import type { Transfer } from "./previews";
import type { Encoding } from "./types";

/** True values shown as black and as white. */
export interface Window {
  lo: number;
  hi: number;
}

/** How values between black and white are shown. */
export interface Look {
  /** A name in COLORMAPS; images in colour keep their own colours. */
  colormap: string;
  /** Above 1 shows more of what is dark. */
  gamma: number;
  /** Enlarged pixels blend into each other instead of showing as squares. */
  smooth?: boolean;
  /** Whether JPEG previews come before the exact tiles: where the link is slow, always, never. */
  transfer?: Transfer;
}

export const PLAIN: Look = { colormap: "grey", gamma: 1 };

/** One 32-bit RGBA word (in memory order R, G, B, A) for each stored value; `nan_code` is transparent. */
export function buildLut(encoding: Encoding, window: Window, look: Look = PLAIN): Uint32Array {
  const size = encoding.dtype === "uint8" ? 256 : 65536;
  const lut = new Uint32Array(size);
  const words = shades(COLORMAPS[look.colormap] ?? COLORMAPS.grey, look.gamma);
  const width = (window.hi - window.lo) / encoding.step;
  const zero = (window.lo - encoding.lo) / encoding.step;
  for (let stored = 0; stored < size; stored++) {
    // An empty window is a threshold: what lies below it is black, the rest white.
    lut[stored] = words[place(width > 0 ? (stored - zero) / width : stored < zero ? 0 : 1)];
  }
  if (encoding.nan_code !== null) lut[encoding.nan_code] = 0;
  return lut;
}

const SHADES = 255; // steps of a screen

const place = (level: number): number => Math.min(SHADES, Math.max(0, Math.round(level * SHADES)));

/** The words of all shades of a map. */
function shades(map: Colormap, gamma: number): Uint32Array {
  return Uint32Array.from({ length: SHADES + 1 }, (_, at) => {
    const [red, green, blue] = map((at / SHADES) ** (1 / gamma)).map(Math.round);
    return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
  });
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
