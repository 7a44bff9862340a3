/** Label tiles on the canvas: colours by palette, uploaded only where something changed; other levels stand in while a tile loads. */
import type { Camera, Rect, TileAddress } from "../types";
import { colorise } from "./palette";
import { intersect, isEmptyRect } from "./spans";
import { TILE_PX, type LabelTile, type TileStore } from "./tiles";

export class TilePainter {
  private readonly canvases = new WeakMap<LabelTile, OffscreenCanvas>();
  // One tile's worth of colours, used again for every upload.
  private readonly scratch = new ImageData(TILE_PX, TILE_PX);
  private readonly words = new Uint32Array(this.scratch.data.buffer);

  constructor(
    private readonly store: TileStore,
    public palette: Uint32Array,
  ) {}

  draw(context: CanvasRenderingContext2D, camera: Camera, wanted: readonly TileAddress[], opacity: number): void {
    context.save();
    context.globalAlpha = opacity;
    for (const address of wanted) {
      const tile = this.store.use(address);
      // Magnified pixels stay squares; shrunken ones are averaged, so that thin strokes do not flicker.
      context.imageSmoothingEnabled = camera.scale * 2 ** address.level < 1;
      if (tile.pixels !== null) this.drawTile(context, camera, tile);
      else if (tile.since < 0) this.standIn(context, camera, tile);
    }
    context.restore();
  }

  private drawTile(context: CanvasRenderingContext2D, camera: Camera, tile: LabelTile): void {
    const { x0, y0, x1, y1 } = camera.screenRect(this.store.imageRect(tile));
    context.drawImage(this.canvasOf(tile), x0, y0, x1 - x0, y1 - y0);
  }

  /** Show what other levels know of the place of `tile`; one level only, lest colours add up. */
  private standIn(context: CanvasRenderingContext2D, camera: Camera, tile: LabelTile): void {
    const place = this.store.imageRect(tile);
    const others = this.loadedOver(place);
    if (others.length === 0) return;
    const level = nearestLevel(others, tile.address.level);
    const { x0, y0, x1, y1 } = camera.screenRect(place);
    context.save();
    context.beginPath();
    context.rect(x0, y0, x1 - x0, y1 - y0);
    context.clip();
    for (const other of others) if (other.address.level === level) this.drawTile(context, camera, other);
    context.restore();
  }

  private loadedOver(place: Rect): LabelTile[] {
    const tiles = [...this.store.all()];
    return tiles.filter((tile) => tile.since >= 0 && tile.pixels !== null && meets(this.store.imageRect(tile), place));
  }

  private canvasOf(tile: LabelTile): OffscreenCanvas {
    let canvas = this.canvases.get(tile);
    if (canvas === undefined) {
      canvas = new OffscreenCanvas(tile.width, tile.height);
      this.canvases.set(tile, canvas);
      tile.recolor();
    }
    if (tile.dirty !== null) this.upload(tile, canvas, tile.dirty);
    tile.dirty = null;
    return canvas;
  }

  private upload(tile: LabelTile, canvas: OffscreenCanvas, dirty: Rect): void {
    colorise(tile.pixels!, tile.width, dirty, this.palette, this.words, TILE_PX);
    const { x0, y0, x1, y1 } = dirty;
    canvas.getContext("2d")!.putImageData(this.scratch, 0, 0, x0, y0, x1 - x0, y1 - y0);
  }
}

function meets(a: Rect, b: Rect): boolean {
  return !isEmptyRect(intersect(a, b));
}

function nearestLevel(tiles: readonly LabelTile[], level: number): number {
  const levels = tiles.map((tile) => tile.address.level);
  return levels.reduce((best, other) => (Math.abs(other - level) < Math.abs(best - level) ? other : best));
}
