import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PropSender, type Props } from "./sender";

let sent: Props[];
let sender: PropSender;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  sender = new PropSender({ slice: 0, radius: 0 }, (props) => void sent.push(props));
});
afterEach(() => void vi.useRealTimers());

test("the first change goes out at once, what follows in a burst as one", () => {
  for (let radius = 1; radius <= 5; radius++) sender.offer({ radius });
  expect(sent).toEqual([{ radius: 1 }]);
  vi.advanceTimersByTime(200);
  expect(sent).toEqual([{ radius: 1 }, { radius: 5 }]);
});

test("what is not there yet is not told, what is gone is", () => {
  sender.offer({ manifest: null });
  expect(sent).toEqual([]);
  sender.offer({ manifest: "bead_pack" });
  vi.advanceTimersByTime(200);
  sender.offer({ manifest: null });
  expect(sent).toEqual([{ manifest: "bead_pack" }, { manifest: null }]);
});

test("a new slice is told once it is on the screen, after a while even if it is not, and at once with anything else", () => {
  sender.offer({ slice: 1 });
  expect(sent).toEqual([]);
  sender.tellShown();
  expect(sent).toEqual([{ slice: 1 }]);
  vi.advanceTimersByTime(200);
  sender.offer({ slice: 2 });
  vi.advanceTimersByTime(300);
  expect(sent.at(-1)).toEqual({ slice: 2 });
  vi.advanceTimersByTime(200);
  sender.offer({ slice: 3 });
  sender.offer({ radius: 1 });
  expect(sent.at(-1)).toEqual({ slice: 3, radius: 1 });
});

test("who is about to act on the slice has it told before, in a burst too", () => {
  sender.offer({ radius: 1 });
  sender.offer({ slice: 1 });
  sender.tellShown();
  expect(sent).toEqual([{ radius: 1 }]);
  sender.tellAll();
  expect(sent.at(-1)).toEqual({ slice: 1 });
});

test("what Dash has already is not sent", () => {
  sender.offer({ slice: 0 });
  vi.advanceTimersByTime(200);
  expect(sent).toEqual([]);
});

test("an echo is no news, a change by the page is", () => {
  sender.offer({ slice: 3 });
  sender.tellAll();
  expect(sender.isNews("slice", 3)).toBe(false);
  expect(sender.isNews("slice", 8)).toBe(true);
  expect(sender.isNews("slice", undefined)).toBe(false);
});

test("nothing is sent after the component is gone", () => {
  sender.offer({ radius: 1 });
  sender.offer({ radius: 2, slice: 2 });
  sender.dispose();
  vi.advanceTimersByTime(500);
  expect(sent).toEqual([{ radius: 1 }]);
});
