import { describe, expect, it } from "vitest";
import { hatch, hatchPeriod } from "./hatch";

const RED = 0xff0000ff;
const palette = new Uint32Array(256);
palette[3] = RED;

function drawn(ids: number[], width: number, period: number): number[] {
  const out = new Uint32Array(ids.length);
  hatch(Uint8Array.from(ids), width, palette, period, out);
  return [...out].map((word) => word >>> 24); // how opaque
}

describe("the hatching of proposals", () => {
  it("is full on the outline and faint inside, and leaves what has no id clear", () => {
    const inside = Array.from({ length: 49 }, (_, i) => (i % 7 > 0 && i % 7 < 6 && i > 6 && i < 42 ? 3 : 0));
    const opaque = drawn(inside, 7, 100);
    expect(opaque[0]).toBe(0);
    expect(opaque[8]).toBe(255); // a corner of the area
    expect(opaque[24]).toBe(255); // its middle lies on the first line: x + y < 25
    expect(drawn(inside, 7, 5)[3 * 7 + 3]).toBeGreaterThan(0);
    expect(drawn(inside, 7, 5)[3 * 7 + 3]).toBeLessThan(255);
  });

  it("keeps the distance of its lines on the screen, within what a tile can draw", () => {
    expect(hatchPeriod(1)).toBe(12);
    expect(hatchPeriod(0.5)).toBe(14);
    expect(hatchPeriod(64)).toBe(5);
  });
});
