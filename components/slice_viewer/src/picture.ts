/**
 * One open volume on the canvas: which slice shows, with which tiles, in which colours, and the result over it.
 *
 * The old slice stays, labels and all, until the new one can fill the window; labels are drawn only over the slice they belong to.
 */
import { chooseLevel, tileKey, visibleTiles, type ImageTile } from "./grid";
import { TileLayer } from "./layer";
import { buildAlphas, buildLut, buildMixers, colorize, firstChannels, mix, PLAIN, type Look, type Mixer, type Window } from "./lut";
import { isBusy, Making, type Progress } from "./making";
import type { Cover, Need } from "./pieces";
import { LINK } from "./previews";
import type { Renderer } from "./renderer";
import { ResultLayer, type Overlay } from "./results";
import type { Problem } from "./tilecache";
import type { LiveTiles } from "./live/tiles";
import type { Camera, LabelLayer, Manifest, Point, Rect, TileAddress } from "./types";

const CALM_MS = 60; // between the frames of a slice whose tiles come in one by one: drawing each would slow the rest down
const PATIENCE_MS = 120; // a sharp slice takes about as long on one machine; over a network the coarse one shows meanwhile
const MAX_TRAIL = 4; // slices passed in a fast scrub whose preview is still worth showing

export interface PictureEvents {
  redraw(): void;
  /** How far the server has come with what it makes in the background. */
  making(progress: Progress[]): void;
  /** The server no longer knows the tiles of this version. */
  outdated(problem: Problem): void;
  trouble(layer: "image" | "result", problem: Problem | null): void;
}

/** How to draw what lies over the image. */
export interface Over {
  labels: LabelLayer | null;
  labelOpacity: number;
  /** Only the image. */
  bare: boolean;
}

/** What the tiles at hand know of a pixel: its stored value(s), and the level they are of (above 0: a mean). */
export interface Sample {
  stored: number[];
  level: number;
}

export class Picture {
  readonly area: Rect;
  /** The slice on the canvas; -1: none yet. */
  shown = -1;
  /** Everything visible is of the wanted slice, and sharp. */
  ready = false;
  /** The level that suits the camera of the last frame. */
  level = 0;
  private readonly image: TileLayer;
  private result: ResultLayer | null = null;
  private proposed: ResultLayer | null = null;
  private live: LiveTiles | null = null;
  private window: Window | null = null;
  private look: Look = PLAIN;
  private lut: Uint32Array;
  private readonly alphas: Uint8Array | undefined; // of an image with an alpha channel
  private mixers: Mixer[] = [];
  private trail: number[] = [];
  private direction = 1;
  private drawn: Camera | null = null;
  private calm: ReturnType<typeof setTimeout> | undefined;
  private readonly making: Making;
  private visible = new Map<string, ImageTile>(); // of the wanted slice
  private wished = 0; // when the slice was asked for
  private patience: ReturnType<typeof setTimeout> | undefined;
  private showing = 0; // the frame after the last one drawn

  constructor(
    readonly manifest: Manifest,
    private readonly apiRoot: string,
    private readonly renderer: Renderer,
    private readonly events: PictureEvents,
  ) {
    const [, height, width] = manifest.shape;
    this.area = { x0: 0, y0: 0, x1: width, y1: height };
    this.lut = this.buildLut();
    this.alphas = manifest.is_colour && manifest.channels === 4 ? buildAlphas(manifest.encoding, manifest.dtype) : undefined;
    this.mixers = this.buildMixers();
    this.image = this.createImage();
    this.making = new Making(`${apiRoot}/img/${manifest.id}/progress`, (progress) => this.hear(progress));
    if (manifest.axis !== "z") this.making.watch();
  }

  get slice(): number {
    return this.trail[this.trail.length - 1] ?? -1;
  }

  /** Visible tiles of the image that are still missing. */
  get pendingTiles(): number {
    return this.image.cache.pending;
  }

  /** Nothing is on its way, prefetch included. */
  get idle(): boolean {
    return this.image.cache.idle && (this.result?.tiles.cache.idle ?? true);
  }

  /** True values shown as black and white. */
  get currentWindow(): Window {
    const [lo, hi] = this.manifest.window;
    return this.window ?? { lo, hi };
  }

  goTo(z: number): void {
    this.direction = z < this.slice ? -1 : 1;
    this.wished = performance.now();
    this.trail = [...this.trail.filter((other) => other !== z), z].slice(-MAX_TRAIL);
    this.ready = false;
  }

  setLook(look: Look): void {
    const coloured = this.manifest.channels > 1;
    this.image.smooth = look.smooth ?? false;
    this.look = coloured ? { ...look, colormap: PLAIN.colormap } : look;
    this.setWindow(this.window);
  }

  setWindow(window: Window | null): void {
    this.window = window;
    this.lut = this.buildLut();
    this.mixers = this.buildMixers();
    this.image.recolor();
    this.drawn = null;
  }

  setOverlay(overlay: Overlay | null): void {
    this.drawn = null;
    if (overlay !== null && overlay.id === this.result?.id) return this.result.change(overlay);
    this.result?.tiles.dispose();
    this.events.trouble("result", null);
    this.result = overlay === null ? null : this.createResult(overlay);
  }

  /** What is predicted while one paints; it shows in place of the result. */
  setLive(live: LiveTiles | null): void {
    this.live = live;
    this.overChanged();
  }

  /** Draw once more: something over the image has changed. */
  overChanged(): void {
    this.again();
  }

  /** The level that suits a camera. */
  levelOf(camera: Camera): number {
    return chooseLevel(camera.scale, this.manifest.levels.length);
  }

  /** Labels that wait to be accepted. */
  setProposed(overlay: Overlay | null): void {
    this.drawn = null;
    if (overlay !== null && overlay.id === this.proposed?.id) return this.proposed.change(overlay);
    this.proposed?.tiles.dispose();
    this.proposed = overlay === null ? null : this.createResult(overlay, true);
  }

  /** Draw a frame and ask for the tiles it lacks. */
  draw(camera: Camera, over: Over): void {
    const level = (this.level = this.levelOf(camera));
    const tiles = visibleTiles(this.manifest, camera, level);
    const need = { trail: this.trail, tiles, direction: this.direction };
    this.visible = new Map(tiles.map((tile) => ({ ...tile, z: this.slice })).map((tile) => [tileKey(tile), tile]));
    this.image.want(need);
    const moved = this.advance(tiles);
    if (this.shown !== this.slice && !moved && camera === this.drawn) return;
    if (this.shown < 0) return; // what was on the canvas stays until there is something better
    this.drawn = camera;
    this.renderer.begin(camera, this.area);
    const cover = this.image.cover(this.shown, tiles);
    this.image.draw(this.shown, cover, camera);
    if (!over.bare) this.drawOver({ camera, level, tiles, need, over });
    this.renderer.end();
    this.ready = this.shown === this.slice && cover.blurred === 0;
    this.showing ||= requestAnimationFrame(() => this.seen());
  }

  /** The slice on the canvas at the coarsest level, in its colours; null while it is not here. */
  readonly thumbnail = (): ImageData | null => {
    const [height, width] = this.manifest.levels[this.manifest.levels.length - 1];
    const bytes = this.image.cache.peek(tileKey({ z: this.shown, level: this.manifest.levels.length - 1, tx: 0, ty: 0 }));
    if (!bytes) return null;
    const image = new ImageData(width, height);
    this.colorizeImage(bytes, new Uint32Array(image.data.buffer));
    return image;
  };

  /** The value of the pixel at `point` on the canvas, from the finest tile that is here. */
  sample(point: Point): Sample | null {
    for (let level = 0; level < this.manifest.levels.length; level++) {
      const stored = this.sampleLevel(Math.floor(point.x) >> level, Math.floor(point.y) >> level, level);
      if (stored !== null) return { stored, level };
    }
    return null;
  }

  /** True value of the first channel at `point`; null: not known here, or not a number. */
  valueAt(point: Point): number | null {
    const stored = this.sample(point)?.stored[0];
    const { lo, step, nan_code } = this.manifest.encoding;
    return stored === undefined || stored === nan_code ? null : lo + stored * step;
  }

  /** Class id of the result at `point`; 0: none, or not known here. */
  resultAt(point: Point): number {
    return this.result?.at(this.shown, point) ?? 0;
  }

  dispose(): void {
    clearTimeout(this.calm);
    clearTimeout(this.patience);
    cancelAnimationFrame(this.showing);
    this.making.stop();
    this.image.dispose();
    this.result?.tiles.dispose();
    this.proposed?.tiles.dispose();
  }

  /** Show the newest slice of the trail that can fill the window. True when the slice on the canvas changes. */
  private advance(tiles: readonly TileAddress[]): boolean {
    const z = this.trail.findLast((other) => this.image.cover(other, tiles).bare === 0);
    if (z === undefined || z === this.shown || this.mayYetBeSharp(z, tiles)) return false;
    this.shown = z;
    this.trail = this.trail.slice(this.trail.indexOf(z));
    return true;
  }

  /** Whether slice `z`, of which only coarse tiles are here, may be sharp in a moment: drawing it twice takes longer. */
  private mayYetBeSharp(z: number, tiles: readonly TileAddress[]): boolean {
    const left = this.wished + PATIENCE_MS - performance.now();
    if (this.shown < 0 || left <= 0 || this.image.cover(z, tiles).blurred === 0) return false;
    this.patience ??= setTimeout(() => this.drawPatiently(), left);
    return true;
  }

  /** The last frame is on the screen. */
  private seen(): void {
    this.showing = 0;
    for (const layer of [this.image, this.result?.tiles, this.proposed?.tiles]) layer?.cache.seen();
  }

  private drawPatiently(): void {
    this.patience = undefined;
    this.events.redraw();
  }

  private drawOver(frame: { camera: Camera; level: number; tiles: TileAddress[]; need: Need; over: Over }): void {
    const { camera, level, tiles, need, over } = frame;
    if (over.labels !== null && this.live?.has(this.shown)) this.live.draw(this.renderer, this.shown, camera);
    else this.drawResult(this.result, need, camera);
    if (over.labels === null) return;
    if (this.shown === this.slice) over.labels.draw(this.renderer.context, camera, level, tiles, over.labelOpacity);
    this.proposed?.fitHatching((camera.scale * 2 ** level) / camera.pixelRatio);
    this.drawResult(this.proposed, need, camera);
  }

  private drawResult(result: ResultLayer | null, need: Need, camera: Camera): void {
    if (result === null) return;
    result.want(need);
    if (!result.has(this.shown)) return;
    const cover: Cover = result.tiles.cover(this.shown, need.tiles);
    result.tiles.draw(this.shown, cover, camera, result.opacity);
  }

  private sampleLevel(x: number, y: number, level: number): number[] | null {
    const { tile_px: step, channels } = this.manifest;
    const tile = { z: this.shown, level, tx: Math.floor(x / step), ty: Math.floor(y / step) };
    const bytes = this.image.cache.peek(tileKey(tile));
    if (!bytes) return null;
    const width = Math.min(step, this.manifest.levels[level][1] - tile.tx * step);
    const at = ((y - tile.ty * step) * width + (x - tile.tx * step)) * channels;
    return [...this.pixels(bytes).subarray(at, at + channels)];
  }

  private get wantsPreviews(): boolean {
    const transfer = this.look.transfer ?? "auto";
    return this.manifest.preview !== null && (transfer === "preview" || (transfer === "auto" && LINK.isSlow));
  }

  private buildLut(): Uint32Array {
    return buildLut(this.manifest.encoding, this.currentWindow, this.look);
  }

  private pixels(bytes: ArrayBuffer): Uint8Array | Uint16Array {
    return this.manifest.encoding.dtype === "uint16" ? new Uint16Array(bytes) : new Uint8Array(bytes);
  }

  /** Tables of the channels of an image that is neither grey nor in colour. */
  private buildMixers(): Mixer[] {
    const { channel_windows: windows, channel_colors: colors, encoding } = this.manifest;
    if (windows.length === 0) return [];
    const looks = this.look.channels?.length === windows.length ? this.look.channels : firstChannels(windows, colors);
    return buildMixers(encoding, looks, this.look.gamma);
  }

  private colorizeImage(bytes: ArrayBuffer, out: Uint32Array): void {
    if (this.manifest.channel_windows.length > 0) mix(this.pixels(bytes), this.manifest.channels, this.mixers, out);
    else colorize(this.pixels(bytes), this.manifest.channels, this.lut, out, this.alphas);
  }

  private createImage(): TileLayer {
    const root = `${this.apiRoot}/img/${this.manifest.id}/${this.manifest.version}/${this.manifest.axis}`;
    const url = ({ z, level, tx, ty }: ImageTile): string => `${root}/${z}/${level}/${tx}/${ty}`;
    const isWhole = this.manifest.whole_planes.includes(this.manifest.axis);
    const plane = (z: number): string | null => (isWhole ? `${root}/${z}` : null);
    const preview = (tile: ImageTile): string | null => (this.wantsPreviews ? `${url(tile)}?preview` : null);
    const colorizeTile = (bytes: ArrayBuffer, out: Uint32Array): void => this.colorizeImage(bytes, out);
    return new TileLayer(this.manifest, { name: "image", url, colorize: colorizeTile, preview, plane }, this.renderer, {
      arrived: (key) => this.arrived(key),
      gone: (_, problem) => this.events.outdated(problem),
      trouble: (problem) => this.events.trouble("image", problem),
    });
  }

  /** More has been made: ask again for tiles that were first impressions. */
  private hear(progress: Progress[]): boolean {
    this.events.making(progress);
    const drafts = this.image.cache.refreshDrafts();
    if (drafts) this.again();
    return drafts || isBusy(progress);
  }

  private again(): void {
    this.drawn = null;
    this.events.redraw();
  }

  /** A tile has come: draw at once what begins or completes a slice, what lies between a little later. */
  private arrived(key: string): void {
    if (this.image.cache.isDraft(key)) this.making.watch();
    const soon = this.visible.get(key);
    if (soon !== undefined) this.image.prepare(soon);
    if (this.shown !== this.slice || this.pendingTiles === 0) this.events.redraw();
    else this.calm ??= setTimeout(() => this.drawPartly(), CALM_MS);
  }

  private drawPartly(): void {
    this.calm = undefined;
    this.events.redraw();
  }

  private createResult(overlay: Overlay, hatched = false): ResultLayer {
    const events = {
      arrived: () => this.again(),
      gone: () => undefined, // the job has not come so far; `slices` tells when it has
      trouble: (problem: Problem | null) => this.events.trouble("result", problem),
    };
    return new ResultLayer(overlay, this.manifest, this.apiRoot, this.renderer, events, hatched);
  }
}
