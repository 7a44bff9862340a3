/* The Swipe page: who holds which cards, what was answered, how far the batch is. The server leases items to this window; answers go
   through the outbox (outbox.js), so the next card shows before anybody has been asked. docs/contracts.md has the routes. */
(() => {
  const root = document.getElementById("swipe");
  if (!root) return; // another page that loads all scripts

  const AHEAD = 8; // cards leased and decoded before they are needed
  const SHOWN = 3; // of these in the deck
  const REFILL_BELOW = 6;
  const BEAT_MS = 30000; // a third of what a lease lasts
  const AGAIN_MS = 4000; // while others hold the last items, or nothing answers
  const UNDO_KEPT = 200;
  const CLICK_MS = 700; // within which a click belongs to the finger that was lifted
  const TOAST_MS = 2600;
  const WORDS = { accept: "Accepted", reject: "Rejected", unsure: "Left unsure" };
  const KEYS = { ArrowRight: "accept", ArrowLeft: "reject", ArrowDown: "unsure" };

  const { Outbox, Deck, Pictures, Tutorial, post, get, rememberedLook, rememberLook, PLAIN } = window.swipe;
  const byId = (id) => document.getElementById(id);
  const newId = () => (crypto.randomUUID ? crypto.randomUUID() : "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) => (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16)));

  const base = document.documentElement.dataset.root; // the path of a proxy below which the app lives, or ""
  const table = decodeURIComponent(location.pathname.slice(base.length).split("/")[2] ?? "");
  const queue = new URLSearchParams(location.search).get("queue") ?? "";
  const api = `${base}/api/swipe/${encodeURIComponent(table)}`;
  const owner = newId();

  let facts = null; // {table, asks, batch, user, progress}
  let hand = []; // items leased to this window, not answered
  let done = []; // answers of this visit, newest last: {item, verdict, id}
  let undone = []; // of these, those taken back, newest last
  let batch = { count: 0, counts: { accept: 0, reject: 0, unsure: 0 }, shownMs: 0 };
  let shownAt = 0; // when the card on top came, on the clock of the page
  let leasing = null;
  let isOver = false; // the end of a batch, or of all, is on the screen
  let look = rememberedLook();
  const timings = []; // decision to next image painted, ms; benchmarks and tests read them

  const pictures = new Pictures();
  const outbox = new Outbox({ tell: tellSaved, heard, refused });
  const deck = new Deck(byId("deck"), { decide, looked, caption, pictures, look });
  const tutorial = new Tutorial(() => (shownAt = performance.now()));

  function caption({ volume, z, name }) {
    const part = name.split(",").slice(1).join(", ");
    return `${volume.split("/").at(-1)} · slice ${z + 1}${part ? ` · ${part}` : ""}`;
  }

  // ---- cards ----

  /** What the server has not heard yet: items answered, and items whose answer was taken back. */
  function unheard() {
    const answered = new Set();
    const back = new Set();
    for (const { address, item, isUndo } of outbox.waiting) {
      if (!address.startsWith(`${api}/`)) continue; // of another table
      (isUndo ? back : answered).add(item);
      (isUndo ? answered : back).delete(item);
    }
    return { answered, back };
  }

  /** Lease cards until the hand is full; what the server has given to others leaves the hand. */
  function refill() {
    leasing ??= lease().finally(() => (leasing = null));
    return leasing;
  }

  async function lease() {
    const before = unheard();
    try {
      const told = await post(`${api}/lease`, { owner, queue, count: AHEAD + before.answered.size });
      const after = unheard(); // the server may have answered before it heard of either
      const answered = new Set([...before.answered, ...after.answered]);
      const back = new Set([...before.back, ...after.back]);
      const given = told.items.filter(({ number }) => !answered.has(number));
      const byNumber = new Map(given.map((item) => [item.number, item]));
      const kept = hand.filter(({ number }) => byNumber.has(number) || back.has(number));
      const known = new Set(kept.map(({ number }) => number));
      hand = [...kept, ...given.filter(({ number }) => !known.has(number))];
      tellProgress(told.progress);
      notice(null);
    } catch (error) {
      if (error.status === 404) return gone(error);
      if (hand.length === 0) notice("No network", outbox.waiting.length > 0 ? "Your answers are kept on this device. New images come with the network." : "New images come with the network.");
      setTimeout(refill, AGAIN_MS);
    }
    return show();
  }

  function show() {
    const before = deck.top?.item.number;
    for (const item of hand.slice(0, AHEAD)) pictures.want(item.picture).catch(() => null);
    if (isOver) return;
    if (batchIsDone()) return finish({ all: false }); // the last answer had left no card in the hand
    deck.show(hand.slice(0, SHOWN));
    if (deck.top?.item.number !== before) shownAt = performance.now();
    byId("zoom").hidden = hand.length === 0;
    for (const button of document.querySelectorAll("[data-verdict]")) button.disabled = hand.length === 0;
    if (hand.length === 0 && facts) nothingLeft();
  }

  /** All is done instead when there is no card left; that is known once the server has answered. */
  const batchIsDone = () => facts !== null && batch.count >= facts.batch && hand.length > 0;

  /** No card: either others have the last ones, or all is answered. */
  function nothingLeft() {
    const { open, leased } = facts.progress;
    if (!navigator.onLine || outbox.state === "offline") return;
    if (open > outbox.waiting.length && leased > 0) {
      notice("Others have the last ones", `${open === 1 ? "1 image is" : `${open} images are`} on somebody's screen. If they are not answered, they come here.`);
      setTimeout(refill, AGAIN_MS);
    } else if (outbox.waiting.length === 0) finish({ all: true });
  }

  // ---- answers ----

  /** The answer to the card on top. The next card is painted already; the server hears of it afterwards. */
  function decide(verdict, { again = false } = {}) {
    const item = hand[0];
    if (!item || isOver || tutorial.isOpen) return;
    const began = performance.now();
    hand = hand.slice(1);
    deck.fly(verdict);
    deck.show(hand.slice(0, SHOWN - 1)); // they are drawn already; what is drawn anew waits until they are on the screen
    const seconds = Math.round(began - shownAt) / 1000;
    const entry = { item, verdict, id: newId() };
    done = [...done, entry].slice(-UNDO_KEPT);
    if (!again) undone = [];
    shownAt = began;
    count(verdict, 1, seconds);
    outbox.put({ address: `${api}/decisions`, item: item.number, body: { id: entry.id, owner, queue, item: item.number, verdict, seconds } });
    byId("live").textContent = `${WORDS[verdict]}. ${leftWords()}`;
    navigator.vibrate?.(8);
    if (batchIsDone()) finish({ all: false });
    afterPaint(() => {
      timings.push(performance.now() - began);
      if (hand.length < REFILL_BELOW) refill();
      else show();
    });
  }

  /** Do it when the next frame is on the screen. */
  function afterPaint(work) {
    requestAnimationFrame(() => {
      const channel = new MessageChannel(); // runs right after the frame was painted
      channel.port1.onmessage = work;
      channel.port2.postMessage(null);
    });
  }

  function count(verdict, by, seconds) {
    batch.count = Math.max(batch.count + by, 0); // what is taken back may be of an earlier batch
    batch.counts[verdict] = Math.max(batch.counts[verdict] + by, 0);
    batch.shownMs += by * seconds * 1000;
    for (const button of ["undo", "end-undo"]) byId(button).disabled = done.length === 0;
    tellBatch();
  }

  function undo() {
    const last = done.at(-1);
    if (!last || tutorial.isOpen) return;
    done = done.slice(0, -1);
    undone = [...undone, last];
    hand = [last.item, ...hand];
    isOver = false;
    byId("end").hidden = true;
    notice(null);
    outbox.put({ address: `${api}/undo`, item: last.item.number, isUndo: true, body: { id: newId(), of: last.id, owner, queue } });
    count(last.verdict, -1, 0);
    show();
    deck.comeBack(last.verdict);
    byId("live").textContent = `Taken back. ${leftWords()}`;
  }

  /** Give the answer again that was taken back last. */
  function redo() {
    const last = undone.at(-1);
    if (!last || hand[0]?.number !== last.item.number) return;
    undone = undone.slice(0, -1);
    decide(last.verdict, { again: true });
  }

  function heard(entry, answer) {
    if (!entry.address.startsWith(api)) return; // of another table, left from an earlier visit
    tellProgress(answer.progress);
    if (answer.late) toast("Somebody else had answered that one before.");
    if (hand.length === 0 && !isOver) refill();
  }

  function refused(entry, error) {
    toast(`${error.message} ${error.hint}`);
    if (error.status === 404 && entry.address.startsWith(api)) gone(error);
  }

  // ---- what is told ----

  const leftWords = () => `${openCount().toLocaleString("en")} left`;
  const openCount = () => Math.max((facts?.progress.open ?? 0) - unheard().answered.size, 0);

  function tellProgress(progress) {
    facts.progress = progress;
    tellBatch();
  }

  function tellBatch() {
    const size = Math.min(facts.batch, batch.count + openCount());
    const share = size > 0 ? Math.min(batch.count / size, 1) : 1;
    byId("bar").setAttribute("aria-valuenow", batch.count);
    byId("bar").setAttribute("aria-valuemax", size);
    byId("bar").firstElementChild.style.transform = `scaleX(${share})`;
    const inBatch = Math.max(size - batch.count, 0);
    byId("left").textContent = inBatch === 1 ? "Last image" : `${inBatch} in this batch, ${openCount().toLocaleString("en")} in all`;
  }

  function tellSaved(state, waiting) {
    const words = { saved: "Saved", sending: "Saving", offline: waiting > 0 ? `Offline, ${waiting} kept here` : "Offline", signed_out: `Signed out, ${waiting} kept here` };
    byId("saved").textContent = words[state];
    byId("saved").dataset.state = state;
    if (state === "saved" && hand.length === 0 && facts && !isOver) refill();
  }

  function tellTime() {
    const running = isOver || hand.length === 0 || document.hidden ? 0 : performance.now() - shownAt;
    const seconds = Math.floor((batch.shownMs + running) / 1000);
    byId("timer").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  function notice(title, text = "") {
    const place = byId("notice");
    place.hidden = title === null;
    if (title === null) return;
    place.replaceChildren(Object.assign(document.createElement("strong"), { textContent: title }), Object.assign(document.createElement("span"), { textContent: text }));
  }

  function gone(error) {
    hand = [];
    deck.show([]);
    byId("zoom").hidden = true;
    notice(error.message, error.hint);
  }

  let toasting = 0;
  function toast(text) {
    clearTimeout(toasting);
    byId("toast").textContent = text;
    byId("toast").hidden = false;
    toasting = setTimeout(() => (byId("toast").hidden = true), TOAST_MS);
  }

  // ---- the end of a batch ----

  function finish({ all }) {
    isOver = true;
    deck.show([]);
    byId("zoom").hidden = true;
    const { count: answered, counts, shownMs } = batch;
    const { progress } = facts;
    byId("end").hidden = false;
    byId("end").classList.toggle("all", all);
    byId("end-title").textContent = all ? "All done" : "Batch done";
    const pace = answered > 0 ? `${answered} ${answered === 1 ? "image" : "images"} in ${Math.round(shownMs / 1000)} s. ` : "";
    const others = Object.keys(progress.people).length;
    byId("end-text").textContent = pace + (all ? `Nothing is left to ask${others > 1 ? `; ${others} people have answered` : ""}.` : `${leftWords()}.`);
    const rows = [["Accepted", counts.accept, "accept"], ["Rejected", counts.reject, "reject"], ["Unsure", counts.unsure, "unsure"]];
    byId("end-counts").replaceChildren(...rows.map(([name, value, kind]) => countRow(name, value, kind)));
    byId("continue").hidden = all;
    byId("end-undo").hidden = done.length === 0;
    for (const button of document.querySelectorAll("[data-verdict]")) button.disabled = true;
    if (all && answered > 0) confetti();
    byId("end-title").focus();
  }

  function countRow(name, value, kind) {
    const row = Object.assign(document.createElement("div"), { className: `count-${kind}` });
    row.append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: value }));
    return row;
  }

  function confetti() {
    const pieces = Array.from({ length: 36 }, (_, at) => {
      const piece = document.createElement("i");
      piece.style.cssText = `--x:${Math.round(Math.random() * 100)}; --wait:${(Math.random() * 0.5).toFixed(2)}s; --turn:${Math.round(Math.random() * 720)}deg; --hue:${[145, 205, 40, 20][at % 4]}`;
      return piece;
    });
    byId("confetti").replaceChildren(...pieces);
  }

  function nextBatch() {
    batch = { count: 0, counts: { accept: 0, reject: 0, unsure: 0 }, shownMs: 0 };
    isOver = false;
    byId("end").hidden = true;
    shownAt = performance.now();
    tellBatch();
    show();
    refill();
  }

  // ---- looking closer, contrast ----

  function looked(scale) {
    byId("zoom-out").hidden = scale === 1;
    root.classList.toggle("zoomed", scale > 1);
  }

  function setLook(next) {
    look = next;
    rememberLook(look);
    for (const name of ["contrast", "brightness"]) {
      byId(name).value = look[name];
      byId(`${name}-value`).textContent = look[name] > 0 ? `+${look[name]}` : look[name];
    }
    byId("equalise").checked = look.equalise;
    byId("adjust").classList.toggle("on", JSON.stringify(look) !== JSON.stringify(PLAIN));
    deck.setLook(look);
  }

  function toggleSheet(open = byId("sheet").hidden) {
    byId("sheet").hidden = !open;
    byId("adjust").setAttribute("aria-expanded", String(open));
    (open ? byId("contrast") : byId("adjust")).focus();
  }

  // ---- the rest of the page ----

  async function share() {
    const link = { title: document.title, url: location.href };
    try {
      if (navigator.share && matchMedia("(pointer: coarse)").matches) await navigator.share(link);
      else {
        await navigator.clipboard.writeText(link.url);
        toast("Link copied. Whoever opens it gets other images.");
      }
    } catch (error) {
      if (error.name !== "AbortError") toast(location.href);
    }
  }

  function theme(name) {
    document.documentElement.dataset.theme = name;
    document.querySelector("meta[name=theme-color]").content = getComputedStyle(document.documentElement).getPropertyValue("--bg").trim();
  }

  function keptTheme() {
    try {
      return JSON.parse(localStorage.getItem("theme-store") ?? '"dark"'); // as Dash keeps it for the other pages
    } catch {
      return "dark";
    }
  }

  function switchTheme() {
    const name = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("theme-store", JSON.stringify(name));
    } catch {
      // it lasts as long as the page
    }
    theme(name);
  }

  const ACTS = {
    z: undo, u: undo, y: redo, c: () => toggleSheet(), h: () => setLook({ ...look, equalise: !look.equalise }), s: share,
    "?": () => tutorial.open(facts.asks), "+": () => deck.zoom(1.5), "=": () => deck.zoom(1.5), "-": () => deck.zoom(1 / 1.5), 0: () => deck.fit(),
  }; // prettier-ignore

  function key(event) {
    if (event.repeat || tutorial.isOpen || (event.altKey && !event.ctrlKey)) return; // a held key answers once
    if (event.target.matches("input[type=range]") && event.key.startsWith("Arrow")) return;
    if (event.key === "Escape" && !byId("sheet").hidden) return toggleSheet(false);
    if ((event.key === "Enter" || event.key === " ") && isOver && !event.target.matches("button")) return byId("continue").hidden ? undefined : nextBatch();
    const isUndo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
    if ((event.ctrlKey || event.metaKey) && !isUndo) return;
    const verdict = KEYS[event.key];
    const act = isUndo ? (event.shiftKey ? redo : undo) : ACTS[event.key.toLowerCase()];
    if (!verdict && !act) return;
    event.preventDefault();
    if (verdict) decide(verdict);
    else act();
  }

  /** Act when a finger is lifted: right after a swipe browsers swallow the click, as if it stopped a scroll. Keys and readers only click. */
  function onPress(button, act) {
    let lifted = -Infinity;
    button.addEventListener("pointerup", ({ pointerType, clientX, clientY }) => {
      if (pointerType !== "touch" || !button.contains(document.elementFromPoint(clientX, clientY))) return;
      lifted = performance.now();
      act();
    });
    button.addEventListener("click", () => performance.now() - lifted > CLICK_MS && act());
  }

  function connect() {
    for (const button of document.querySelectorAll("[data-verdict]")) onPress(button, () => decide(button.dataset.verdict));
    onPress(byId("undo"), undo);
    const clicks = { "end-undo": undo, continue: nextBatch, share, theme: switchTheme, adjust: () => toggleSheet(), "sheet-close": () => toggleSheet(false), "zoom-in": () => deck.zoom(1.8), "zoom-out": () => deck.fit(), reset: () => setLook(PLAIN), help: () => tutorial.open(facts.asks) };
    for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
    for (const name of ["contrast", "brightness"]) byId(name).addEventListener("input", ({ target }) => setLook({ ...look, [name]: Number(target.value) }));
    byId("equalise").addEventListener("change", ({ target }) => setLook({ ...look, equalise: target.checked }));
    document.addEventListener("keydown", key);
    addEventListener("online", () => (refill(), deck.retry()));
    addEventListener("pagehide", () => post(`${api}/release`, { owner }, { keepalive: true }).catch(() => null));
    document.addEventListener("visibilitychange", away);
    setInterval(tellTime, 500);
    setInterval(() => !document.hidden && !isOver && refill(), BEAT_MS);
  }

  let hiddenAt = 0;
  /** Time in another app is not time spent on a card; cards may have gone to others meanwhile. */
  function away() {
    if (document.hidden) hiddenAt = performance.now();
    else {
      shownAt += performance.now() - hiddenAt;
      refill();
    }
  }

  function installable() {
    const link = Object.assign(document.createElement("link"), { rel: "manifest", href: `${base}/swipe/${encodeURIComponent(table)}/app.webmanifest${location.search}` });
    link.setAttribute("crossorigin", "use-credentials"); // it lies behind the login
    document.head.append(link);
    navigator.serviceWorker?.register(`${base}/swipe/worker.js`).catch(() => null); // without https there is none, and the page works all the same
  }

  /** Without a table in the address: which ones there are. */
  async function offerTables() {
    const { tables } = await get(`${base}/api/curation`).catch((error) => ({ tables: [], error }));
    byId("question").textContent = "Swipe";
    root.classList.add("choosing");
    notice(tables.length > 0 ? "Which table?" : "There is no table yet", tables.length > 0 ? "" : "Make one on the page Curate of the app.");
    byId("notice").append(...tables.map(({ id, name, count }) => Object.assign(document.createElement("a"), { className: "wide", href: `${base}/swipe/${encodeURIComponent(id)}`, textContent: `${name} (${count.toLocaleString("en")})` })));
  }

  async function begin() {
    theme(keptTheme());
    connect();
    setLook(look);
    if (!table) return offerTables();
    try {
      facts = await get(`${api}${location.search}`);
    } catch (error) {
      notice(error.message, error.hint || "Try again in a moment.");
      if (error.status === 0) setTimeout(() => location.reload(), AGAIN_MS);
      return undefined;
    }
    document.title = `${facts.asks}? ${facts.table}`;
    byId("question").replaceChildren(facts.asks, Object.assign(document.createElement("span"), { textContent: "?" }));
    byId("table-name").textContent = `${facts.table} · you are ${facts.user}`;
    outbox.say("saved");
    outbox.send();
    installable();
    await refill();
    return tutorial.openAtFirst(facts.asks);
  }

  window.swipe = { ...window.swipe, timings, state: () => ({ hand: hand.map(({ number }) => number), done: done.length, waiting: outbox.waiting.length, saved: outbox.state, isOver, batch: batch.count }) };
  begin();
})();
