/** What was decided in the reviews of this browser, so that a review goes on where it was left, after a reload as well. */
import type { Decisions } from "./queue";

const PREFIX = "review:";
const KEPT = 5; // reviews; the one left longest ago is forgotten

/** What a review is of; the same question goes on with the same decisions. */
export interface Aim {
  job: string;
  by: "pieces" | "slices";
  /** Class ids of the result. */
  classes: readonly number[];
  /** Smaller pieces are left out, pixels. */
  least: number;
}

interface Kept {
  at: number;
  decisions: Decisions;
}

export const nameOf = ({ job, by, classes, least }: Aim): string => `${PREFIX}${job}/${by}/${classes.join(",")}/${least}`;

export function recall(aim: Aim): Decisions {
  return read(nameOf(aim))?.decisions ?? {};
}

export function remember(aim: Aim, decisions: Decisions): void {
  try {
    localStorage.setItem(nameOf(aim), JSON.stringify({ at: Date.now(), decisions } satisfies Kept));
    forgetOld();
  } catch {
    // Full or forbidden: the review holds as long as the page.
  }
}

function read(name: string): Kept | null {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null") as Kept | null;
  } catch {
    return null; // no storage, or nonsense in it
  }
}

function forgetOld(): void {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
  const newestFirst = names.sort((one, other) => (read(other)?.at ?? 0) - (read(one)?.at ?? 0));
  for (const name of newestFirst.slice(KEPT)) localStorage.removeItem(name);
}
