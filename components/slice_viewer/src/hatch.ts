/** How proposals look: hatched, with an outline, so that nobody takes them for labels. Pure. */

const FAINT = 64; // of 255, between the lines
const LINE_CSS_PX = 12; // from one line to the next, about
const LEAST_PERIOD = 5; // pixels of a tile: a line, and what lies between two
const MOST_PERIOD = 14;

/** Distance between the lines in pixels of a tile, one of which is `zoom` CSS pixels wide: about the same on the screen at any zoom. */
export function hatchPeriod(zoom: number): number {
  return Math.min(MOST_PERIOD, Math.max(LEAST_PERIOD, Math.round(LINE_CSS_PX / zoom)));
}

/**
 * Colour class ids: full on the outline and on lines aslant, faint between them, nothing where there is no id.
 *
 * @param ids rows of `width` pixels of one tile.
 * @param palette 256 words, 0 for what does not show.
 */
export function hatch(ids: Uint8Array, width: number, palette: Uint32Array, period: number, out: Uint32Array): void {
  const line = Math.max(1, Math.round(period / 4));
  for (let i = 0, y = 0; i < out.length; y++) {
    for (let x = 0; x < width; x++, i++) {
      const word = ids[i] === 0 ? 0 : palette[ids[i]];
      const full = (x + y) % period < line || isEdge(ids, i, x, width);
      out[i] = word === 0 || full ? word : ((word & 0xffffff) | (FAINT << 24)) >>> 0;
    }
  }
}

/** Whether a pixel of the tile beside this one has another id. */
function isEdge(ids: Uint8Array, i: number, x: number, width: number): boolean {
  const id = ids[i];
  if ((x > 0 && ids[i - 1] !== id) || (x + 1 < width && ids[i + 1] !== id)) return true;
  return (i >= width && ids[i - width] !== id) || (i + width < ids.length && ids[i + width] !== id);
}
