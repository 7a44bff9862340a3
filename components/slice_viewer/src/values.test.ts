import { describe, expect, test } from "vitest";
import { clampWindow, moveHandle, outline } from "./histogram";
import { buildAlphas, buildLut, buildMixers, colorize, firstChannels, mix } from "./lut";
import { describe as inWords, format } from "./readout";
import { runs } from "./runs";
import { scaleBar } from "./scale";
import type { Encoding } from "./types";

const exact16: Encoding = { dtype: "uint16", lo: 0, step: 1, exact: true, nan_code: null };
const real: Encoding = { dtype: "uint16", lo: -1, step: 2 / 65534, exact: false, nan_code: 65535 };

const red = (word: number): number => word & 255;

describe("window and level", () => {
  test("the ends of the window are black and white, its middle is grey, beyond it is clipped", () => {
    const lut = buildLut(exact16, { lo: 1000, hi: 3000 });
    expect([0, 1000, 2000, 3000, 65535].map((value) => red(lut[value]))).toEqual([0, 0, 128, 255, 255]);
  });

  test("the window is in true values, whatever the encoding", () => {
    const lut = buildLut(real, { lo: -1, hi: 1 });
    expect(red(lut[0])).toBe(0);
    expect(red(lut[32767])).toBe(128);
    expect(red(lut[65534])).toBe(255);
  });

  test("not-a-number is transparent and nothing else is", () => {
    const lut = buildLut(real, { lo: -1, hi: 1 });
    expect(lut[65535]).toBe(0);
    expect(lut[65534] >>> 24).toBe(255);
  });

  test("an empty window is a threshold", () => {
    const lut = buildLut(exact16, { lo: 500, hi: 500 });
    expect([499, 500, 501].map((value) => red(lut[value]))).toEqual([0, 255, 255]);
  });

  test("gamma lifts what is dark and keeps the ends", () => {
    const lut = buildLut({ ...exact16, dtype: "uint8" }, { lo: 0, hi: 255 }, { colormap: "grey", gamma: 2 });
    expect([0, 64, 255].map((value) => red(lut[value]))).toEqual([0, 128, 255]);
  });

  test("colour maps run from their first to their last colour, and an unknown one is grey", () => {
    const ends = (colormap: string): string[] => {
      const lut = buildLut({ ...exact16, dtype: "uint8" }, { lo: 0, hi: 255 }, { colormap, gamma: 1 });
      return [lut[0], lut[255]].map((word) => [word & 255, (word >> 8) & 255, (word >> 16) & 255].join(" "));
    };
    expect(ends("viridis")).toEqual(["68 1 84", "253 231 37"]);
    expect(ends("inverted")).toEqual(["255 255 255", "0 0 0"]);
    expect(ends("no such map")).toEqual(["0 0 0", "255 255 255"]);
  });

  test("eight bits need 256 entries", () => {
    expect(buildLut({ ...exact16, dtype: "uint8" }, { lo: 0, hi: 255 })).toHaveLength(256);
  });

  test("colours keep their channels, alpha is not windowed", () => {
    const encoding: Encoding = { ...exact16, dtype: "uint8" };
    const lut = buildLut(encoding, { lo: 0, hi: 100 });
    const out = new Uint32Array(2);
    colorize(Uint8Array.of(0, 50, 100, 7, 200, 0, 0, 255), 4, lut, out, buildAlphas(encoding, "uint8"));
    expect([...new Uint8Array(out.buffer)]).toEqual([0, 128, 255, 7, 255, 0, 0, 255]);
    colorize(Uint8Array.of(0, 50, 100, 200, 0, 0), 3, lut, out);
    expect([...new Uint8Array(out.buffer)]).toEqual([0, 128, 255, 255, 255, 0, 0, 255]);
  });

  test.each([
    ["bool", { ...exact16, dtype: "uint8" }, 1],
    ["uint16", exact16, 65535],
    ["int16", { ...exact16, lo: -32768 }, 65535],
    ["float32", { ...real, nan_code: 0 }, 65534],
  ] as [string, Encoding, number][])("full scale of %s is opaque, nothing is transparent", (dtype, encoding, stored) => {
    const alphas = buildAlphas(encoding, dtype);
    expect([alphas[stored], alphas[0]]).toEqual([255, 0]);
  });
});

describe("values in words", () => {
  test("integers in full, other numbers with five digits", () => {
    expect([65535, 0.013199999928474426, -2.5, 1e-7].map(format)).toEqual(["65535", "0.0132", "-2.5", "1e-7"]);
  });

  test("NaN is called so, channels are listed", () => {
    expect(inWords({ stored: [65535], level: 0 }, real)).toBe("NaN");
    expect(inWords({ stored: [1, 20, 255], level: 0 }, { ...exact16, dtype: "uint8" })).toBe("1, 20, 255");
  });
});

describe("scale bar", () => {
  test.each([
    [0.65, 140, "50 µm"],
    [10, 140, "1 mm"],
    [0.004, 140, "500 nm"],
    [1, 100, "100 µm"],
    [1e-5, 100, "1 nm"],
  ])("%f µm a pixel in %i pixels is %s", (umPerPx, room, text) => {
    const bar = scaleBar(umPerPx, room);
    expect(bar.text).toBe(text);
    expect(bar.width).toBeLessThanOrEqual(room * 1.000001);
    expect(bar.width).toBeGreaterThan(room / 2.51);
  });
});

describe("histogram", () => {
  test("the highest bin fills the height and an empty one nothing", () => {
    expect(outline([0, 9], 10)).toBe("M0 10V10.00H1V0.00H2V10Z");
  });

  test("handles stay in the range and never cross", () => {
    const window = { lo: 10, hi: 20 };
    expect(moveHandle(window, "lo", 99, [0, 30])).toEqual({ lo: 20, hi: 20 });
    expect(moveHandle(window, "lo", -5, [0, 30])).toEqual({ lo: 0, hi: 20 });
    expect(moveHandle(window, "hi", 99, [0, 30])).toEqual({ lo: 10, hi: 30 });
  });

  test("a typed end takes the other one with it", () => {
    expect(clampWindow({ lo: 30, hi: 20 }, "lo")).toEqual({ lo: 30, hi: 30 });
    expect(clampWindow({ lo: 30, hi: 20 }, "hi")).toEqual({ lo: 20, hi: 20 });
  });
});

test("consecutive slices become one mark", () => {
  expect(runs([0, 1, 2, 5, 7, 8])).toEqual([
    [0, 2],
    [5, 5],
    [7, 8],
  ]);
  expect(runs([])).toEqual([]);
});

describe("channels that are not colours", () => {
  const looks = firstChannels([
    [0, 100],
    [0, 200],
  ]);
  const shown = (raw: number[], channels = looks): number[] => {
    const out = new Uint32Array(1);
    mix(Uint16Array.from(raw), 2, buildMixers(exact16, channels, 1), out);
    return [out[0] & 255, (out[0] >> 8) & 255, (out[0] >> 16) & 255];
  };

  test("add up their light, each in its own colour and window", () => {
    expect(shown([100, 0])).toEqual([0, 255, 255]);
    expect(shown([0, 100])).toEqual([128, 0, 128]);
    expect(shown([100, 200])).toEqual([255, 255, 255]);
  });

  test("have the colours the image gives, else some of their own", () => {
    const given = firstChannels([[0, 1], [0, 1]], ["#0000ff", undefined]);
    expect(given.map(({ color }) => color)).toEqual(["#0000ff", looks[1].color]);
  });

  test("do not show when switched off", () => {
    expect(shown([100, 200], [looks[0], { ...looks[1], visible: false }])).toEqual([0, 255, 255]);
    expect(shown([100, 200], looks.map((look) => ({ ...look, visible: false })))).toEqual([0, 0, 0]);
  });
});
