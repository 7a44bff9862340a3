import { beforeEach, describe, expect, it } from "vitest";
import { Accept } from "./accept";
import { click, drag, PLAIN, Sheet } from "./testing";

// Node has no Path2D; what is drawn is looked at in Chromium.
class NoPath {
  rect(): void {}
  moveTo(): void {}
  lineTo(): void {}
}
Object.assign(globalThis, { Path2D: NoPath });

const PARTS = [{ label: 2, spans: Int32Array.of(20, 55, 70) }];
const ALT = { ...PLAIN, alt: true };

let sheet: Sheet;
let tool: Accept;

beforeEach(() => {
  sheet = new Sheet();
  tool = new Accept(sheet);
});

describe("using a result", () => {
  it("looks for the piece under the pointer once, and a click takes what is outlined", async () => {
    tool.hover({ x: 60, y: 20 });
    expect(sheet.asked[0].question).toEqual({ points: [{ x: 60, y: 20 }], options: { job: "j", classes: [5], least: 0 } });
    await sheet.asked[0].answer({ parts: PARTS });
    tool.hover({ x: 61, y: 20 });
    click(tool, 61, 20);
    expect([sheet.asked.length, sheet.accepted]).toEqual([1, [PARTS]]);
  });

  it("looks under a resting pointer once the result has come, and only once", () => {
    sheet.resultFrom = Infinity;
    tool.hover({ x: 60, y: 20 });
    tool.redrawn();
    expect(sheet.asked.length).toBe(0);
    sheet.resultFrom = 50;
    tool.redrawn();
    tool.redrawn();
    expect(sheet.asked.length).toBe(1);
  });

  it("asks for nothing where the result has nothing, and says so at a click", async () => {
    tool.hover({ x: 10, y: 20 });
    expect(sheet.asked.length).toBe(0);
    click(tool, 10, 20);
    await sheet.asked[0].answer({ note: "Nothing here." });
    expect([sheet.accepted, sheet.said]).toEqual([[], ["Nothing here."]]);
  });

  it("asks anew once other classes are ticked", async () => {
    tool.hover({ x: 60, y: 20 });
    await sheet.asked[0].answer({ parts: PARTS });
    sheet.result = { job: "j", classes: [5, 6], least: 0 };
    click(tool, 60, 20);
    expect([sheet.asked.length, sheet.accepted]).toEqual([2, []]);
  });

  it("takes an area drawn, and with Shift a box", async () => {
    drag(tool, { x: 60, y: 10 }, { x: 70, y: 14 }, { ...PLAIN, shift: true });
    expect([...sheet.asked[0].question.spans!].slice(0, 3)).toEqual([10, 60, 71]);
    await sheet.asked[0].answer({ parts: PARTS });
    expect(sheet.accepted).toEqual([PARTS]);
  });

  it("takes a piece away with Alt, but no area", async () => {
    click(tool, 60, 20, ALT);
    await sheet.asked[0].answer({ parts: PARTS });
    drag(tool, { x: 60, y: 10 }, { x: 70, y: 14 }, ALT);
    expect([sheet.away, sheet.asked.length, sheet.accepted]).toEqual([PARTS, 1, []]);
  });

  it("says what to do where there is no result", () => {
    sheet.result = null;
    click(tool, 60, 20);
    expect([sheet.asked.length, sheet.said.length]).toEqual([0, 1]);
  });
});
