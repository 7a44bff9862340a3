/** What the server does with the labels at a press of a button: clean up a class, copy a slice. Each is one edit. */
import type { RefineOperation } from "../settings";
import { wordsOf } from "../tools/asker";
import type { Question, ServerTool } from "../tools/server";
import type { ViewerHost } from "../types";
import type { BookEasel } from "./easel";

export class Errands {
  private flight = new AbortController();

  constructor(
    private readonly host: ViewerHost,
    private readonly easel: BookEasel,
  ) {}

  refine(operation: RefineOperation): void {
    const { refineRadius, islandSize } = this.host.settings;
    const size = operation === "fill_holes" ? 0 : operation === "remove_islands" ? islandSize : refineRadius;
    if (this.easel.settleLabel("brush")) void this.run("refine", { options: { operation, size } }, this.host.slice);
  }

  copyTo(z: number): void {
    if (z < 0) this.host.toast("This is the first slice.");
    else if (z >= this.host.manifest.shape[0]) this.host.toast("This is the last slice.");
    else void this.run("copy", { options: { to: z } }, z);
  }

  cancel(): void {
    this.flight.abort();
    this.host.setProposal("none");
  }

  private async run(tool: ServerTool, question: Question, z: number): Promise<void> {
    this.cancel();
    const { signal } = (this.flight = new AbortController());
    this.host.setProposal("working");
    try {
      const { parts, note } = await this.easel.ask(tool, question, signal);
      if (signal.aborted) return;
      if (note !== "") this.host.toast(note);
      this.easel.commitOn(z, parts);
    } catch (error) {
      if (!signal.aborted) this.host.toast(wordsOf(error));
    }
    if (!signal.aborted) this.host.setProposal("none");
  }
}
