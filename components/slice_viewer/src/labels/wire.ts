/** The label part of docs/contracts.md as types and bytes; no state, no network. */
import type { History, Visit } from "../types";
import type { Write } from "./outbox";

/** [z, tx, ty] of a tile that has a new version. */
export type ChangedTile = [number, number, number];

/** What the server says to a write. */
export interface Answer {
  revision: number;
  changed: ChangedTile[];
  duplicate: boolean;
  /** The kind of the edit that an undo or redo concerned; "": there was none. */
  of: string;
  /** A sentence about what was done, or "". */
  said: string;
  annotated: number[];
  history: History;
  /** Of undo and redo. */
  classes_changed?: boolean;
}

/** What the poll says. Annotated slices and history are left out while the revision is the one asked for. */
export interface Changes {
  revision: number;
  changed: ChangedTile[];
  classes_changed: boolean;
  annotated?: number[];
  history?: History;
  /** Whose history it is: what this browser's edits are signed with. */
  author?: string;
  /** Who else looks at the volume. */
  present?: Visit[];
}

export type News = Changes & Pick<Answer, "annotated" | "history">;

/** What is known about a volume's labels at the start. */
export interface Overview {
  revision: number;
  annotated: number[];
  history: History;
}

/** The tiles of a slice that hold labels, as [tx, ty, version] at level 0. */
export interface TileList {
  revision: number;
  tiles: [number, number, number][];
}

export interface Problem {
  message: string;
  hint: string;
}

/** The body of an edit before compression: header length, JSON header, int32 triples; all little-endian. */
export function encodeEdit(write: Write): Uint8Array<ArrayBuffer> {
  const painted = write.parts === undefined ? { label: write.label } : { parts: write.parts };
  const header = new TextEncoder().encode(JSON.stringify({ id: write.id, axis: write.axis ?? "z", z: write.z, source: write.source, ...painted, ...write.rule }));
  const body = new Uint8Array(4 + header.length + 4 * write.spans.length);
  const view = new DataView(body.buffer);
  view.setUint32(0, header.length, true);
  body.set(header, 4);
  write.spans.forEach((value, i) => view.setInt32(4 + header.length + 4 * i, value, true));
  return body;
}

/** zlib, as `Content-Encoding: deflate` means it. */
export async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  const stream = new Response(bytes).body!.pipeThrough(new CompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

export function csrfToken(cookies: string): string {
  const found = /(?:^|;\s*)_csrf_token=([^;]*)/.exec(cookies);
  return found === null ? "" : decodeURIComponent(found[1]);
}

/** A UUID; `crypto.randomUUID` is missing on plain http, where many beamline servers live. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** The words of an error answer (docs/contracts.md), or its number when a proxy answered. */
export async function readProblem(response: Response): Promise<Problem> {
  try {
    const { error, hint } = (await response.json()) as { error: string; hint: string };
    return { message: error, hint };
  } catch {
    return { message: `The server answered ${response.status}.`, hint: "" };
  }
}
