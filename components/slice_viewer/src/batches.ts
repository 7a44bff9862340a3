/** Many tiles by one request: which wishes go together, and the tiles of an answer, one by one as they come. */

const MAX_TILES = 32; // the server gives no more at once

/** A tile wished for. `prefetch`: not visible yet, may wait. */
export interface Wish {
  key: string;
  url: string;
  prefetch: boolean;
  /** Where a small first impression is, for slow links. */
  preview?: string;
  /** The plane whose tiles can be asked for together, and the name of this tile among them. */
  batch?: { root: string; place: string };
}

/** One request for tiles of one kind. */
export interface Order {
  wishes: readonly Wish[];
  url: string;
  isPreview: boolean;
  prefetch: boolean;
}

/** Put wishes together, in their order. `isFirst`: nothing of the tile is here yet. */
export function orders(wishes: readonly Wish[], isFirst: (wish: Wish) => boolean): Order[] {
  const together = new Map<string, Wish[]>();
  for (const wish of wishes) {
    const kind = wish.batch === undefined ? wish.key : `${wish.batch.root} ${wantsPreview(wish, isFirst)}`;
    together.set(kind, [...(together.get(kind) ?? []), wish]);
  }
  return [...together.values()].flatMap((group) => portions(group)).map((group) => order(group, wantsPreview(group[0], isFirst)));
}

function wantsPreview(wish: Wish, isFirst: (wish: Wish) => boolean): boolean {
  return wish.preview !== undefined && isFirst(wish);
}

function portions(wishes: Wish[]): Wish[][] {
  return Array.from({ length: Math.ceil(wishes.length / MAX_TILES) }, (_, at) => wishes.slice(at * MAX_TILES, (at + 1) * MAX_TILES));
}

function order(wishes: Wish[], isPreview: boolean): Order {
  const [{ url, preview, batch, prefetch }] = wishes;
  if (batch === undefined || wishes.length === 1) return { wishes, url: isPreview ? preview! : url, isPreview, prefetch };
  const places = wishes.map((wish) => wish.batch!.place).join(",");
  return { wishes, url: `${batch.root}/tiles/${places}${isPreview ? "?preview" : ""}`, isPreview, prefetch };
}

/** The tiles of an answer to an order of `count`, each as soon as it is complete. */
export async function* tilesOf(response: Response, count: number): AsyncGenerator<ArrayBuffer> {
  if (count === 1) return yield await response.arrayBuffer();
  const intake = new Intake(response.body!.getReader());
  const lengths = new DataView((await intake.take(4 * count)).buffer);
  for (let tile = 0; tile < count; tile++) yield (await intake.take(lengths.getUint32(4 * tile, true))).buffer;
}

/** A stream in portions of a wished length. */
class Intake {
  private rest = new Uint8Array(0);

  constructor(private readonly reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>) {}

  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const taken = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      if (this.rest.length === 0) this.rest = await this.read();
      const part = this.rest.subarray(0, length - at);
      taken.set(part, at);
      at += part.length;
      this.rest = this.rest.subarray(part.length);
    }
    return taken;
  }

  private async read(): Promise<Uint8Array<ArrayBuffer>> {
    const { value, done } = await this.reader.read();
    if (done) throw new Error("The answer ends before its last tile.");
    return value;
  }
}
