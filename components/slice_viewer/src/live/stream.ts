/** The answer to an order of a live prediction (docs/contracts.md): frames of a JSON header and pixels, as they come. */

/** What the server tells. With `tile` come the pixels of a part of it: `at` is [y, x, height, width] in its pixels. */
export interface Header {
  state?: "waiting" | "learned" | "rough" | "done" | "failed";
  message?: string;
  hint?: string;
  class_ids?: number[];
  pixels?: number;
  slices?: number;
  tile?: [level: number, tx: number, ty: number];
  at?: [y: number, x: number, height: number, width: number];
  /** Bytes of the payload. */
  size: number;
}

export interface Frame {
  header: Header;
  payload: Uint8Array<ArrayBuffer>;
}

/** Puts frames together from the chunks that a connection happens to bring. */
export class FrameReader {
  private rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /** The frames that are complete with these bytes. */
  take(chunk: Uint8Array): Frame[] {
    this.rest = joined(this.rest, chunk);
    const found: Frame[] = [];
    for (let frame = this.next(); frame !== null; frame = this.next()) found.push(frame);
    return found;
  }

  private next(): Frame | null {
    if (this.rest.length < 4) return null;
    const start = 4 + new DataView(this.rest.buffer, this.rest.byteOffset).getUint32(0, true);
    if (this.rest.length < start) return null;
    const header = JSON.parse(new TextDecoder().decode(this.rest.subarray(4, start))) as Header;
    if (this.rest.length < start + header.size) return null;
    const payload = this.rest.slice(start, start + header.size);
    this.rest = this.rest.subarray(start + header.size);
    return { header, payload };
  }
}

/** Inflate what `Content-Encoding: deflate` would mean. */
export async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Response(bytes).body!.pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
