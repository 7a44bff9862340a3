import { IDBFactory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SaveState } from "../types";
import { openOutbox, type Write } from "./outbox";
import { BROWSER, Sync, type Surroundings } from "./sync";
import { FakeServer, until } from "./testing";
import { csrfToken, newId, type Answer, type Problem } from "./wire";

const VOLUME = "dm9s";

function edit(y: number, label = 1, volume = VOLUME): Write {
  return { id: newId(), volume, kind: "edit", z: 0, label, spans: Int32Array.of(y, 0, 4) };
}

interface Desk {
  sync: Sync;
  states: SaveState[];
  acknowledged: string[];
  rejected: Problem[];
}

const open: Sync[] = [];

async function desk(server: FakeServer, name = "box", changes: Partial<Surroundings> = {}): Promise<Desk> {
  const states: SaveState[] = [];
  const acknowledged: string[] = [];
  const rejected: Problem[] = [];
  const events = {
    acknowledged: (write: Write, _answer: Answer) => void acknowledged.push(write.id),
    rejected: (_write: Write, problem: Problem) => void rejected.push(problem),
    state: (state: SaveState) => void states.push(state),
  };
  const around = { fetch: server.fetch, cookies: () => "a=1; _csrf_token=to%2Fken", backoffMs: () => 5, ...changes };
  const sync = new Sync(await openOutbox(name), "/api", events, around);
  open.push(sync);
  return { sync, states, acknowledged, rejected };
}

declare function setImmediate(task: (value?: unknown) => void): void; // Node's, by which the outbox of the tests keeps time

/** Let so many seconds go by on the clock of the test, one by one; the disk of the outbox keeps its own time. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await vi.advanceTimersByTimeAsync(1000);
    for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

const isSaved = ({ states }: Desk) => () => states.at(-1)?.state === "saved";

beforeEach(() => vi.stubGlobal("indexedDB", new IDBFactory()));
afterEach(async () => {
  vi.useRealTimers();
  for (const sync of open.splice(0)) await sync.stop();
  vi.unstubAllGlobals();
});

describe("the outbox on its way to the server", () => {
  it("sends writes in order and says saved when the last is acknowledged", async () => {
    const server = new FakeServer(8, 8);
    const { sync, states, acknowledged } = await desk(server);
    const writes = [edit(1, 1), edit(1, 2), edit(1, 3)];
    for (const write of writes) void sync.send(write);
    expect(states.at(-1)).toEqual({ state: "pending", pending: 3, message: "" });
    await until(() => acknowledged.length === 3 && states.at(-1)?.state === "saved");
    expect(acknowledged).toEqual(writes.map((write) => write.id));
    expect(server.slice(0)[8]).toBe(3);
  });

  it("sends again what got no answer, and nothing is painted twice", async () => {
    const server = new FakeServer(8, 8);
    let lost = 0;
    server.gate = async (_url, when) => {
      if (when === "after" && lost++ < 2) throw new TypeError("connection lost");
      return null;
    };
    const all = await desk(server);
    await all.sync.send(edit(1));
    await until(isSaved(all));
    expect(server.revision).toBe(1);
    expect(server.requests).toHaveLength(3);
    expect(all.states.some((state) => state.state === "offline" && state.pending === 1)).toBe(true);
  });

  it("keeps what it could not send for the next life of the page", async () => {
    const server = new FakeServer(8, 8);
    server.gate = () => Promise.reject(new TypeError("no network"));
    const first = await desk(server);
    await first.sync.send(edit(1));
    await first.sync.send(edit(2));
    await first.sync.stop();
    server.gate = () => Promise.resolve(null);
    const second = await desk(server);
    await second.sync.start();
    await until(isSaved(second));
    expect([server.slice(0)[8], server.slice(0)[16]]).toEqual([1, 1]);
  });

  it("hands a write that is still on its way to the disk to who sends next, as when the plane of a stroke is left at once", async () => {
    const server = new FakeServer(8, 8);
    const [left, next] = [await desk(server), await desk(server)];
    await next.sync.start(); // it finds nothing yet
    const write = edit(1);
    void left.sync.send(write);
    await left.sync.stop();
    await until(() => next.acknowledged.length > 0 && isSaved(next)());
    expect([next.acknowledged, server.revision, server.slice(0)[8]]).toEqual([[write.id], 1, 1]);
  });

  it("puts a write that is refused aside, says so, and goes on", async () => {
    const server = new FakeServer(8, 8);
    server.gate = async (_url, when) =>
      when === "before" && server.requests.length === 1 ? Response.json({ error: "Class 9 does not exist.", hint: "Choose another." }, { status: 400 }) : null;
    const all = await desk(server);
    void all.sync.send(edit(1, 9));
    void all.sync.send(edit(2));
    await until(isSaved(all));
    expect(all.rejected).toEqual([{ message: "Class 9 does not exist.", hint: "Choose another." }]);
    expect(await rejectedReasons()).toEqual(["Class 9 does not exist."]);
    expect(server.slice(0)[16]).toBe(1);
  });

  it.each([403, 408, 429, 500, 503])("keeps trying after %i", async (status) => {
    const server = new FakeServer(8, 8);
    server.gate = async () => (server.requests.length < 3 ? Response.json({ error: "Not now.", hint: "Wait." }, { status }) : null);
    const all = await desk(server);
    await all.sync.send(edit(1));
    await until(isSaved(all));
    expect(all.rejected).toEqual([]);
    expect(all.states.find((state) => state.state === "error")?.message).toContain("Not now.");
    expect(server.revision).toBe(1);
  });

  it.each([
    ["a 401", () => Response.json({ error: "You are signed out.", hint: "" }, { status: 401 })],
    ["the login page of a proxy", () => new Response("<h1>Log in</h1>", { headers: { "Content-Type": "text/html" } })],
    ["the way to one", () => Object.defineProperty(Response.error(), "type", { value: "opaqueredirect" })],
  ])("keeps strokes in order behind %s, and says that one is signed out", async (_what, answer) => {
    const server = new FakeServer(8, 8);
    server.gate = async () => (server.requests.length < 4 ? answer() : null);
    const all = await desk(server);
    for (const label of [1, 2]) void all.sync.send(edit(1, label));
    await until(isSaved(all));
    expect(all.rejected).toEqual([]);
    expect(all.states.some(({ state, pending }) => state === "signed_out" && pending === 2)).toBe(true);
    expect([server.revision, server.slice(0)[8]]).toEqual([2, 2]);
  });

  it("takes the token anew for each try, so that one out of date heals itself", async () => {
    const server = new FakeServer(8, 8);
    const sent: (string | null)[] = [];
    let token = "old";
    const spy: typeof fetch = (input, init) => {
      sent.push(new Headers(init?.headers).get("X-CSRFToken"));
      if (token === "new") return server.fetch(input, init);
      token = "new"; // as the cookie that comes with the refusal
      return Promise.resolve(Response.json({ error: "No proof.", hint: "Reload." }, { status: 403 }));
    };
    const all = await desk(Object.assign(Object.create(server) as FakeServer, { fetch: spy }), "box", { cookies: () => `_csrf_token=${token}` });
    await all.sync.send(edit(1));
    await until(isSaved(all));
    expect(sent).toEqual(["old", "new"]);
  });

  it("asks seldom through ten minutes without a network, and sends all in order within half a minute of its return", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const server = new FakeServer(8, 8);
    server.gate = () => Promise.reject(new TypeError("no network"));
    const all = await desk(server, "box", { backoffMs: BROWSER.backoffMs });
    const writes = [edit(1, 1), edit(1, 2), edit(1, 3)];
    for (const write of writes) await all.sync.send(write);
    await pass(600);
    expect(all.states.at(-1)).toMatchObject({ state: "offline", pending: 3 });
    expect(server.requests.length).toBeGreaterThan(5); // the fake database takes turns of its own, so that a few fit less
    expect(server.requests.length).toBeLessThan(100);
    server.gate = () => Promise.resolve(null);
    await pass(30);
    vi.useRealTimers();
    await until(isSaved(all));
    expect(all.acknowledged).toEqual(writes.map(({ id }) => id));
    expect([server.revision, server.slice(0)[8]]).toEqual([3, 3]);
  });

  it("tries at once when the network is back", async () => {
    const server = new FakeServer(8, 8);
    server.gate = () => Promise.reject(new TypeError("no network"));
    const states: SaveState[] = [];
    const events = { acknowledged: () => undefined, rejected: () => undefined, state: (state: SaveState) => void states.push(state) };
    const sync = new Sync(await openOutbox(), "/api", events, { fetch: server.fetch, cookies: () => "", backoffMs: () => 60_000 });
    open.push(sync);
    await sync.send(edit(1));
    await until(() => states.at(-1)?.state === "offline");
    server.gate = () => Promise.resolve(null);
    sync.retry();
    await until(() => states.at(-1)?.state === "saved");
  });

  it("does not let one volume wait for another", async () => {
    const server = new FakeServer(8, 8);
    server.gate = async (url) => (url.includes("/other/") ? Promise.reject(new TypeError("dead")) : null);
    const all = await desk(server);
    await all.sync.send(edit(1, 1, "other"));
    await all.sync.send(edit(2));
    await until(() => all.states.at(-1)?.pending === 1 && all.acknowledged.length === 1);
    expect(server.slice(0)[16]).toBe(1);
  });

  it("tells other tabs what the server answered", async () => {
    const server = new FakeServer(8, 8);
    const sender = await desk(server);
    const watcher = await desk(server);
    await sender.sync.send(edit(1));
    await until(() => watcher.acknowledged.length === 1 && sender.acknowledged.length === 1);
    expect(watcher.acknowledged).toEqual(sender.acknowledged);
  });

  it("works from memory where the browser stores nothing", async () => {
    vi.stubGlobal("indexedDB", undefined);
    const server = new FakeServer(8, 8);
    const all = await desk(server);
    void all.sync.send(edit(1, 1));
    void all.sync.send(edit(1, 2));
    await until(isSaved(all));
    expect(server.slice(0)[8]).toBe(2);
  });

  it("puts the token of the cookie into the header", async () => {
    const server = new FakeServer(8, 8);
    let token: string | null = null;
    const spy: typeof fetch = (input, init) => {
      token = new Headers(init?.headers).get("X-CSRFToken");
      return server.fetch(input, init);
    };
    const all = await desk(Object.assign(Object.create(server) as FakeServer, { fetch: spy }));
    await all.sync.send(edit(1));
    await until(() => token !== null);
    expect(token).toBe("to/ken");
    expect(csrfToken("x_csrf_token=no")).toBe("");
  });
});

async function rejectedReasons(): Promise<string[]> {
  const database = await new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open("box");
    request.onsuccess = () => resolve(request.result);
  });
  return new Promise((resolve) => {
    const request = database.transaction("rejected").objectStore("rejected").getAll();
    request.onsuccess = () => resolve((request.result as { reason: string }[]).map((entry) => entry.reason));
  });
}
