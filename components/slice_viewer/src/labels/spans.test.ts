import { describe, expect, it } from "vitest";
import type { Point, Rect } from "../types";
import { capsule, cornerBox, crossingX, ellipse, inCapsule, inEllipse, polygon, rectangle } from "./raster";
import { bounds, clip, SpanSet, union, type Spans } from "./spans";
import { randomFrom } from "./testing";

const AREA: Rect = { x0: 0, y0: 0, x1: 40, y1: 30 };

function pixelsOf(spans: Spans): Set<string> {
  const found = new Set<string>();
  for (let i = 0; i < spans.length; i += 3) for (let x = spans[i + 1]; x < spans[i + 2]; x++) found.add(`${spans[i]},${x}`);
  return found;
}

function pixelsWhere(test: (x: number, y: number) => boolean, area = AREA): Set<string> {
  const found = new Set<string>();
  for (let y = area.y0; y < area.y1; y++) for (let x = area.x0; x < area.x1; x++) if (test(x, y)) found.add(`${y},${x}`);
  return found;
}

function insideEvenOdd(points: Point[], x: number, y: number): boolean {
  let inside = false;
  points.forEach((p, i) => {
    const q = points[(i + 1) % points.length];
    const [upper, lower] = p.y <= q.y ? [p, q] : [q, p];
    if (upper.y <= y + 0.5 && y + 0.5 < lower.y && crossingX(upper, lower, y + 0.5) <= x + 0.5) inside = !inside;
  });
  return inside;
}

describe("brush steps", () => {
  it("paint one pixel with radius 0.5", () => {
    expect([...capsule({ x: 7, y: 9 }, { x: 7, y: 9 }, 0.5, AREA)]).toEqual([9, 7, 8]);
  });

  it("cover exactly the pixels within the radius of the segment, in any direction and across the border", () => {
    const random = randomFrom(1);
    for (let round = 0; round < 400; round++) {
      const end = (): Point => ({ x: Math.floor(random() * 60) - 10, y: Math.floor(random() * 50) - 10 });
      const [a, b, radius] = [end(), end(), Math.floor(random() * 24) / 2 + 0.5];
      expect(pixelsOf(capsule(a, b, radius, AREA))).toEqual(pixelsWhere((x, y) => inCapsule(a, b, radius, x, y)));
    }
  });

  it("leave no gap in a thin fast stroke", () => {
    const spans = capsule({ x: 0, y: 0 }, { x: 39, y: 17 }, 0.5, AREA);
    const columns = new Set([...pixelsOf(spans)].map((place) => place.split(",")[1]));
    expect(columns.size).toBe(40);
  });
});

describe("polygons", () => {
  it("hold exactly the pixels whose centre is inside by the even-odd rule, crossing and touching themselves", () => {
    const random = randomFrom(2);
    for (let round = 0; round < 300; round++) {
      const grid = round % 2 === 0 ? 2 : 1000; // half of them with corners on pixel edges and centres
      const corner = (): Point => ({ x: Math.round((random() * 50 - 5) * grid) / grid, y: Math.round((random() * 40 - 5) * grid) / grid });
      const points = Array.from({ length: 3 + Math.floor(random() * 9) }, corner);
      expect(pixelsOf(polygon(points, AREA))).toEqual(pixelsWhere((x, y) => insideEvenOdd(points, x, y)));
    }
  });

  it("leave a hole where they cover a place twice", () => {
    const outer = [{ x: 0, y: 0 }, { x: 9, y: 0 }, { x: 9, y: 9 }, { x: 0, y: 9 }];
    const inner = [{ x: 3, y: 3 }, { x: 6, y: 3 }, { x: 6, y: 6 }, { x: 3, y: 6 }];
    const ring = polygon([...outer, outer[0], ...inner, inner[0]], AREA);
    expect(pixelsOf(ring).size).toBe(81 - 9);
  });

  it("of two points are empty", () => {
    expect(polygon([{ x: 1, y: 1 }, { x: 20, y: 9 }], AREA)).toHaveLength(0);
  });
});

describe("boxes", () => {
  it("include the pixels of both corners, whichever way they are dragged", () => {
    expect(cornerBox({ x: 5.9, y: 2.1 }, { x: 3.2, y: 8.7 }, false)).toEqual({ x0: 3, y0: 2, x1: 6, y1: 9 });
  });

  it("become squares from the first corner", () => {
    expect(cornerBox({ x: 10, y: 10 }, { x: 6, y: 11 }, true)).toEqual({ x0: 6, y0: 10, x1: 11, y1: 15 });
  });

  it("fill rectangles and ellipses exactly, cut at the border", () => {
    const random = randomFrom(3);
    for (let round = 0; round < 300; round++) {
      const corner = (): Point => ({ x: random() * 60 - 10, y: random() * 50 - 10 });
      const box = cornerBox(corner(), corner(), false);
      const inBox = (x: number, y: number): boolean => x >= box.x0 && x < box.x1 && y >= box.y0 && y < box.y1;
      expect(pixelsOf(rectangle(box, AREA))).toEqual(pixelsWhere(inBox));
      expect(pixelsOf(ellipse(box, AREA))).toEqual(pixelsWhere((x, y) => inBox(x, y) && inEllipse(box, x, y)));
    }
  });

  it("make an ellipse that touches all four sides", () => {
    const box = { x0: 4, y0: 3, x1: 21, y1: 12 };
    expect(bounds(ellipse(box, AREA))).toEqual(box);
  });
});

describe("sets of spans", () => {
  const randomSpans = (random: () => number): Spans => {
    const flat: number[] = [];
    for (let i = 0; i < 30; i++) {
      const xa = Math.floor(random() * 35);
      flat.push(Math.floor(random() * 8), xa, xa + 1 + Math.floor(random() * 5));
    }
    return Int32Array.from(flat);
  };

  it("keep the pixels of a union and leave no runs that overlap or touch", () => {
    const random = randomFrom(4);
    for (let round = 0; round < 200; round++) {
      const spans = randomSpans(random);
      const merged = union(spans);
      expect(pixelsOf(merged)).toEqual(pixelsOf(spans));
      for (let i = 3; i < merged.length; i += 3) {
        expect(merged[i] > merged[i - 3] || (merged[i] === merged[i - 3] && merged[i + 1] > merged[i - 1])).toBe(true);
      }
    }
  });

  it("cut a window like clip does", () => {
    const random = randomFrom(5);
    const window = { x0: 5, y0: 2, x1: 20, y1: 6 };
    const spans = randomSpans(random);
    const set = new SpanSet();
    set.add(spans);
    expect(pixelsOf(set.within(window))).toEqual(pixelsOf(clip(spans, window)));
    expect(pixelsOf(clip(spans, window))).toEqual(
      new Set([...pixelsOf(spans)].filter((place) => ((y, x) => y >= 2 && y < 6 && x >= 5 && x < 20)(...(place.split(",").map(Number) as [number, number])))),
    );
  });

  it("of nothing are empty and have no bounds", () => {
    expect(union(new Int32Array(0))).toHaveLength(0);
    expect(bounds(new Int32Array(0))).toBeNull();
  });
});
