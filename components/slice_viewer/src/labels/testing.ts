/** What the tests of this folder share: repeatable random numbers, and a label server in memory that keeps the contract. */
import type { PaintRule } from "./rules";

/** Numbers in [0, 1) that are the same on every run (mulberry32, Tommy Ettinger 2017). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface Deed {
  /** As the server's history calls it. */
  kind: string;
  z: number;
  before: Uint8Array; // the whole slice
  after: Uint8Array;
}

/** Of an edit; `parts` takes the place of `label`. */
interface Header extends Partial<PaintRule> {
  id: string;
  z: number;
  label?: number;
  parts?: [number, number][];
}

interface Pooled {
  pixels: Uint8Array;
  width: number;
  height: number;
}

/** The server's side of docs/contracts.md for one volume: pixels, versions, ids seen, undo. */
export class FakeServer {
  revision = 0;
  requests: string[] = [];
  /** Decides about each request: null lets it through; a Response answers instead; throwing is a dead line. */
  gate: (url: string, when: "before" | "after") => Promise<Response | null> = () => Promise.resolve(null);
  private readonly slices = new Map<number, Uint8Array>();
  private readonly versions = new Map<string, number>(); // "z,tx,ty"
  private readonly answers = new Map<string, object>();
  private readonly pools = new Map<string, Pooled>();
  private readonly log: { revision: number; changed: [number, number, number][] }[] = [];
  private readonly undoable: Deed[] = [];
  private readonly redoable: Deed[] = [];

  constructor(
    readonly height: number,
    readonly width: number,
    readonly tile = 512,
  ) {}

  readonly fetch: typeof fetch = async (input, init) => {
    const url = String(input);
    this.requests.push(`${init?.method ?? "GET"} ${url}`);
    const early = await this.gate(url, "before");
    if (early !== null) return early;
    const body = init?.body ? new Uint8Array(await new Response(init.body).arrayBuffer()) : null;
    const response = body === null ? this.read(url) : await this.write(url, body);
    const late = await this.gate(url, "after");
    if (init?.signal?.aborted) throw new DOMException("aborted", "AbortError");
    return late ?? response;
  };

  slice(z: number): Uint8Array {
    let pixels = this.slices.get(z);
    if (pixels === undefined) this.slices.set(z, (pixels = new Uint8Array(this.height * this.width)));
    return pixels;
  }

  /** Pixels of a level by their definition: the greatest id of each block. */
  pooled(z: number, level: number): Pooled {
    const key = `${z}/${level}/${this.revision}`;
    let pooled = this.pools.get(key);
    if (pooled === undefined) this.pools.set(key, (pooled = this.pool(z, level)));
    return pooled;
  }

  private pool(z: number, level: number): Pooled {
    const block = 2 ** level;
    const [height, width] = [Math.ceil(this.height / block), Math.ceil(this.width / block)];
    const pixels = new Uint8Array(height * width);
    const full = this.slice(z);
    for (let y = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++) {
        const at = Math.floor(y / block) * width + Math.floor(x / block);
        pixels[at] = Math.max(pixels[at], full[y * this.width + x]);
      }
    }
    return { pixels, width, height };
  }

  /** Somebody else paints. */
  paint(z: number, label: number, spans: Int32Array): void {
    this.commit(z, () => this.fill(z, label, spans));
  }

  private read(url: string): Response {
    const [path, query] = url.split("?");
    const parts = path.split("/").slice(4); // "", api, labels, vid
    if (parts.length === 0) return Response.json({ revision: this.revision, classes: [], ...this.summary() });
    if (parts[0] === "changes") return Response.json(this.changes(Number(new URLSearchParams(query).get("since"))));
    const [z, level, tx, ty] = parts.slice(1).map(Number);
    if (level === undefined) return Response.json(this.list(z));
    return this.cut(z, level, tx, ty);
  }

  private async write(url: string, body: Uint8Array): Promise<Response> {
    const kind = url.split("/").at(-1);
    const raw = kind === "edits" ? await inflate(body) : body;
    const length = kind === "edits" ? new DataView(raw.buffer).getUint32(0, true) : raw.length;
    const start = kind === "edits" ? 4 : 0;
    const header = JSON.parse(new TextDecoder().decode(raw.subarray(start, start + length))) as Header;
    const known = this.answers.get(header.id);
    if (known !== undefined) return Response.json({ ...known, ...this.summary(), revision: this.revision, duplicate: true });
    const of = kind === "undo" ? this.undoable.at(-1)?.kind : kind === "redo" ? this.redoable.at(-1)?.kind : undefined;
    const changed = this.act(kind!, header, raw.slice(start + length));
    const answer = { revision: this.revision, changed, duplicate: false, of: of ?? "", said: kind === "merge" ? "2 objects are object 1 now." : "" };
    this.answers.set(header.id, answer);
    return Response.json({ ...answer, ...this.summary() });
  }

  private act(kind: string, header: Header, spans: Uint8Array<ArrayBuffer>): [number, number, number][] {
    if (kind === "edits") return this.edit(header, new Int32Array(spans.buffer));
    if (kind === "undo" || kind === "redo") return this.step(kind);
    this.undoable.push({ kind, z: 0, before: this.slice(0).slice(), after: this.slice(0).slice() });
    this.redoable.length = 0;
    this.revision++;
    return [];
  }

  private edit({ z, label, parts, overwrite = "all", protect = [] }: Header, spans: Int32Array): [number, number, number][] {
    const before = this.slice(z).slice();
    const may = (value: number): boolean => (overwrite === "all" || value === (overwrite === "empty" ? 0 : overwrite)) && !protect.includes(value);
    const changed = this.commit(z, () => {
      let start = 0;
      for (const [part, count] of parts ?? [[label!, spans.length / 3]]) this.fill(z, part, spans.subarray(start, (start += 3 * count)));
      this.slice(z).forEach((_, i, pixels) => (pixels[i] = may(before[i]) ? pixels[i] : before[i]));
    });
    if (changed.length > 0) {
      this.undoable.push({ kind: "paint", z, before, after: this.slice(z).slice() });
      this.redoable.length = 0;
    }
    return changed;
  }

  private step(kind: "undo" | "redo"): [number, number, number][] {
    const [from, to] = kind === "undo" ? [this.undoable, this.redoable] : [this.redoable, this.undoable];
    const deed = from.pop();
    if (deed === undefined) return [];
    to.push(deed);
    const [was, will] = kind === "undo" ? [deed.after, deed.before] : [deed.before, deed.after];
    return this.commit(deed.z, () => {
      const pixels = this.slice(deed.z);
      pixels.forEach((value, i) => {
        if (was[i] !== will[i] && value === was[i]) pixels[i] = will[i];
      });
    });
  }

  private fill(z: number, label: number, spans: Int32Array): void {
    const pixels = this.slice(z);
    for (let i = 0; i < spans.length; i += 3) pixels.fill(label, spans[i] * this.width + spans[i + 1], spans[i] * this.width + spans[i + 2]);
  }

  private commit(z: number, action: () => void): [number, number, number][] {
    const before = this.slice(z).slice();
    action();
    const changed = new Set<string>();
    this.slice(z).forEach((value, i) => {
      if (value === before[i]) return;
      changed.add(`${z},${Math.floor((i % this.width) / this.tile)},${Math.floor(i / this.width / this.tile)}`);
    });
    if (changed.size === 0) return [];
    this.revision++;
    const tiles = [...changed].map((place) => place.split(",").map(Number) as [number, number, number]);
    for (const place of changed) this.versions.set(place, this.revision);
    this.log.push({ revision: this.revision, changed: tiles });
    return tiles;
  }

  private list(z: number): unknown {
    const tiles = [...this.versions].map(([place, version]) => [...place.split(",").map(Number), version]);
    return { revision: this.revision, tiles: tiles.filter(([slice]) => slice === z).map(([, tx, ty, version]) => [tx, ty, version]) };
  }

  private cut(z: number, level: number, tx: number, ty: number): Response {
    const { pixels, width, height } = this.pooled(z, level);
    const [x0, y0] = [tx * this.tile, ty * this.tile];
    const [x1, y1] = [Math.min(x0 + this.tile, width), Math.min(y0 + this.tile, height)];
    const part = new Uint8Array((x1 - x0) * (y1 - y0));
    for (let y = y0; y < y1; y++) part.set(pixels.subarray(y * width + x0, y * width + x1), (y - y0) * (x1 - x0));
    return part.some((value) => value > 0) ? new Response(part) : new Response(null, { status: 204 });
  }

  private changes(since: number): unknown {
    const changed = this.log.filter((entry) => entry.revision > since).flatMap((entry) => entry.changed);
    return { revision: this.revision, changed, classes_changed: false, ...this.summary() };
  }

  private summary(): object {
    const annotated = [...this.slices.keys()].filter((z) => this.slice(z).some((value) => value > 0)).sort((a, b) => a - b);
    return { annotated, history: { undo: this.undoable.length, redo: this.redoable.length } };
  }
}

async function inflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Response(bytes.slice()).body!.pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Place of the first difference, -1 when equal; far quicker than comparing large arrays by `toEqual`. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return Math.min(a.length, b.length);
  return a.findIndex((value, i) => value !== b[i]);
}

/** Wait until `condition` holds; fails after five seconds. */
export async function until(condition: () => boolean | Promise<boolean>, what = "the condition"): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come about within 5 s`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
