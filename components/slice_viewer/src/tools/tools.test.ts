import { beforeEach, describe, expect, it } from "vitest";
import { capsule, polygon } from "../labels/raster";
import { SpanSet } from "../labels/spans";
import type { LabelTool } from "../types";
import { createTools } from ".";
import { snapped } from "./line";
import { Stabiliser } from "./stabiliser";
import { AREA, click, drag, PLAIN, Sheet } from "./testing";
import type { DrawingTool } from "./tool";

let sheet: Sheet;
let tools: Record<LabelTool, DrawingTool>;

beforeEach(() => {
  sheet = new Sheet();
  tools = createTools(sheet);
});

describe("the brush", () => {
  it("makes one edit of all it swept", () => {
    drag(tools.brush, { x: 10.2, y: 10.9 }, { x: 30.5, y: 20.1 });
    const expected = new SpanSet();
    expected.add(capsule({ x: 10, y: 10 }, { x: 20, y: 15 }, 3, AREA));
    expected.add(capsule({ x: 20, y: 15 }, { x: 30, y: 20 }, 3, AREA));
    expect(sheet.committed).toEqual([expected.toSpans()]);
  });

  it("paints one pixel with radius 0.5, wherever in it the pointer is", () => {
    sheet.radius = 0.5;
    click(tools.brush, 7.99, 3.01);
    expect(sheet.committed).toEqual([Int32Array.of(3, 7, 8)]);
  });

  it("takes nothing from moves without a button", () => {
    tools.brush.move({ x: 5, y: 5 }, PLAIN);
    tools.brush.up({ x: 5, y: 5 }, PLAIN);
    expect(sheet.committed).toEqual([]);
  });

  it("drops the stroke on Escape", () => {
    tools.brush.down({ x: 5, y: 5 }, PLAIN);
    expect(tools.brush.key("Escape")).toBe(true);
    tools.brush.up({ x: 6, y: 6 }, PLAIN);
    expect([sheet.committed.length, sheet.discarded]).toEqual([0, 1]);
    expect(tools.brush.key("Escape")).toBe(false);
  });
});

describe("freeform", () => {
  it("fills what the pointer went round", () => {
    const corners = [{ x: 10, y: 10 }, { x: 20, y: 10 }, { x: 20, y: 20 }, { x: 10, y: 20 }];
    tools.freeform.down(corners[0], PLAIN);
    for (const corner of corners.slice(1)) tools.freeform.move(corner, PLAIN);
    tools.freeform.up(corners[3], PLAIN);
    expect(sheet.committed).toEqual([polygon(corners, AREA)]);
  });
});

describe("the polygon", () => {
  const triangle = [{ x: 10, y: 10 }, { x: 40, y: 12 }, { x: 20, y: 40 }];

  function clickAll(): void {
    for (const { x, y } of triangle) click(tools.polygon, x, y);
  }

  it.each([
    ["Enter", () => void tools.polygon.key("Enter")],
    ["a click on the first point and Enter", () => (click(tools.polygon, 11, 10), tools.polygon.key("Enter"))],
    ["a double click and a click beside it", () => (click(tools.polygon, 20.2, 40), tools.polygon.doubleClick(), click(tools.polygon, 90, 70))],
    ["another tool, once it is closed", () => (tools.polygon.doubleClick(), tools.polygon.finish!())],
  ])("is filled by %s", (_how, close) => {
    clickAll();
    expect(sheet.committed).toEqual([]);
    close();
    expect(sheet.committed).toEqual([polygon(triangle, AREA)]);
    expect(tools.polygon.busy).toBe(false);
  });

  it("keeps its corners open to change once it is closed", () => {
    clickAll();
    tools.polygon.doubleClick();
    expect(sheet.committed).toEqual([]);
    drag(tools.polygon, { x: 40, y: 12 }, { x: 60, y: 14 });
    drag(tools.polygon, { x: 15, y: 25 }, { x: 5, y: 25 });
    tools.polygon.key("Enter");
    expect(sheet.committed).toEqual([polygon([triangle[0], { x: 60, y: 14 }, triangle[2], { x: 5, y: 25 }], AREA)]);
  });

  it("loses the corner touched last on Backspace, but stays a polygon", () => {
    clickAll();
    click(tools.polygon, 5, 30);
    tools.polygon.doubleClick();
    click(tools.polygon, 5, 30);
    tools.polygon.key("Backspace");
    click(tools.polygon, 20, 40);
    tools.polygon.key("Backspace");
    tools.polygon.key("Enter");
    expect(sheet.committed).toEqual([polygon(triangle, AREA)]);
  });

  it("takes back only the corner of the press when a second finger comes", () => {
    clickAll();
    tools.polygon.down({ x: 90, y: 70 }, PLAIN);
    tools.polygon.interrupt!();
    tools.polygon.key("Enter");
    expect(sheet.committed).toEqual([polygon(triangle, AREA)]);
  });

  it("is dropped by another tool while it is open", () => {
    clickAll();
    tools.polygon.finish!();
    expect([tools.polygon.busy, sheet.committed.length]).toEqual([false, 0]);
  });

  it("gives points back on Backspace and everything on Escape", () => {
    clickAll();
    click(tools.polygon, 90, 70);
    tools.polygon.key("Backspace");
    tools.polygon.key("Enter");
    expect(sheet.committed).toEqual([polygon(triangle, AREA)]);
    clickAll();
    expect(tools.polygon.key("Escape")).toBe(true);
    expect([tools.polygon.busy, sheet.committed.length]).toEqual([false, 1]);
  });

  it("leaves keys alone while nothing is drawn", () => {
    expect(["Enter", "Escape", "Backspace", "b"].map((name) => tools.polygon.key(name))).toEqual([false, false, false, false]);
  });
});

describe("boxes", () => {
  it("fill the rectangle between two corners", () => {
    drag(tools.rectangle, { x: 10.5, y: 10.5 }, { x: 12.5, y: 11.5 });
    expect(sheet.committed).toEqual([Int32Array.of(10, 10, 13, 11, 10, 13)]);
  });

  it("are square and round with Shift", () => {
    drag(tools.rectangle, { x: 10.5, y: 10.5 }, { x: 12.5, y: 10.5 }, { ...PLAIN, shift: true });
    drag(tools.ellipse, { x: 10.5, y: 10.5 }, { x: 12.5, y: 10.5 }, { ...PLAIN, shift: true });
    expect(sheet.committed[0]).toEqual(Int32Array.of(10, 10, 13, 11, 10, 13, 12, 10, 13));
    expect(sheet.committed[1]).toEqual(Int32Array.of(10, 10, 13, 11, 10, 13, 12, 10, 13));
  });

  it("ignore a click without a drag", () => {
    click(tools.rectangle, 10.5, 10.5);
    click(tools.ellipse, 10.5, 10.5);
    expect(sheet.committed).toEqual([]);
  });

  it("stop at the border of the image", () => {
    drag(tools.rectangle, { x: 98.5, y: -5 }, { x: 300, y: 0.5 });
    expect(sheet.committed).toEqual([Int32Array.of(0, 98, 100)]);
  });
});

describe("areas", () => {
  it.each([
    ["Shift", { ...PLAIN, shift: true }, "add"],
    ["Alt", { ...PLAIN, alt: true }, "subtract"],
    ["Ctrl", { ...PLAIN, ctrl: true }, "intersect"],
    ["no key", PLAIN, "subtract"],
  ] as const)("mean what %s held at their start says, before the option", (_key, modifiers, expected) => {
    sheet.changeSettings({ combine: "subtract" });
    drag(tools.freeform, { x: 10, y: 10 }, { x: 30, y: 40 }, modifiers);
    click(tools.polygon, 10, 10, modifiers);
    click(tools.polygon, 40, 10);
    tools.polygon.key("Enter");
    expect(sheet.combined).toEqual([expected, expected]);
  });

  it("with Shift stay square where they are boxes, whatever the option says", () => {
    sheet.changeSettings({ combine: "intersect" });
    drag(tools.ellipse, { x: 10.5, y: 10.5 }, { x: 12.5, y: 10.5 }, { ...PLAIN, shift: true });
    expect([sheet.combined, sheet.committed[0].length]).toEqual([["intersect"], 9]);
  });

  it("go behind all labels as fully labelled box", () => {
    drag(tools.background, { x: 10.5, y: 10.5 }, { x: 12.5, y: 11.5 });
    expect([sheet.behind, sheet.committed]).toEqual([[Int32Array.of(10, 10, 13, 11, 10, 13)], []]);
  });
});

describe("the line", () => {
  const expected = capsule({ x: 10, y: 10 }, { x: 50, y: 10 }, 3, AREA);

  it("is as wide as the brush, from press to release", () => {
    drag(tools.line, { x: 10.5, y: 10.5 }, { x: 50.5, y: 10.5 });
    expect(sheet.committed).toEqual([expected]);
  });

  it("goes from one click to the next", () => {
    click(tools.line, 10.5, 10.5);
    expect(sheet.committed).toEqual([]);
    click(tools.line, 50.5, 10.5);
    expect([sheet.committed, tools.line.busy]).toEqual([[expected], false]);
  });

  it("turns to 45 degrees with Shift", () => {
    drag(tools.line, { x: 10.5, y: 10.5 }, { x: 50.5, y: 14.5 }, { ...PLAIN, shift: true });
    expect(sheet.committed).toEqual([expected]);
    const turned = snapped({ x: 0, y: 0 }, { x: 9, y: 11 });
    expect([turned.x, turned.y].map((value) => Number(value.toFixed(6)))).toEqual([10, 10]);
  });
});

describe("the picker", () => {
  it("picks what is under the press", () => {
    drag(tools.picker, { x: 10, y: 10 }, { x: 50, y: 10 });
    expect(sheet.picked).toEqual([{ x: 10, y: 10 }]);
  });
});

describe("the stabiliser", () => {
  it("ignores what is shorter than the string and follows the rest at its length", () => {
    const steady = new Stabiliser();
    steady.start({ x: 0, y: 0 });
    expect(steady.pull({ x: 3, y: 4 }, 6)).toEqual({ x: 0, y: 0 });
    expect(steady.pull({ x: 10, y: 0 }, 6)).toEqual({ x: 4, y: 0 });
    expect(steady.pull({ x: 10, y: 1 }, 0)).toEqual({ x: 10, y: 1 });
  });

  it("makes a shaky stroke straighter and still ends where the hand does", () => {
    const rows = (): number => new Set([...sheet.committed.at(-1)!].filter((_, i) => i % 3 === 0)).size;
    const shake = (): void => {
      tools.brush.down({ x: 10, y: 40 }, PLAIN);
      for (let i = 1; i < 20; i++) tools.brush.move({ x: 10 + 4 * i, y: 40 + (i % 2) * 4 }, PLAIN);
      tools.brush.up({ x: 90, y: 40 }, PLAIN);
    };
    shake();
    const shaky = rows();
    sheet.changeSettings({ smoothing: "high" });
    shake();
    expect(rows()).toBeLessThan(shaky);
    expect(Math.max(...sheet.committed.at(-1)!.filter((_, i) => i % 3 === 2))).toBe(94);
  });
});
