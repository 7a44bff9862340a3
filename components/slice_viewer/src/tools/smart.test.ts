import { beforeEach, describe, expect, it } from "vitest";
import { polygon, rectangle } from "../labels/raster";
import type { LabelTool } from "../types";
import { createTools } from ".";
import { outline } from "./proposal";
import { decode, encode } from "./server";
import { rangeOf } from "./strokes";
import { click, drag, PLAIN, Sheet, AREA } from "./testing";
import type { DrawingTool } from "./tool";

// Node has no Path2D; what is drawn is looked at in Chromium.
class NoPath {
  rect(): void {}
  moveTo(): void {}
  lineTo(): void {}
}
Object.assign(globalThis, { Path2D: NoPath });

const PARTS = [{ label: 1, spans: Int32Array.of(3, 4, 6) }];

let sheet: Sheet;
let tools: Record<LabelTool, DrawingTool>;

beforeEach(() => {
  sheet = new Sheet();
  tools = createTools(sheet);
});

describe("fill and wand", () => {
  it("ask for a proposal where the fill goes through the stack, and paints nothing", () => {
    sheet.changeSettings({ fillStack: true, fillByGrey: true });
    click(tools.fill, 10, 20);
    expect(sheet.filled).toEqual([[{ x: 10, y: 20 }, sheet.tolerance]]);
    expect([sheet.asked, sheet.parts, tools.fill.busy]).toEqual([[], [], false]);
  });

  it("keep what the server found as soon as the button is up and the answer here", async () => {
    click(tools.fill, 10, 20);
    expect(sheet.asked[0].question).toEqual({ points: [{ x: 10, y: 20 }], options: { tolerance: null } });
    expect(sheet.proposal).toBe("working");
    await sheet.asked[0].answer({ parts: PARTS });
    expect([sheet.parts, sheet.proposal, tools.fill.busy]).toEqual([[PARTS], "none", false]);
  });

  it("wait for the release", async () => {
    tools.wand.down({ x: 10, y: 20 }, PLAIN);
    await sheet.asked[0].answer({ parts: PARTS });
    expect([sheet.parts, sheet.proposal]).toEqual([[], "ready"]);
    tools.wand.up({ x: 10, y: 20 }, PLAIN);
    expect(sheet.parts).toEqual([PARTS]);
  });

  it("double the tolerance 100 CSS pixels to the right and ask one question at a time", async () => {
    tools.wand.down({ x: 10, y: 20 }, PLAIN);
    for (const x of [12, 20, 35]) tools.wand.move({ x, y: 20 }, PLAIN);
    expect(sheet.asked.length).toBe(1);
    await sheet.asked[0].answer({ parts: PARTS });
    expect(sheet.asked.map(({ question }) => question.options!.tolerance)).toEqual([5, 10]);
    expect(sheet.settings.tolerance).toBe(10);
  });

  it("drop the answer of a gesture given up", async () => {
    tools.wand.down({ x: 10, y: 20 }, PLAIN);
    expect(tools.wand.key("Escape")).toBe(true);
    expect(sheet.asked[0].signal.aborted).toBe(true);
    await sheet.asked[0].answer({ parts: PARTS });
    tools.wand.up({ x: 10, y: 20 }, PLAIN);
    expect([sheet.parts, sheet.proposal, tools.wand.busy]).toEqual([[], "none", false]);
  });

  it("say why there is nothing", async () => {
    click(tools.fill, 10, 20);
    await sheet.asked[0].fail(new Error("The region is too large. Zoom in."));
    click(tools.fill, 10, 20);
    await sheet.asked[1].fail(new TypeError("Failed to fetch"));
    click(tools.fill, 10, 20);
    await sheet.asked[2].answer({ note: "" });
    expect(sheet.said).toEqual(["The region is too large. Zoom in.", "The server cannot be reached; this tool needs it.", "Nothing was found here."]);
    expect([sheet.parts, tools.fill.busy]).toEqual([[], false]);
  });
});

describe("click and box", () => {
  const model = "Edges and greys";
  const alt = { ...PLAIN, alt: true };

  it("asks with all clicks, the newest box, and who of them belongs to the object", async () => {
    click(tools.click, 10, 20);
    expect([sheet.asked[0].tool, sheet.asked[0].question]).toEqual(["click", { points: [{ x: 10, y: 20 }], options: { model, positive: [true], box: null } }]);
    await sheet.asked[0].answer({ parts: PARTS });
    click(tools.click, 30, 20, alt);
    await sheet.asked[1].answer({ parts: PARTS });
    drag(tools.click, { x: 5, y: 6 }, { x: 25.5, y: 36 });
    expect(sheet.asked[2].question.options).toEqual({ model, positive: [true, false], box: [6, 5, 37, 26] });
    expect(sheet.parts).toEqual([]);
    await sheet.asked[2].answer({ parts: PARTS });
    tools.click.key("Enter");
    expect([sheet.parts, tools.click.busy]).toEqual([[PARTS], false]);
  });

  it("means what the row of options says, Alt the opposite", () => {
    sheet.changeSettings({ clickTakes: "surroundings" });
    click(tools.click, 10, 20);
    tools.click.cancel();
    click(tools.click, 10, 20, alt);
    expect(sheet.asked.map(({ question }) => question.options!.positive)).toEqual([[false], [true]]);
  });

  it("takes the last click back, and gives up with the first", async () => {
    click(tools.click, 10, 20);
    await sheet.asked[0].answer({ parts: PARTS });
    click(tools.click, 30, 20);
    await sheet.asked[1].answer({ parts: [] });
    expect([sheet.said, tools.click.busy]).toEqual([["Nothing was found here."], true]);
    tools.click.key("Enter");
    expect([sheet.parts, tools.click.busy]).toEqual([[], true]);
    tools.click.key("Backspace");
    expect(sheet.asked[2].question.points).toEqual([{ x: 10, y: 20 }]);
    await sheet.asked[2].answer({ parts: PARTS });
    tools.click.key("Backspace");
    expect([tools.click.busy, sheet.proposal]).toEqual([false, "none"]);
  });

  it("keeps what stood when an answer is lost", async () => {
    click(tools.click, 10, 20);
    await sheet.asked[0].answer({ parts: PARTS });
    click(tools.click, 30, 20);
    await sheet.asked[1].fail(new TypeError("Failed to fetch"));
    tools.click.key("Enter");
    expect(sheet.parts).toEqual([PARTS]);
  });
});

describe("regions", () => {
  it("are asked with what was drawn and kept on Enter", async () => {
    const corners = [{ x: 10, y: 10 }, { x: 40, y: 12 }, { x: 20, y: 40 }];
    tools.watershed.down(corners[0], PLAIN);
    tools.watershed.move(corners[1], PLAIN);
    tools.watershed.up(corners[2], PLAIN);
    expect([sheet.asked[0].tool, sheet.asked[0].question]).toEqual(["watershed", { spans: polygon(corners, AREA) }]);
    await sheet.asked[0].answer({ parts: PARTS, note: "Two classes." });
    expect([sheet.parts, sheet.proposal]).toEqual([[], "ready"]);
    tools.watershed.key("Enter");
    expect([sheet.parts, sheet.said, sheet.proposal]).toEqual([[PARTS], ["Two classes."], "none"]);
  });

  it("are kept when Enter comes before the answer", async () => {
    drag(tools.grabcut, { x: 10.5, y: 10.5 }, { x: 20.5, y: 30.5 });
    expect(sheet.asked[0].question).toEqual({ spans: rectangle({ x0: 10, y0: 10, x1: 21, y1: 31 }, AREA) });
    tools.grabcut.key("Enter");
    await sheet.asked[0].answer({ parts: PARTS });
    expect(sheet.parts).toEqual([PARTS]);
  });

  it("ignore a click", () => {
    click(tools.random_walker, 10, 10);
    expect([sheet.asked.length, tools.random_walker.busy]).toEqual([0, false]);
  });
});

describe("brushes of the server", () => {
  it("ask for every superpixel on the way once the first answer is there", async () => {
    drag(tools.superpixel, { x: 10.5, y: 10.5 }, { x: 30.5, y: 10.5 });
    await sheet.asked[0].answer({ parts: [] });
    expect(sheet.asked[1].question).toEqual({ spans: Int32Array.of(10, 10, 31), options: { size: 16 } });
    await sheet.asked[1].answer({ parts: PARTS });
    expect(sheet.parts).toEqual([PARTS]);
  });

  it("take the range from the first drag and paint with it from the second", async () => {
    drag(tools.threshold, { x: 10, y: 10 }, { x: 58, y: 30 });
    expect(sheet.settings.range).toEqual([10, 58]);
    expect(sheet.asked).toEqual([]);
    click(tools.threshold, 20, 20);
    expect(sheet.asked[0].question.options).toEqual({ lo: 10, hi: 58 });
    await sheet.asked[0].answer({ parts: [] });
    await sheet.asked[1].answer({ parts: PARTS });
    expect(sheet.parts).toEqual([PARTS]);
  });

  it("leave out the outermost samples of a range, and know when there are none", () => {
    expect(rangeOf({ valueAt: ({ x, y }) => (x === 0 && y === 0 ? 9999 : 7) }, [{ x: 0, y: 0 }, { x: 24, y: 24 }])).toEqual([7, 7]);
    expect(rangeOf({ valueAt: () => null }, [{ x: 0, y: 0 }, { x: 24, y: 24 }])).toBeNull();
  });
});

describe("the live-wire", () => {
  const ways = [
    [{ x: 10, y: 10 }, { x: 25, y: 5 }, { x: 40, y: 10 }],
    [{ x: 40, y: 10 }, { x: 45, y: 30 }, { x: 20, y: 40 }],
    [{ x: 20, y: 40 }, { x: 5, y: 25 }, { x: 10, y: 10 }],
  ];

  it("fills what its paths enclose when all of them are known", async () => {
    for (const [start] of ways) click(tools.livewire, start.x, start.y);
    tools.livewire.doubleClick();
    expect(sheet.asked.map(({ question }) => question.points)).toEqual(ways.map((way) => [way[0], way[2]]));
    await sheet.asked[2].answer({ points: ways[2] });
    await sheet.asked[0].answer({ points: ways[0] });
    expect(sheet.committed).toEqual([]);
    await sheet.asked[1].answer({ points: ways[1] });
    expect([sheet.committed, tools.livewire.busy]).toEqual([[polygon(ways.flat(), AREA)], false]);
  });

  it("follows the pointer with a path that is dropped when the anchor is set", async () => {
    click(tools.livewire, 10, 10);
    tools.livewire.hover!({ x: 30, y: 10 });
    expect(sheet.asked[0].question.points).toEqual([{ x: 10, y: 10 }, { x: 30, y: 10 }]);
    click(tools.livewire, 40, 10);
    expect([sheet.asked[0].signal.aborted, sheet.asked[1].question.points]).toEqual([true, [{ x: 10, y: 10 }, { x: 40, y: 10 }]]);
    tools.livewire.key("Backspace");
    expect([sheet.asked[1].signal.aborted, tools.livewire.busy]).toEqual([true, true]);
    tools.livewire.key("Escape");
    expect(tools.livewire.busy).toBe(false);
  });
});

describe("the wire", () => {
  it("says rows before columns and keeps half-open boxes", () => {
    const place = { url: "/api/tools/v", axis: "z" as const, index: 3, box: { x0: 1, y0: 2, x1: 30, y1: 40 }, label: 2 };
    const question = { points: [{ x: 5.5, y: 6.5 }], spans: Int32Array.of(3, 4, 6), options: { size: 8 } };
    expect(encode(place, question)).toEqual({ axis: "z", index: 3, box: [2, 1, 40, 30], label: 2, points: [[6.5, 5.5]], spans: [[3, 4, 6]], options: { size: 8 } });
    expect(decode({ parts: [{ label: 1, spans: [[3, 4, 6]] }], points: [[6, 5]], note: "n" })).toEqual({ parts: PARTS, points: [{ x: 5, y: 6 }], note: "n" });
    const packed = btoa(String.fromCharCode(3, 0, 0, 0, 4, 0, 0, 0, 6, 0, 0, 0));
    expect(decode({ parts: [{ label: 1, packed }], points: [], note: "" }).parts).toEqual(PARTS);
  });
});

describe("the outline of a suggestion", () => {
  it("runs between pixels inside and outside, once each", () => {
    const edges = outline(Int32Array.of(0, 0, 2, 1, 1, 3));
    const length = edges.reduce((sum, [x0, y0, x1, y1]) => sum + Math.abs(x1 - x0) + Math.abs(y1 - y0), 0);
    expect(length).toBe(10);
    expect(edges).toContainEqual([0, 1, 1, 1]);
    expect(edges).not.toContainEqual([1, 1, 2, 1]);
  });
});
