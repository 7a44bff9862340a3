/** Slow links: how fast bytes come, and JPEG previews turned back into stored values. */
import type { Manifest } from "./types";

export type Transfer = "auto" | "preview" | "exact";

const SLOW_BYTES_PER_S = 4e6; // a window of 16-bit tiles (3.3 MB) then takes 0.8 s
const LEAST_BYTES = 256 * 1024; // less measures latency, not bandwidth
const SPELL_BYTES = 8 * 2 ** 20; // then measure anew: links change

/** How fast answers come, over all that are under way at a time. */
export class Speed {
  private rate: number | null = null;
  private running = 0;
  private since = 0; // start of the present spell of loading
  private bytes = 0;

  constructor(private readonly clock: () => number = () => performance.now()) {}

  begin(): void {
    if (this.running++ === 0 || this.bytes > SPELL_BYTES) {
      this.since = this.clock();
      this.bytes = 0;
    }
  }

  end(bytes: number): void {
    this.running = Math.max(0, this.running - 1);
    this.bytes += bytes;
    const seconds = (this.clock() - this.since) / 1000;
    if (this.bytes >= LEAST_BYTES && seconds > 0) this.rate = this.bytes / seconds;
  }

  get isSlow(): boolean {
    return this.rate !== null && this.rate < SLOW_BYTES_PER_S;
  }
}

/** One link for all panes. */
export const LINK = new Speed();

/** Stored values of a preview, in the layout of the exact tile. */
export async function decodePreview(data: Blob, manifest: Manifest): Promise<ArrayBuffer> {
  const bitmap = await createImageBitmap(data); // decoded off the main thread
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return expand(context.getImageData(0, 0, canvas.width, canvas.height).data, manifest);
}

/** RGBA of a decoded preview to stored values. */
export function expand(rgba: Uint8ClampedArray, { preview, channels, encoding }: Manifest): ArrayBuffer {
  const [low, high] = preview!;
  const step = (high - low) / 255;
  const count = rgba.length / 4;
  const out = encoding.dtype === "uint16" ? new Uint16Array(count * channels) : new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) for (let c = 0; c < channels; c++) out[i * channels + c] = Math.round(low + rgba[4 * i + c] * step);
  return out.buffer;
}
