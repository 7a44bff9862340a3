import { expect, it } from "vitest";
import { describeProgress, isBusy, Making, type Progress } from "./making";

const step = (patch: Partial<Progress>): Progress => ({ what: "overview", state: "building", done: 1, total: 4, seconds_left: 12.2, reason: "", ...patch });

it("says how far things are, and why not", () => {
  expect(describeProgress([step({})])).toBe("Preparing overview: 25 %, 13 s left");
  expect(describeProgress([step({ seconds_left: 300 })])).toBe("Preparing overview: 25 %, 5 min left");
  expect(describeProgress([step({ state: "refused", reason: "The disk is full." })])).toBe("No quick overview: The disk is full.");
  expect(describeProgress([step({ state: "ready" })])).toBeNull();
});

it("asks until there is nothing to wait for, and again when there is", async () => {
  const answers = [[step({})], [step({ state: "ready", done: 4 })], [step({})]];
  const heard: Progress[][] = [];
  const making = new Making(
    "/progress",
    (progress) => {
      heard.push(progress);
      return isBusy(progress) && heard.length < 3;
    },
    () => Promise.resolve(Response.json(answers[heard.length])),
  );
  making.watch();
  making.watch();
  await expect.poll(() => heard.length, { timeout: 5000 }).toBe(2);
  making.watch();
  await expect.poll(() => heard.length, { timeout: 5000 }).toBe(3);
  making.stop();
});
