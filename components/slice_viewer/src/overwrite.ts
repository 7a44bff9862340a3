/** The overwrite mode: its choices, and its memory for as long as the tab lives. */
import type { Overwrite } from "./labels/rules";
import type { LabelClass } from "./types";

const KEY = "overwrite";

/** Every mode with its words, in the order the key goes through them. */
export function overwriteChoices(classes: readonly LabelClass[]): [Overwrite, string][] {
  const only = classes.map(({ id, name }): [Overwrite, string] => [id, `only ${name}`]);
  return [["all", "everything"], ["empty", "only unlabelled"], ...only];
}

/** `mode` if it can still be chosen; without classes nothing is known yet. */
export function keptOverwrite(mode: Overwrite, classes: readonly LabelClass[]): Overwrite {
  return typeof mode === "string" || classes.length === 0 || classes.some(({ id }) => id === mode) ? mode : "all";
}

export function readOverwrite(text: string | null): Overwrite {
  if (text === "empty") return text;
  return text !== null && /^[1-9][0-9]*$/.test(text) ? Number(text) : "all";
}

export function rememberedOverwrite(): Overwrite {
  return typeof sessionStorage === "undefined" ? "all" : readOverwrite(sessionStorage.getItem(KEY));
}

export function rememberOverwrite(mode: Overwrite): void {
  sessionStorage.setItem(KEY, String(mode));
}
