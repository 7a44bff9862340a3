/** Asking for a volume's manifest, again and again while the server is away. */
import { readProblem, type Problem } from "./tilecache";
import type { Manifest } from "./types";

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8000;

/** The server has answered, and the answer is no. */
export class Refusal extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

/**
 * Fetch a manifest. Repeats while the server is away, telling `trouble` each time. Rejects with `Refusal` when the volume is not
 * there or cannot be shown, and with an AbortError when aborted.
 */
export async function fetchManifest(url: string, signal: AbortSignal, trouble: (problem: Problem) => void): Promise<Manifest> {
  for (let failures = 0; ; failures++) {
    const answer = await attempt(url, signal);
    if ("shape" in answer) return answer;
    trouble(answer);
    await pause(Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures), signal);
  }
}

async function attempt(url: string, signal: AbortSignal): Promise<Manifest | Problem> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    if (signal.aborted) throw error;
    return { message: "The server cannot be reached.", hint: "The image comes by itself when it can." };
  }
  if (response.ok) return (await response.json()) as Manifest;
  const problem = await readProblem(response);
  if (response.status < 500 && response.status !== 401) throw new Refusal(problem); // 401: somebody signs in again
  return problem;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}
