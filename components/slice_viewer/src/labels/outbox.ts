/**
 * The outbox: writes that the server has not acknowledged yet, kept in IndexedDB so that a killed browser loses none.
 *
 * A write goes in the moment it is made and comes out only when acknowledged or refused. `sync.ts` does the sending. Writes the
 * server refuses for good move to the "rejected" store, where they block nobody and are not lost.
 */
import type { PlaneAxis, ServerRequest } from "../types";
import type { PaintRule, Part } from "./rules";
import type { Spans } from "./spans";

export type WriteKind = "edit" | "request" | "undo" | "redo";

/** One write. `axis`, `label` and `spans` mean something for edits only; `z` is where a request was made. */
export interface Write {
  id: string;
  volume: string;
  kind: WriteKind;
  /** Missing in writes that an earlier program left on the disk: "z". */
  axis?: PlaneAxis;
  /** The slice, or the plane that `axis` names. */
  z: number;
  label: number;
  spans: Spans;
  /** [class id, number of spans] where the spans have several classes; `label` then means nothing. */
  parts?: [number, number][];
  /** Missing: every pixel may change. */
  rule?: PaintRule;
  /** Where the pixels come from, when not from a person. */
  source?: "live";
  /** What a write of the kind "request" asks for. */
  request?: ServerRequest;
}

/** The spans of each class. */
export function partsOf({ label, spans, parts }: Write): Part[] {
  let start = 0;
  return (parts ?? [[label, spans.length / 3]]).map(([part, count]) => ({ label: part, spans: spans.subarray(start, (start += 3 * count)) }));
}

/** A write with its place in the queue. */
export interface QueuedWrite extends Write {
  seq: number;
}

export interface Outbox {
  /** Resolves when the write is on disk. Calls are kept in order. */
  add(write: Write): Promise<void>;
  /** The oldest write of a volume. */
  head(volume: string): Promise<QueuedWrite | null>;
  /** Every write of a volume, oldest first. */
  all(volume: string): Promise<QueuedWrite[]>;
  remove(write: QueuedWrite): Promise<void>;
  reject(write: QueuedWrite, reason: string): Promise<void>;
  /** Volumes with waiting writes. */
  volumes(): Promise<string[]>;
  count(): Promise<number>;
  /** False when the browser gives no storage: writes then live only as long as the page. */
  readonly durable: boolean;
}

const WRITES = "writes";
const REJECTED = "rejected";

/** The outbox of this browser; without IndexedDB (some private windows) one in memory. */
export async function openOutbox(name = "label-outbox"): Promise<Outbox> {
  try {
    return new SpillingOutbox(new StoredOutbox(await openDatabase(name)));
  } catch {
    return new MemoryOutbox();
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    const writes = request.result.createObjectStore(WRITES, { keyPath: "seq", autoIncrement: true });
    writes.createIndex("volume", "volume");
    request.result.createObjectStore(REJECTED, { keyPath: "seq" });
  };
  return settled(request);
}

class StoredOutbox implements Outbox {
  readonly durable = true;

  constructor(private readonly database: IDBDatabase) {}

  add(write: Write): Promise<void> {
    return this.change([WRITES], (stores) => stores[0].add(write));
  }

  async head(volume: string): Promise<QueuedWrite | null> {
    const cursor = await settled(this.byVolume().openCursor(IDBKeyRange.only(volume)));
    return (cursor?.value as QueuedWrite | undefined) ?? null;
  }

  all(volume: string): Promise<QueuedWrite[]> {
    return settled(this.byVolume().getAll(IDBKeyRange.only(volume)));
  }

  remove(write: QueuedWrite): Promise<void> {
    return this.change([WRITES], (stores) => stores[0].delete(write.seq));
  }

  reject(write: QueuedWrite, reason: string): Promise<void> {
    return this.change([WRITES, REJECTED], (stores) => {
      stores[0].delete(write.seq);
      stores[1].put({ ...write, reason });
    });
  }

  async volumes(): Promise<string[]> {
    const found: string[] = [];
    const request = this.byVolume().openKeyCursor(null, "nextunique");
    for (let cursor = await settled(request); cursor !== null; cursor = await settled(request)) {
      found.push(cursor.key as string);
      cursor.continue();
    }
    return found;
  }

  count(): Promise<number> {
    return settled(this.database.transaction(WRITES).objectStore(WRITES).count());
  }

  private byVolume(): IDBIndex {
    return this.database.transaction(WRITES).objectStore(WRITES).index("volume");
  }

  private change(names: string[], action: (stores: IDBObjectStore[]) => void): Promise<void> {
    // "strict": done means on the disk, so that even a power cut after it loses nothing.
    const transaction = this.database.transaction(names, "readwrite", { durability: "strict" });
    action(names.map((name) => transaction.objectStore(name)));
    transaction.commit(); // all is said: a page that dies now has written nonetheless
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error("The outbox could not be written."));
    });
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("The outbox could not be read."));
  });
}

/** A stored outbox that goes on in memory when the disk takes no more. */
class SpillingOutbox implements Outbox {
  private readonly spill = new MemoryOutbox();

  constructor(private readonly disk: Outbox) {}

  get durable(): boolean {
    return this.spill.isEmpty;
  }

  async add(write: Write): Promise<void> {
    await this.disk.add(write).catch(() => this.spill.add(write));
  }

  async head(volume: string): Promise<QueuedWrite | null> {
    return (await this.disk.head(volume)) ?? this.spill.head(volume);
  }

  async all(volume: string): Promise<QueuedWrite[]> {
    return [...(await this.disk.all(volume)), ...(await this.spill.all(volume))];
  }

  remove(write: QueuedWrite): Promise<void> {
    return this.holder(write).remove(write);
  }

  reject(write: QueuedWrite, reason: string): Promise<void> {
    return this.holder(write).reject(write, reason);
  }

  async volumes(): Promise<string[]> {
    return [...new Set([...(await this.disk.volumes()), ...(await this.spill.volumes())])];
  }

  async count(): Promise<number> {
    return (await this.disk.count()) + (await this.spill.count());
  }

  private holder(write: QueuedWrite): Outbox {
    return write.seq < 0 ? this.spill : this.disk;
  }
}

/** The same without a disk. Places are negative, so that they are never mistaken for those on disk. */
export class MemoryOutbox implements Outbox {
  readonly durable = false;
  private writes: QueuedWrite[] = [];
  private next = -1;

  get isEmpty(): boolean {
    return this.writes.length === 0;
  }

  async add(write: Write): Promise<void> {
    this.writes.push({ ...write, seq: this.next-- });
  }

  async head(volume: string): Promise<QueuedWrite | null> {
    return this.writes.find((write) => write.volume === volume) ?? null;
  }

  async all(volume: string): Promise<QueuedWrite[]> {
    return this.writes.filter((write) => write.volume === volume);
  }

  async remove(write: QueuedWrite): Promise<void> {
    this.writes = this.writes.filter((other) => other.seq !== write.seq);
  }

  reject(write: QueuedWrite): Promise<void> {
    return this.remove(write);
  }

  async volumes(): Promise<string[]> {
    return [...new Set(this.writes.map((write) => write.volume))];
  }

  async count(): Promise<number> {
    return this.writes.length;
  }
}
