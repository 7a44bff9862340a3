import { expect, it } from "vitest";
import { areSiblings, axisOrders, pathAt, pathWithAxes, positionAt } from "./siblings";
import type { Manifest } from "./types";

const volume = (path: string, axes = ["t", "z", "y", "x"]): Manifest => ({ path, axes }) as unknown as Manifest;

it("names the position, and nothing at the beginning", () => {
  expect(pathAt("run/movie", "t", 3)).toBe("run/movie@t=3");
  expect(pathAt("run/movie@t=3", "t", 0)).toBe("run/movie");
  expect(pathAt("movie@axes=tmzyx,t=3", "m", 2)).toBe("movie@axes=tmzyx,m=2,t=3");
  expect(pathAt("me@home", "t", 1)).toBe("me@home@t=1");
});

it("reads the position back", () => {
  expect(positionAt("movie@axes=tmzyx,t=13", "t")).toBe(13);
  expect(positionAt("movie", "t")).toBe(0);
});

it("knows volumes of one array from their ids", () => {
  const open = volume("μ/movie@t=2");
  const id = (path: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(path))).replaceAll("/", "_").replaceAll("=", "");
  expect(["μ/movie", "μ/movie@t=1", "μ/movie@axes=ztyx"].every((path) => areSiblings(id(path), open))).toBe(true);
  expect(["μ/movie2", "movie", "μ/movie@home"].some((path) => areSiblings(id(path), open))).toBe(false);
});

it("names another order of the axes", () => {
  expect(pathWithAxes(volume("movie@t=3"), "ztyx")).toBe("movie@axes=ztyx");
  expect(axisOrders(volume("movie")).slice(0, 2)).toEqual(["tzyx", "ztyx"]);
  expect(axisOrders(volume("m", ["1", "t", "c", "z", "y", "x"]))).toContain("uzctyx");
  expect(axisOrders(volume("stack", ["z", "y", "x"]))).toEqual([]);
});
