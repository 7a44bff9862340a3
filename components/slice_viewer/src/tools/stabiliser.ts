/**
 * Steadies a shaky hand: the brush hangs on a string of fixed length and moves only when the string is taut, straight towards the
 * pointer. Wobbles shorter than the string vanish, and the result does not depend on how often the pointer reports ("pulled string"
 * or "lazy brush", known from drawing programs such as Krita and Procreate).
 */
import type { Point } from "../types";

export class Stabiliser {
  private at: Point = { x: 0, y: 0 };

  /** Put the brush down. */
  start(point: Point): void {
    this.at = point;
  }

  /** Where the brush is now that the pointer is at `point`; `length` of the string and points have the same unit. */
  pull(point: Point, length: number): Point {
    const distance = Math.hypot(point.x - this.at.x, point.y - this.at.y);
    if (distance <= length) return this.at;
    const share = 1 - length / distance;
    this.at = { x: this.at.x + share * (point.x - this.at.x), y: this.at.y + share * (point.y - this.at.y) };
    return this.at;
  }
}
