/** The two canvases on the page: their size in real pixels, and one drawing per animation frame however often it is asked for. */
import type { Size } from "./camera";

// A 4K window. Beyond it (4K at ratio 2) software drawing drops frames, and nobody sees the difference.
const MAX_PIXELS = 3840 * 2160;

export interface SurfaceEvents {
  resized(size: Size, pixelRatio: number): void;
  frame(): void;
  /** `asked`: something on the cursor's canvas has changed; else the image may have moved below it. */
  cursorFrame(asked: boolean): void;
}

export class Surface {
  private readonly observer: ResizeObserver;
  private pending = 0;
  private wantsFrame = false;
  private wantsCursor = false;

  constructor(
    readonly stage: HTMLElement,
    readonly canvas: HTMLCanvasElement,
    readonly cursor: HTMLCanvasElement,
    private readonly events: SurfaceEvents,
  ) {
    this.observer = new ResizeObserver(() => this.measure());
    this.observer.observe(stage);
  }

  requestFrame(): void {
    this.wantsFrame = true;
    this.schedule();
  }

  requestCursor(): void {
    this.wantsCursor = true;
    this.schedule();
  }

  dispose(): void {
    this.observer.disconnect();
    cancelAnimationFrame(this.pending);
  }

  private measure(): void {
    const { clientWidth, clientHeight } = this.stage;
    if (clientWidth === 0 || clientHeight === 0) return; // hidden: keep what there was
    const ratio = Math.min(devicePixelRatio, Math.sqrt(MAX_PIXELS / (clientWidth * clientHeight)));
    const size = { width: Math.round(clientWidth * ratio), height: Math.round(clientHeight * ratio) };
    this.events.resized(size, ratio);
    // A resize observer runs just before painting: drawing now, not a frame later, spares a flash of the stretched old frame.
    this.draw();
  }

  private schedule(): void {
    if (this.pending !== 0) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.draw();
    });
  }

  private draw(): void {
    const { wantsFrame, wantsCursor } = this;
    this.wantsFrame = this.wantsCursor = false;
    if (wantsFrame) this.events.frame();
    if (wantsFrame || wantsCursor) this.events.cursorFrame(wantsCursor);
  }
}
