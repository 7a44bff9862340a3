import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PropSender, type Props } from "./sender";

let sent: Props[];
let sender: PropSender;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  sender = new PropSender({ slice: 0 }, (props) => void sent.push(props));
});
afterEach(() => void vi.useRealTimers());

test("the first change goes out at once, what follows in a burst as one", () => {
  for (let slice = 1; slice <= 5; slice++) sender.offer({ slice });
  expect(sent).toEqual([{ slice: 1 }]);
  vi.advanceTimersByTime(200);
  expect(sent).toEqual([{ slice: 1 }, { slice: 5 }]);
});

test("what Dash has already is not sent", () => {
  sender.offer({ slice: 0 });
  vi.advanceTimersByTime(200);
  expect(sent).toEqual([]);
});

test("an echo is no news, a change by the page is", () => {
  sender.offer({ slice: 3 });
  expect(sender.isNews("slice", 3)).toBe(false);
  expect(sender.isNews("slice", 8)).toBe(true);
  expect(sender.isNews("slice", undefined)).toBe(false);
});

test("nothing is sent after the component is gone", () => {
  sender.offer({ slice: 1 });
  sender.offer({ slice: 2 });
  sender.dispose();
  vi.advanceTimersByTime(200);
  expect(sent).toEqual([{ slice: 1 }]);
});
