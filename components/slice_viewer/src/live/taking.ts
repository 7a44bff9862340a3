/** Makes labels of what the live prediction shows: the server says of which pixels, the label layer makes an edit of them. */
import type { Engine } from "../engine";
import { csrfToken, readProblem } from "../labels/wire";
import { decode, type WireAnswer } from "../tools/server";
import type { PlaneAxis } from "../types";

const NOTHING = { message: "Nothing of the ticked classes is predicted here.", hint: "" };

/** `question` of docs/contracts.md, "Live prediction". What goes wrong is told over the image. */
export async function takeLabels(engine: Engine, url: string, question: object): Promise<void> {
  const { axis, z } = question as { axis: PlaneAxis; z: number };
  const { labels } = engine;
  try {
    await labels?.settled(); // what is painted stays, so it must be there before
    const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken(document.cookie) };
    const response = await fetch(`${url}/parts`, { method: "POST", headers, body: JSON.stringify(question) });
    if (!response.ok) return engine.say(await readProblem(response));
    const { parts } = decode((await response.json()) as WireAnswer);
    if (parts.length === 0) return engine.say(NOTHING);
    if (engine.labels === labels) labels?.fillIn(axis, z, parts);
  } catch (error) {
    engine.say({ message: (error as Error).message, hint: "Nothing was changed. Try once more." });
  }
}
