/** What can be done in a review, with its words and keys. The keys mean nothing elsewhere, so tools keep theirs (`../keys.ts`). */
import type { Review } from "./review";

interface ReviewKey {
  readonly title: string;
  /** As the button and the card of keys show it. */
  readonly key: string;
  readonly tip: string;
  act(review: Review): void;
}

export const REVIEW_KEYS = {
  accept: { title: "Accept", key: "Enter", tip: "Make it labels and go on", act: (review) => void review.accept() },
  fix: { title: "Fix", key: "Shift Enter", tip: "Make it labels and correct them with the brush", act: (review) => void review.fix() },
  reject: { title: "Reject", key: "Del", tip: "Leave it out; if it was accepted before, its labels are taken away", act: (review) => void review.reject() },
  skip: { title: "Skip", key: "↓", tip: "Decide later", act: (review) => review.skip() },
  back: { title: "Back", key: "↑", tip: "To the one before", act: (review) => review.back() },
  leave: { title: "Leave", key: "Esc", tip: "The review can be gone on with later", act: (review) => review.leave() },
} satisfies Record<string, ReviewKey>;

/** What an event means in a review; null: nothing. */
export function reviewAction({ key, shiftKey }: Pick<KeyboardEvent, "key" | "shiftKey">): ((review: Review) => void) | null {
  if (key === "Enter") return (shiftKey ? REVIEW_KEYS.fix : REVIEW_KEYS.accept).act;
  if (key === "Delete") return REVIEW_KEYS.reject.act;
  if (key === "ArrowDown") return REVIEW_KEYS.skip.act;
  if (key === "ArrowUp") return REVIEW_KEYS.back.act;
  return key === "Escape" ? REVIEW_KEYS.leave.act : null;
}
