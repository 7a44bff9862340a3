/** Which volume is open: asking for its manifest, going on to its siblings, and noticing that it has changed on the server. */
import type { Engine } from "./engine";
import { fetchManifest, Refusal } from "./manifests";
import { Picture } from "./picture";
import { clampVoxel, middleOf, planeManifest } from "./planes";
import { FRESH_LABELS, FRESH_VOLUME } from "./shell";
import { areSiblings } from "./siblings";
import { update } from "./store";
import type { Problem } from "./tilecache";
import type { LabelLayer, Manifest, ViewerHost } from "./types";

export type CreateLabelLayer = (host: ViewerHost) => LabelLayer;

export class Opening {
  private volume: string | null = null;
  private isFresh = false; // the volume has just been opened: nobody has chosen a place yet
  private asking = new AbortController();
  private troubles: Record<"image" | "result", Problem | null> = { image: null, result: null };

  constructor(
    private readonly engine: Engine,
    private readonly createLabelLayer: CreateLabelLayer,
  ) {}

  private get shell(): Engine["shell"] {
    return this.engine.shell;
  }

  /** Open another volume; null: none. */
  open(volume: string | null): void {
    if (volume === this.volume) return;
    const { base } = this.shell.get();
    if (volume !== null && base !== null && areSiblings(volume, base)) return this.openSibling(volume);
    this.close();
    this.volume = volume;
    this.isFresh = !this.engine.guest && volume !== null;
    this.engine.view.fitted = true;
    update(this.shell, { ...FRESH_VOLUME, status: volume === null ? "empty" : "loading" });
    if (volume !== null) void this.ask((manifest) => this.begin(manifest));
    this.engine.redraw();
  }

  /** Open the same volume anew, after it could not be opened. */
  retry(): void {
    const { volume } = this;
    this.open(null);
    this.open(volume);
  }

  /** The volume that is open, or will be: steps in quick succession count from the last wish. */
  get wantedPath(): string {
    const { base, sibling } = this.shell.get();
    return sibling ?? base?.path ?? "";
  }

  /** Ask the page for another volume of the same array. */
  goToSibling(path: string): void {
    update(this.shell, { sibling: path });
  }

  /** Show the volume that is open along another axis. */
  turn(base: Manifest): void {
    this.close();
    this.engine.view.fitted = true;
    this.begin(base);
  }

  /** Open a volume of the same array: slice, camera and picture stay until it is there. */
  private openSibling(volume: string): void {
    const { view } = this.engine;
    this.volume = volume;
    void this.ask((manifest) => {
      const { base, sibling } = this.shell.get();
      this.close();
      update(this.shell, { ...FRESH_LABELS, sibling: sibling === manifest.path ? null : sibling });
      view.fitted ||= base === null || manifest.shape.some((size, axis) => size !== base.shape[axis]);
      this.begin(manifest);
    });
  }

  /** Fetch the manifest and hand it to `use`; says what is wrong while it does not come. */
  private async ask(use: (manifest: Manifest) => void): Promise<void> {
    this.asking.abort();
    const { signal } = (this.asking = new AbortController());
    try {
      const url = `${this.engine.apiRoot}/img/${this.volume}/manifest`;
      const manifest = await fetchManifest(url, signal, (problem) => this.setTrouble("image", problem));
      this.setTrouble("image", null);
      use(manifest);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Refusal)) throw error;
      update(this.shell, { status: "failed", problem: error.problem });
    }
  }

  private begin(base: Manifest): void {
    const { engine } = this;
    const { axis, position: last } = this.shell.get();
    const position = this.isFresh ? middleOf(base, last.z) : clampVoxel(last, base);
    this.isFresh = false;
    const manifest = planeManifest(base, axis);
    const slice = position[axis];
    engine.picture = this.createPicture(manifest);
    engine.appearance.dress(engine.picture);
    engine.picture.goTo(slice);
    update(this.shell, { manifest, base, slice, position, status: "shown" });
    engine.redrawCursor();
    if (engine.leader === null) this.beginLabels(manifest, slice);
    engine.view.settle();
  }

  private createPicture(manifest: Manifest): Picture {
    return new Picture(manifest, this.engine.apiRoot, this.engine.renderer, {
      redraw: () => this.engine.redraw(),
      making: (making) => update(this.shell, { making }),
      outdated: (problem) => this.renew(problem),
      trouble: (layer, problem) => this.setTrouble(layer, problem),
    });
  }

  private beginLabels(manifest: Manifest, slice: number): void {
    const { engine } = this;
    engine.labels = this.createLabelLayer(engine.host);
    engine.labels.load(manifest.id, manifest);
    engine.labels.setSlice(slice);
  }

  /** A tile is gone: the volume has a new version on the server, or the tile was never there. */
  private renew(problem: Problem): void {
    const { engine } = this;
    const { version } = engine.manifest;
    void this.ask((manifest) => {
      if (manifest.version === version) return engine.say(problem, { sticky: true });
      this.close();
      this.begin(manifest);
      engine.say({ message: "The images have changed on the server. This is their new state.", hint: "" });
    });
  }

  private close(): void {
    const { engine } = this;
    this.asking.abort();
    engine.labels?.dispose();
    engine.picture?.dispose();
    engine.labels = engine.picture = engine.mark = null;
    this.troubles = { image: null, result: null };
    engine.redrawCursor();
  }

  private setTrouble(layer: "image" | "result", problem: Problem | null): void {
    this.troubles[layer] = problem;
    update(this.shell, { problem: this.troubles.image ?? this.troubles.result });
  }
}
