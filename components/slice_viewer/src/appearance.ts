/** How the page wants a volume shown: its window and colours, and what lies over it: a result, proposals, labels of the past. */
import type { Engine } from "./engine";
import type { LiveTiles } from "./live/tiles";
import { PLAIN, type Look, type Window } from "./lut";
import type { Over, Picture } from "./picture";
import type { Overlay, PastLabels } from "./results";
import { update } from "./store";
import type { LabelClass, ResultChoice } from "./types";

export class Appearance {
  private window: Window | null = null;
  private shading: Look = PLAIN;
  private labelOpacity = 0.5;
  private overlay: Overlay | null = null;
  /** Labels that wait to be accepted. */
  private proposed: Overlay | null = null;
  /** Labels of the past, shown in place of those of now and of the result. */
  private moment: PastLabels | null = null;

  private live: LiveTiles | null = null;

  constructor(private readonly engine: Engine) {}

  private get picture(): Picture | null {
    return this.engine.picture;
  }

  /** Show all that is set in a picture that has just been made. */
  dress(picture: Picture): void {
    picture.setWindow(this.window);
    picture.setLook(this.shading);
    picture.setOverlay(this.moment ?? this.overlay);
    picture.setProposed(this.proposed);
    picture.setLive(this.live);
  }

  /** How to draw what lies over the image now. */
  get over(): Over {
    const { labels, shell } = this.engine;
    return { labels: this.inPast ? null : labels, labelOpacity: this.labelOpacity, bare: shell.get().bare };
  }

  setWindow(window: Window | null): void {
    this.window = window;
    this.picture?.setWindow(window);
    this.engine.redraw();
  }

  setLook(look: Look): void {
    this.shading = look;
    this.picture?.setLook(look);
    this.engine.redraw();
  }

  setLabelOpacity(opacity: number): void {
    this.labelOpacity = opacity;
    this.engine.redraw();
  }

  setOverlay(overlay: Overlay | null): void {
    this.overlay = overlay;
    if (this.moment === null) this.picture?.setOverlay(overlay);
    update(this.engine.shell, { predicted: overlay?.slices ?? [] });
    this.engine.redraw();
  }

  setProposed(proposed: Overlay | null): void {
    this.proposed = proposed;
    this.picture?.setProposed(proposed);
    this.engine.redraw();
  }

  setLive(live: LiveTiles | null): void {
    this.live = live;
    this.picture?.setLive(live);
  }

  setMoment(moment: PastLabels | null): void {
    const { engine } = this;
    if (moment !== null) engine.labels?.finish(); // what is half drawn belongs to now, as on a change of tool
    this.moment = moment;
    this.picture?.setOverlay(moment ?? this.overlay);
    update(engine.shell, { past: this.inPast, differing: moment?.differing ?? [] });
    engine.redraw();
    engine.redrawCursor();
  }

  get inPast(): boolean {
    return this.moment !== null;
  }

  /** What of the result can become labels now. */
  get resultChoice(): ResultChoice | null {
    const { overlay } = this;
    if (overlay === null || overlay.root !== undefined || this.inPast) return null; // a root: something else than classes
    return { job: overlay.id, classes: overlay.classes.filter(({ visible }) => visible).map(({ id }) => id), least: overlay.least ?? 0 };
  }

  get overlayId(): string | null {
    return (this.moment ?? this.overlay)?.id ?? null;
  }

  get overlayClasses(): readonly LabelClass[] {
    return (this.moment ?? this.overlay)?.classes ?? [];
  }
}
