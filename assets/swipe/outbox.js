/* What the Swipe page has to tell the server, in order, kept on this device until it is acknowledged. Everything carries an id that
   the browser made, so that what is sent twice counts once; without a network it waits. */
(() => {
  const KEPT = "swipe-outbox";
  const LEAST_MS = 800; // before the second try; then twice as long each time
  const MOST_MS = 15000;
  const PATIENCE_MS = 20000; // for one answer

  const token = () => decodeURIComponent(document.cookie.match(/(?:^|; )_csrf_token=([^;]*)/)?.[1] ?? "");
  const delay = (ms) => new Promise((over) => setTimeout(over, ms));
  let memory = []; // where the browser keeps nothing

  function read() {
    try {
      return JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    } catch {
      return memory;
    }
  }

  function write(waiting) {
    memory = waiting;
    try {
      localStorage.setItem(KEPT, JSON.stringify(waiting));
    } catch {
      // a window without storage keeps it while it is open
    }
  }

  /** Ask the server. Throws an Error with `status`, `hint`; status 0: no answer. */
  async function post(address, body, { keepalive = false } = {}) {
    const how = { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": token() }, body: JSON.stringify(body), keepalive };
    return get(address, how);
  }

  async function get(address, how = {}) {
    const answer = await fetch(address, { ...how, redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
    if (answer?.ok) return answer.status === 204 ? null : answer.json();
    const told = (await answer?.json?.().catch(() => null)) ?? {};
    const signedOut = answer?.status === 401 || answer?.type === "opaqueredirect";
    throw Object.assign(new Error(told.error ?? "The server does not answer."), { status: signedOut ? 401 : (answer?.status ?? 0), hint: told.hint ?? "" });
  }

  class Outbox {
    /** tell : (state, count) whenever either changes; heard : (entry, answer); refused : (entry, error) of what the server will never take. */
    constructor({ tell, heard, refused }) {
      Object.assign(this, { tell, heard, refused, sending: false, wait: LEAST_MS, state: "saved" });
      addEventListener("online", () => this.send());
      addEventListener("offline", () => this.say("offline"));
      document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.send());
    }

    get waiting() {
      return read();
    }

    put(entry) {
      this.keep(entry);
      this.send();
    }

    /** On this device only; `send` tells the server. */
    keep(entry) {
      write([...read(), entry]);
      this.say(navigator.onLine ? "sending" : "offline");
    }

    say(state) {
      this.state = read().length === 0 && state !== "offline" ? "saved" : state;
      this.tell(this.state, read().length);
    }

    async send() {
      if (this.sending) return;
      this.sending = true;
      clearTimeout(this.timer);
      try {
        for (let entry = read()[0]; entry; entry = read()[0]) await this.sendOne(entry);
        this.wait = LEAST_MS;
        this.say(navigator.onLine ? "saved" : "offline");
      } catch (error) {
        this.say(error.status === 401 ? "signed_out" : "offline");
        this.timer = setTimeout(() => this.send(), this.wait);
        this.wait = Math.min(2 * this.wait, MOST_MS);
      } finally {
        this.sending = false;
      }
    }

    /** Throws while it is worth another try. */
    async sendOne(entry) {
      let answer;
      try {
        answer = await post(entry.address, entry.body);
      } catch (error) {
        if (error.status === 403) await delay(50); // the answer brought the token that was lacking
        if (error.status === 403 && !entry.again) return this.replace({ ...entry, again: true });
        if (error.status < 400 || error.status >= 500 || [401, 403, 408, 429].includes(error.status)) throw error;
        this.drop(entry);
        this.refused(entry, error);
        return undefined;
      }
      this.drop(entry);
      this.wait = LEAST_MS;
      this.say("sending");
      return this.heard(entry, answer);
    }

    replace(entry) {
      write(read().map((each) => (each.body.id === entry.body.id ? entry : each)));
    }

    drop(entry) {
      write(read().filter((each) => each.body.id !== entry.body.id));
    }
  }

  window.swipe = { ...window.swipe, Outbox, post, get };
})();
