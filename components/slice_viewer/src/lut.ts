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
  /** Of an image of several channels that are not colours; missing: each in a colour of its own, in its own window. */
  channels?: ChannelLook[];
  /** Enlarged pixels blend into each other instead of showing as squares. */
  smooth?: boolean;
  /** Whether JPEG previews come before the exact tiles: where the link is slow, always, never. */
  transfer?: Transfer;
}

/** How one channel is shown. `lo` and `hi` are true values. */
export interface ChannelLook {
  color: string;
  visible: boolean;
  lo: number;
  hi: number;
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

/** Opacity, 0 to 255, of each stored value of an alpha channel; it is not subject to the window. */
export function buildAlphas(encoding: Encoding, dtype: string): Uint8Array {
  const opaque = fullScale(dtype);
  const opacity = (stored: number): number => (stored === encoding.nan_code ? 0 : (encoding.lo + stored * encoding.step) / opaque);
  return Uint8Array.from({ length: encoding.dtype === "uint8" ? 256 : 65536 }, (_, stored) => place(opacity(stored)));
}

/** What counts as opaque: 1 for yes and no and for floating numbers, else the greatest number of the type. */
function fullScale(dtype: string): number {
  const [, kind, bits] = /^(u?int)(\d+)$/.exec(dtype) ?? [];
  return kind === undefined ? 1 : 2 ** (Number(bits) - (kind === "int" ? 1 : 0)) - 1;
}

/** Colour raw pixels. `raw` has `channels` values a pixel (1, 3 or 4), `out` one word a pixel; a fourth is read in `alphas`. */
export function colorize(raw: Uint8Array | Uint16Array, channels: number, lut: Uint32Array, out: Uint32Array, alphas?: Uint8Array): void {
  if (channels === 1) {
    for (let i = 0; i < out.length; i++) out[i] = lut[raw[i]];
    return;
  }
  for (let i = 0, at = 0; i < out.length; i++, at += channels) {
    const red = lut[raw[at]] & 0xff;
    const green = lut[raw[at + 1]] & 0xff;
    const blue = lut[raw[at + 2]] & 0xff;
    const alpha = alphas === undefined ? 0xff : alphas[raw[at + 3]];
    out[i] = ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }
}

// Light adds up, so the first two are complementary to what most screens and eyes tell apart best.
const CHANNEL_COLORS = ["#00ffff", "#ff00ff", "#ffff00", "#00ff00", "#ff4040", "#6080ff", "#ffffff", "#ff9000"];

/** Each channel in its first window and a colour of its own: the one `colors` gives, else one that suits all eyes. */
export function firstChannels(windows: readonly (readonly [number, number])[], colors: readonly (string | undefined)[] = []): ChannelLook[] {
  return windows.map(([lo, hi], place) => ({ color: colors[place] ?? CHANNEL_COLORS[place % CHANNEL_COLORS.length], visible: true, lo, hi }));
}

/** Visible channels as tables: stored value to brightness, and the colour it is given. */
export interface Mixer {
  channel: number;
  levels: Uint8Array;
  color: [number, number, number];
}

export function buildMixers(encoding: Encoding, looks: readonly ChannelLook[], gamma: number): Mixer[] {
  return looks.flatMap(({ color, visible, lo, hi }, channel) => {
    if (!visible) return [];
    const words = buildLut(encoding, { lo, hi }, { ...PLAIN, gamma });
    const word = parseInt(color.slice(1), 16);
    return [{ channel, levels: Uint8Array.from(words, (grey) => grey & 0xff), color: [word >> 16, (word >> 8) & 255, word & 255] }];
  });
}

/** Add up the light of all channels. `raw` has `channels` values a pixel. */
export function mix(raw: Uint8Array | Uint16Array, channels: number, mixers: readonly Mixer[], out: Uint32Array): void {
  for (let i = 0, at = 0; i < out.length; i++, at += channels) {
    let [red, green, blue] = [0, 0, 0];
    for (const { channel, levels, color } of mixers) {
      const level = levels[raw[at + channel]];
      red += level * color[0];
      green += level * color[1];
      blue += level * color[2];
    }
    out[i] = ((0xff << 24) | (byte(blue) << 16) | (byte(green) << 8) | byte(red)) >>> 0;
  }
}

const byte = (sum: number): number => Math.min(255, Math.round(sum / 255));
