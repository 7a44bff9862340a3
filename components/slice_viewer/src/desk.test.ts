import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Desk } from "./desk";
import type { Engine } from "./engine";
import type { LabelLayer } from "./types";

const MANIFEST = {
  id: "v", path: "v", base_path: "v", name: "v", shape: [30, 1000, 2000], channels: 1, is_colour: false, channel_names: [], channel_colors: [], channel_windows: [], extra_axes: [],
  axes: ["z", "y", "x"], dtype: "uint8", version: "1", voxel_size_um: null, tile_px: 512, levels: [[1000, 2000]], planes: { y: [[30, 2000]], x: [[1000, 30]] }, whole_planes: ["z", "y", "x"],
  preview: null, encoding: { dtype: "uint8", lo: 0, step: 1, exact: true, nan_code: null }, window: [0, 1], histogram: [], histogram_range: [0, 1],
}; // prettier-ignore
const NO_LABELS = { load: () => undefined, setSlice: () => undefined, dispose: () => undefined, classesChanged: () => undefined, finish: () => undefined } as unknown as LabelLayer;

/** Give an engine a canvas on which nothing is drawn. */
function attach(engine: Engine): void {
  const canvas = { getContext: () => null } as unknown as HTMLCanvasElement;
  engine.attach({} as HTMLElement, canvas, canvas);
}

let answers: (() => Promise<void>)[]; // to requests for manifests, in their order

beforeEach(() => {
  vi.useFakeTimers();
  answers = [];
  vi.stubGlobal("ResizeObserver", class { observe(): void {} }); // prettier-ignore
  vi.stubGlobal("requestAnimationFrame", () => 1);
  vi.stubGlobal("document", Object.assign(new EventTarget(), { hidden: false }));
  vi.stubGlobal("fetch", (url: string) => {
    if (!url.endsWith("/manifest")) return Promise.reject(new Error("nothing but manifests"));
    return new Promise<Response>((resolve) => {
      answers.push(async () => {
        resolve(Response.json(MANIFEST));
        await vi.advanceTimersByTimeAsync(0);
      });
    });
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("planes that open late begin where the user has gone meanwhile, and do not move the others", async () => {
  const desk = new Desk("/api", () => NO_LABELS);
  attach(desk.main);
  desk.set("volume", "v");
  await answers[0]();
  desk.main.goToVoxel({ z: 7, y: 100, x: 200 });
  desk.arrange("planes");
  const [main, across, along] = desk.state.get().panes.map(({ engine }) => engine);
  for (const engine of [across, along]) {
    attach(engine);
    desk.open(engine);
  }
  await answers[1]();
  const place = { z: 8, y: 300, x: 400 };
  main.goToVoxel(place);
  await answers[2]();
  expect([main, across, along].map(({ shell }) => shell.get().position)).toEqual([place, place, place]);
  expect([across.picture!.slice, along.picture!.slice]).toEqual([400, 300]);
});
