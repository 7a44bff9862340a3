/**
 * What all tools share that the server answers: ask, show the suggestion, keep it or drop it. `Enter` keeps, `Escape` drops.
 *
 * A tool says what it asks while the pointer moves, and whether letting go keeps the suggestion at once.
 */
import type { Camera, Point } from "../types";
import type { Part } from "../labels/rules";
import { Asker } from "./asker";
import { Proposal } from "./proposal";
import type { Answer, Question, ServerTool } from "./server";
import type { DrawingTool, Easel, Modifiers } from "./tool";

export abstract class SmartTool implements DrawingTool {
  protected pressed = false;
  private proposal: Proposal | null = null;
  private note = ""; // what the server says beside it
  private keeping = false; // the last answer is kept as soon as it is here
  private readonly asker: Asker;

  constructor(
    protected readonly easel: Easel,
    tool: ServerTool,
  ) {
    this.asker = new Asker(easel, tool, (answer) => this.hear(answer));
  }

  get busy(): boolean {
    return this.pressed || this.asker.waiting || this.proposal !== null;
  }

  abstract down(point: Point, modifiers: Modifiers): void;
  abstract move(point: Point, modifiers: Modifiers): void;
  abstract up(point: Point, modifiers: Modifiers): void;
  /** Draw what is under the pointer, above the suggestion. */
  protected abstract draw(context: CanvasRenderingContext2D, camera: Camera, pointer: Point | null): void;

  doubleClick(): void {
    // The clicks have been heard one by one.
  }

  key(name: string): boolean {
    if (!this.busy) return false;
    if (name === "Enter") this.keep();
    else if (name === "Escape") this.cancel();
    else return false;
    return true;
  }

  cancel(): void {
    this.asker.cancel();
    this.proposal = null;
    this.note = "";
    this.pressed = this.keeping = false;
    this.easel.propose("none");
    this.easel.redraw();
  }

  /** What has been asked to be kept is kept, although another tool comes before the answer. */
  finish(): void {
    if (!this.keeping) this.cancel();
  }

  preview(context: CanvasRenderingContext2D, camera: Camera, pointer: Point | null): void {
    this.proposal?.draw(context, camera);
    this.draw(context, camera, pointer);
  }

  protected ask(question: Question): void {
    this.asker.ask(question);
    this.easel.propose("working");
  }

  /** Make the suggestion an edit, now or as soon as it is complete. */
  protected keep(): void {
    this.keeping = this.asker.waiting;
    const { proposal, note } = this;
    if (this.keeping || proposal === null || proposal.isEmpty) return;
    this.cancel();
    if (note !== "") this.easel.toast(note);
    this.commit(proposal.parts);
  }

  /** Make what is kept an edit. */
  protected commit(parts: readonly Part[]): void {
    this.easel.commitParts(parts);
  }

  protected get hasProposal(): boolean {
    return this.proposal !== null && !this.proposal.isEmpty;
  }

  /** A suggestion has come to the screen. */
  protected shown(): void {
    // Most tools have nothing to do then.
  }

  /** There is no answer; the user has been told why. */
  protected lose(): void {
    this.cancel();
  }

  /** The answer is that there is nothing; `note` says so. */
  protected giveUp(note: string): void {
    this.easel.toast(note);
    this.cancel();
  }

  private hear(answer: Answer | null): void {
    if (answer !== null) this.show(answer);
    if (this.asker.waiting) return;
    if (answer === null) return this.drop(() => this.lose());
    this.easel.propose("ready");
    if (this.proposal!.isEmpty && !this.pressed) this.drop(() => this.giveUp(this.note === "" ? "Nothing was found here." : this.note));
    else if (this.keeping) this.keep();
  }

  /** What cannot be kept is not kept later either. */
  private drop(act: () => void): void {
    this.keeping = false;
    act();
  }

  private show(answer: Answer): void {
    this.proposal = new Proposal(answer.parts, (label) => this.easel.colorOf(label));
    this.note = answer.note;
    this.easel.redraw();
    this.shown();
  }
}
