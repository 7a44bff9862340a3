import { describe, expect, it } from "vitest";
import { filled, gridOf } from "./speckle";

const SPANS = Int32Array.of(10, 100, 103, 11, 101, 102, 13, 107, 108); // rows 10 to 13, columns 100 to 107
const INK = 0xff009ee6; // #E69E00, as bytes lie in memory

describe("the picture of a speckled suggestion", () => {
  it("has a pixel for each of the image where there are few", () => {
    const grid = gridOf({ x0: 100, y0: 10, x1: 108, y1: 14 });
    expect(grid).toMatchObject({ step: 1, columns: 8, rows: 4 });
    const lit = [...filled(SPANS, grid, "#E69E00")].flatMap((ink, at) => (ink === INK ? [at] : []));
    expect(lit).toEqual([0, 1, 2, 9, 31]);
  });

  it("is no larger than a screen however large the view is, and shows every piece", () => {
    const grid = gridOf({ x0: 0, y0: 0, x1: 4096, y1: 4096 });
    expect(grid).toMatchObject({ step: 3, columns: 1366, rows: 1366 });
    expect(filled(Int32Array.of(4095, 4095, 4096), grid, "#E69E00").at(-1)).toBe(INK);
  });
});
