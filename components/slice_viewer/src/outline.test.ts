import { describe, expect, it } from "vitest";
import { outlinePath, type Run } from "./outline";

/** The borders that a path draws, one pixel side each. */
function sides(path: string): string[] {
  return [...path.matchAll(/M(\d+) (\d+)([HV])(\d+)/g)].flatMap(([, x, y, way, end]) => {
    const [from, to] = way === "H" ? [Number(x), Number(end)] : [Number(y), Number(end)];
    return Array.from({ length: to - from }, (_, i) => (way === "H" ? `h ${from + i} ${y}` : `v ${x} ${from + i}`));
  });
}

function expected(runs: readonly Run[]): string[] {
  const inside = new Set(runs.flatMap(([y, start, stop]) => Array.from({ length: stop - start }, (_, i) => `${start + i} ${y}`)));
  const found: string[] = [];
  for (let y = 0; y <= 12; y++) {
    for (let x = 0; x <= 12; x++) {
      const here = inside.has(`${x} ${y}`);
      if (here !== inside.has(`${x - 1} ${y}`)) found.push(`v ${x} ${y}`);
      if (here !== inside.has(`${x} ${y - 1}`)) found.push(`h ${x} ${y}`);
    }
  }
  return found;
}

describe("an outline", () => {
  it("is every border between the area and the rest, once, holes and tile borders included", () => {
    const runs: Run[] = [[3, 2, 9], [1, 2, 5], [1, 5, 9], [2, 2, 3], [2, 6, 9], [5, 0, 1], [4, 8, 10]];
    expect(sides(outlinePath(runs)).sort()).toEqual(expected(runs).sort());
  });

  it("of nothing is empty", () => {
    expect(outlinePath([])).toBe("");
  });
});
