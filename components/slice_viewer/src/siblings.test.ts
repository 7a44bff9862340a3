import { expect, it } from "vitest";
import { axisOrders, pathAt, pathWithAxes } from "./siblings";
import type { Manifest } from "./types";

const volume = (path: string, axes = ["t", "z", "y", "x"]): Manifest => ({ path, axes }) as unknown as Manifest;

it("names the position, and nothing at the beginning", () => {
  expect(pathAt(volume("run/movie"), "t", 3)).toBe("run/movie@t=3");
  expect(pathAt(volume("run/movie@t=3"), "t", 0)).toBe("run/movie");
  expect(pathAt(volume("movie@axes=tmzyx,t=3"), "m", 2)).toBe("movie@axes=tmzyx,m=2,t=3");
  expect(pathAt(volume("me@home"), "t", 1)).toBe("me@home@t=1");
});

it("names another order of the axes", () => {
  expect(pathWithAxes(volume("movie@t=3"), "ztyx")).toBe("movie@axes=ztyx");
  expect(axisOrders(volume("movie")).slice(0, 2)).toEqual(["tzyx", "ztyx"]);
  expect(axisOrders(volume("m", ["1", "t", "c", "z", "y", "x"]))).toContain("uzctyx");
  expect(axisOrders(volume("stack", ["z", "y", "x"]))).toEqual([]);
});
