/** What the user has chosen to work with: the tool and its size and settings, the class, and what strokes may paint over. */
import type { Engine } from "./engine";
import type { Overwrite } from "./labels/rules";
import { keptOverwrite, overwriteChoices, rememberOverwrite } from "./overwrite";
import type { ToolSettings } from "./settings";
import { update } from "./store";
import type { LabelClass, Tool } from "./types";

export const MAX_BRUSH_RADIUS = 1000; // image pixels; larger areas are for shapes

export class Choices {
  constructor(private readonly engine: Engine) {}

  private get shell(): Engine["shell"] {
    return this.engine.shell;
  }

  setClasses(classes: readonly LabelClass[]): void {
    const { engine } = this;
    engine.classes = classes;
    const { overwrite, settings } = this.shell.get();
    const acceptOver = keptOverwrite(settings.acceptOver, classes) === settings.acceptOver ? settings.acceptOver : "empty";
    update(this.shell, { activeClass: this.keptClass(), overwrite: keptOverwrite(overwrite, classes), settings: { ...settings, acceptOver } });
    engine.labels?.classesChanged();
    engine.redraw();
  }

  setActiveClass(activeClass: number | null): void {
    if (activeClass === this.shell.get().activeClass) return;
    update(this.shell, { activeClass });
    this.engine.labels?.classesChanged();
    this.engine.redrawCursor();
  }

  /** The active class, or the first when it is no longer there. */
  private keptClass(): number | null {
    const { classes } = this.engine;
    const { activeClass } = this.shell.get();
    const kept = classes.find(({ id }) => id === activeClass) ?? classes[0];
    return kept?.id ?? null;
  }

  setOverwrite(overwrite: Overwrite): void {
    rememberOverwrite(overwrite);
    update(this.shell, { overwrite });
  }

  nextOverwrite(): void {
    const modes = overwriteChoices(this.engine.classes).map(([mode]) => mode);
    this.setOverwrite(modes[(modes.indexOf(this.shell.get().overwrite) + 1) % modes.length]);
  }

  setTool(tool: Tool): void {
    if (tool === this.shell.get().tool) return;
    this.engine.labels?.finish();
    update(this.shell, { tool });
    this.engine.redrawCursor();
  }

  setBrushRadius(radius: number): void {
    update(this.shell, { brushRadius: Math.min(MAX_BRUSH_RADIUS, Math.max(0.5, radius)) });
    this.engine.redrawCursor();
  }

  changeSettings(changes: Partial<ToolSettings>): void {
    update(this.shell, { settings: { ...this.shell.get().settings, ...changes } });
    this.engine.redrawCursor();
  }
}
