import { describe, expect, it } from "vitest";
import { buildPalette, colorise } from "./palette";

const CLASSES = [
  { id: 1, name: "pore", color: "#E69F00", visible: true },
  { id: 7, name: "bead", color: "#0072b2", visible: false },
];

describe("the palette", () => {
  it("gives visible classes their colour and leaves the rest transparent", () => {
    const bytes = new Uint8Array(buildPalette(CLASSES).buffer);
    expect([...bytes.subarray(4, 8)]).toEqual([0xe6, 0x9f, 0x00, 255]);
    expect([...bytes.subarray(28, 32)]).toEqual([0, 0, 0, 0]);
    expect([...bytes.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
  });

  it("colours only the rectangle asked for", () => {
    const palette = buildPalette(CLASSES);
    const out = new Uint32Array(4 * 4).fill(9);
    colorise(new Uint8Array([0, 1, 1, 1, 1, 1]), 3, { x0: 0, y0: 0, x1: 2, y1: 2 }, palette, out, 4);
    expect([...out.subarray(0, 8)]).toEqual([0, palette[1], 9, 9, palette[1], palette[1], 9, 9]);
  });
});
