/** Volumes of the same array: other positions on the axes a volume does not have, or the axes read in another order. */
import type { Manifest } from "./types";

/** The path with its suffix taken apart (core/images/positions.py). */
function split(path: string): { base: string; parts: Map<string, string> } {
  const found = /@((?:[a-z]+=(?:\d+|[a-z]+))(?:,[a-z]+=(?:\d+|[a-z]+))*)$/.exec(path);
  if (found === null) return { base: path, parts: new Map() };
  return { base: path.slice(0, found.index), parts: new Map(found[1].split(",").map((part) => part.split("=") as [string, string])) };
}

function join(base: string, parts: ReadonlyMap<string, string>): string {
  const words = [...parts].filter(([, value]) => value !== "0" && value !== "").sort();
  return words.length === 0 ? base : `${base}@${words.map((word) => word.join("=")).join(",")}`;
}

/** Whether a volume, by its id, is made of the same array as the one that is open. */
export function areSiblings(volume: string, { path }: Manifest): boolean {
  return split(pathOf(volume)).base === split(path).base;
}

/** The path behind a volume's id (core/images/volumes.py). */
function pathOf(volume: string): string {
  const bytes = atob(volume.replaceAll("-", "+").replaceAll("_", "/"));
  return new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
}

/** Where on an axis the volume at `path` lies. */
export function positionAt(path: string, name: string): number {
  return Number(split(path).parts.get(name) ?? 0);
}

/** The path of the volume at `position` of axis `name`, everything else as it is. */
export function pathAt(path: string, name: string, position: number): string {
  const { base, parts } = split(path);
  return join(base, parts.set(name, String(position)));
}

/** The path of the array with its axes in another order, at the beginning of each. */
export function pathWithAxes({ path }: Manifest, axes: string): string {
  const { base } = split(path);
  return join(base, new Map([["axes", axes]]));
}

const SPARE = "uvw"; // letters for axes of length one, which nobody asks for

/** Orders in which the leading axes may be meant, written as letters of all axes; the present one first. */
export function axisOrders({ axes }: Manifest): string[] {
  const letters = axes.map((axis, place) => (axis === "1" ? SPARE[place % SPARE.length] : axis));
  const open = axes.flatMap((axis, place) => (["y", "x", "1"].includes(axis) ? [] : [place]));
  if (letters.some((letter) => letter.length !== 1) || open.length < 2 || open.length > 3) return [];
  const names = open.length === 2 ? ["tz", "zt", "cz", "zc", "tc", "ct"] : permutations("tcz");
  const orders = names.map((order) => letters.map((letter, place) => (open.includes(place) ? order[open.indexOf(place)] : letter)).join(""));
  return [...new Set([letters.join(""), ...orders])];
}

function permutations(letters: string): string[] {
  if (letters.length < 2) return [letters];
  return [...letters].flatMap((first) => permutations(letters.replace(first, "")).map((rest) => first + rest));
}
