/** Objects as the page and the server tell of them: which are chosen, where their pixels are, which one lies at a voxel. */
import type { Run } from "./outline";

/** What the page wants to be shown. */
export interface Objects {
  /** Where their routes are: `<root>/spans/<axis>/<index>?ids=…`. */
  root: string;
  ids: number[];
  /** Changes when the objects do. */
  serial: number;
  /** A place to go to, once for every `visit`. */
  at: { z: number; y: number; x: number; size: number; visit: number } | null;
  /** The next line drawn cuts the object. */
  cutting: boolean;
}

/** An object chosen by a click; null: none lies there. */
export interface Pick {
  id: number | null;
  /** To those chosen before. */
  add: boolean;
  /** Another one for each click. */
  number: number;
}

/** The object at a voxel. */
export interface Found {
  id: number;
  /** In words. */
  size: string;
  pixels: number;
}

/** A change of objects that the server makes: where to post it, and what to call it. */
export interface ObjectRequest {
  url: string;
  body: object;
  what: string;
  number: number;
}

export const OUTLINED_PX = 200_000; // a larger object is outlined when it is chosen, not in passing

/** The pixels of objects on a plane; null when the plane has been left, or the server is gone. */
export async function fetchRuns(url: string, signal: AbortSignal): Promise<Run[] | null> {
  const answer = await ask<{ spans: Run[] }>(url, signal);
  return answer?.spans ?? null;
}

/** The object at "z/y/x", null where there is none; undefined when nobody can tell. */
export async function askObject(root: string, place: string, signal: AbortSignal): Promise<Found | null | undefined> {
  const answer = await ask<Found | { id: null }>(`${root}/at/${place}`, signal);
  return answer === null ? undefined : answer.id === null ? null : answer;
}

async function ask<T>(url: string, signal: AbortSignal): Promise<T | null> {
  try {
    const answer = await fetch(url, { signal });
    return answer.ok ? ((await answer.json()) as T) : null;
  } catch {
    return null;
  }
}
