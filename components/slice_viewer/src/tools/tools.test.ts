import { beforeEach, describe, expect, it } from "vitest";
import { capsule, polygon } from "../labels/raster";
import { SpanSet, type Spans } from "../labels/spans";
import type { LabelTool, Point } from "../types";
import { createTools } from ".";
import type { DrawingTool, Easel } from "./tool";

const AREA = { x0: 0, y0: 0, x1: 100, y1: 80 };
const PLAIN = { shift: false };

/** An easel that remembers; one image pixel is four CSS pixels wide. */
class Sheet implements Easel {
  readonly area = AREA;
  radius = 3;
  readonly color = "#E69F00";
  stroke = new SpanSet();
  committed: Spans[] = [];
  discarded = 0;

  paint(spans: Spans): void {
    this.stroke.add(spans);
  }

  commitStroke(): void {
    this.commit(this.stroke.toSpans());
    this.stroke = new SpanSet();
  }

  discardStroke(): void {
    this.stroke = new SpanSet();
    this.discarded++;
  }

  commit(spans: Spans): void {
    this.committed.push(spans);
  }

  distance(a: Point, b: Point): number {
    return 4 * Math.hypot(a.x - b.x, a.y - b.y);
  }
}

let sheet: Sheet;
let tools: Record<LabelTool, DrawingTool>;

beforeEach(() => {
  sheet = new Sheet();
  tools = createTools(sheet);
});

function click(tool: DrawingTool, x: number, y: number): void {
  tool.down({ x, y }, PLAIN);
  tool.up({ x, y }, PLAIN);
}

function drag(tool: DrawingTool, from: Point, to: Point, modifiers = PLAIN): void {
  tool.down(from, modifiers);
  tool.move({ x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }, modifiers);
  tool.up(to, modifiers);
}

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
    ["a click on the first point", () => click(tools.polygon, 11, 10)],
    ["a double click", () => (click(tools.polygon, 20.2, 40), tools.polygon.doubleClick())],
  ])("is closed by %s", (_how, close) => {
    clickAll();
    expect(sheet.committed).toEqual([]);
    close();
    expect(sheet.committed).toEqual([polygon(triangle, AREA)]);
    expect(tools.polygon.busy).toBe(false);
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
    drag(tools.rectangle, { x: 10.5, y: 10.5 }, { x: 12.5, y: 10.5 }, { shift: true });
    drag(tools.ellipse, { x: 10.5, y: 10.5 }, { x: 12.5, y: 10.5 }, { shift: true });
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
