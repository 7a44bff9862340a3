/** What the label layer may ask of the engine (the seam of `types.ts`). */
import type { Engine } from "./engine";
import type { ViewerHost } from "./types";
import { update } from "./store";

export function createHost(engine: Engine): ViewerHost {
  const { shell } = engine;
  return {
    apiRoot: engine.apiRoot,
    get volume() {
      return engine.manifest.id;
    },
    get manifest() {
      return engine.manifest;
    },
    get slice() {
      return shell.get().slice;
    },
    get z() {
      return shell.get().position.z;
    },
    get camera() {
      return engine.camera.get();
    },
    get classes() {
      return engine.classes;
    },
    get activeClass() {
      return shell.get().activeClass;
    },
    get brushRadius() {
      return shell.get().brushRadius;
    },
    get overwrite() {
      return shell.get().overwrite;
    },
    get tool() {
      return shell.get().tool;
    },
    get settings() {
      return shell.get().settings;
    },
    get result() {
      return engine.appearance.resultChoice;
    },
    resultAt: (point) => engine.picture?.resultAt(point) ?? 0,
    changeSettings: (changes) => engine.choices.changeSettings(changes),
    setActiveClass: (id) => engine.choices.setActiveClass(id),
    setProposal: (proposal) => proposal !== shell.get().proposal && update(shell, { proposal }),
    valueAt: (point) => engine.picture?.valueAt(point) ?? null,
    requestRedraw: () => engine.redraw(),
    requestCursorRedraw: () => engine.redrawCursor(),
    setSaveState: (saveState) => update(shell, { saveState }),
    setAnnotated: (annotated) => update(shell, { annotated }),
    setHistory: (history) => engine.setHistory(history),
    setPresent: (present) => {
      if (JSON.stringify(present) !== JSON.stringify(shell.get().present)) update(shell, { present });
    },
    setLabelsRevision: (labelsRevision) => update(shell, { labelsRevision }),
    setObjectsRevision: (objectsRevision) => update(shell, { objectsRevision }),
    setClassesRevision: (classesRevision) => update(shell, { classesRevision }),
    goToSlice: (z) => engine.goTo(z),
    order: (order) => engine.takeOrder(order),
    toast: (message) => engine.say({ message, hint: "" }),
    error: (message, hint) => engine.say({ message, hint }, { sticky: true }),
  };
}
