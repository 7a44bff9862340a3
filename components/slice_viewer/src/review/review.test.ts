import { describe, expect, it } from "vitest";
import { zoomFor } from "./look";
import { nextItem, placeOf, readItems, tally, without, type Decisions } from "./queue";

const COLUMNS = ["z", "label", "confidence", "area", "y0", "x0", "y1", "x1", "y", "x"];
const ITEMS = readItems({
  columns: COLUMNS,
  items: [
    [3, 1, 51, 40, 10, 20, 15, 28, 10, 22],
    [0, 2, 102, 9, 0, 0, 3, 3, 0, 0],
    [7, 1, -1, 90, 0, 0, 9, 10, 0, 4],
  ],
});
const [first, second, third] = ITEMS;

describe("a queue", () => {
  it("reads items by the names of their columns", () => {
    expect(first).toEqual({ key: "3/1/10/22", z: 3, label: 1, confidence: 0.2, area: 40, box: { x0: 20, y0: 10, x1: 28, y1: 15 }, seed: { x: 22, y: 10 } });
    expect(third.confidence).toBe(null);
  });

  it("goes on with the least sure that nothing was decided of, also when a less sure one comes in later", () => {
    const decisions: Decisions = { [second.key]: "accepted" };
    expect(nextItem([second, third], decisions)).toBe(third);
    expect(nextItem(ITEMS, decisions)).toBe(first);
    expect(nextItem([second], decisions)).toBe(null);
  });

  it("counts what was seen", () => {
    const decisions: Decisions = { [first.key]: "accepted", [third.key]: "skipped", gone: "rejected" };
    expect(placeOf(second, ITEMS, decisions)).toBe(3);
    expect(placeOf(first, ITEMS, decisions)).toBe(1);
    expect(tally(ITEMS, decisions)).toEqual({ accepted: 1, fixed: 0, rejected: 0, skipped: 1 });
    expect(without(decisions, "skipped")).toEqual({ [first.key]: "accepted", gone: "rejected" });
  });
});

describe("the zoom", () => {
  const window = { scale: 1, aspect: 1, width: 1600, height: 1000, pixelRatio: 2 };

  it("stays where the piece is well seen, and else makes it a third of the window", () => {
    expect(zoomFor({ x0: 0, y0: 0, x1: 300, y1: 100 }, window)).toBe(0.5);
    expect(zoomFor({ x0: 0, y0: 0, x1: 100, y1: 40 }, window)).toBe(350 / 100 / 2);
    expect(zoomFor({ x0: 0, y0: 0, x1: 2000, y1: 40 }, window)).toBe(350 / 2000 / 2);
  });

  it("does not make a speck a wall", () => {
    expect(zoomFor({ x0: 0, y0: 0, x1: 1, y1: 1 }, window)).toBe(8);
  });
});
