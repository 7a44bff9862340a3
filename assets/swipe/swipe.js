/* The Swipe page: who holds which cards, what was answered, how far the batch is. The server leases items to this window; answers go
   through the outbox (outbox.js), so the next card shows before anybody has been asked. signs.js tells how things are, ending.js what was
   done, inputs.js hears keys and buttons, looking.js is the contrast, shell.js the page around. docs/contracts.md has the routes. */
(() => {
  const root = document.getElementById("swipe");
  if (!root) return; // another page that loads all scripts

  const AHEAD = 8; // cards leased and decoded before they are needed
  const SHOWN = 3; // of these in the deck
  const REFILL_BELOW = 6;
  const BEAT_MS = 30000; // a third of what a lease lasts
  const AGAIN_MS = 4000; // while others hold the last items, or nothing answers
  const TICK_MS = 500; // of the clock
  const UNDO_KEPT = 200;
  const WORDS = { accept: "Accepted", reject: "Rejected", unsure: "Left unsure" };

  const { Outbox, Deck, Pictures, Tutorial, Looking, connect, showEnd, hideEnd, post, get, shell, signs } = window.swipe;
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
  let batch = freshBatch();
  let shownAt = 0; // when the card on top came, on the clock of the page
  let leasing = null;
  let isOver = false; // the end of a batch, or of all, is on the screen
  const timings = []; // decision to next image painted, ms; benchmarks and tests read them

  const pictures = new Pictures();
  const outbox = new Outbox({ tell: told, heard, refused });
  const deck = new Deck(byId("deck"), { decide, looked, caption, pictures });
  const looking = new Looking((look) => deck.setLook(look));
  const tutorial = new Tutorial(() => (shownAt = performance.now()));

  function freshBatch() {
    return { count: 0, counts: { accept: 0, reject: 0, unsure: 0 }, shownMs: 0 };
  }

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
      signs.notice(null);
    } catch (error) {
      if (error.status === 404) return gone(error);
      if (hand.length === 0) signs.notice("No network", outbox.waiting.length > 0 ? "Your answers are kept on this device. New images come with the network." : "New images come with the network.");
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
      signs.notice("Others have the last ones", `${open === 1 ? "1 image is" : `${open} images are`} on somebody's screen. If they are not answered, they come here.`);
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
    outbox.keep({ address: `${api}/decisions`, item: item.number, body: { id: entry.id, owner, queue, item: item.number, verdict, seconds } });
    navigator.vibrate?.(8);
    if (batchIsDone()) finish({ all: false });
    afterPaint(() => {
      timings.push(performance.now() - began);
      outbox.send(); // server and page may share a processor: the card comes first
      signs.live(`${WORDS[verdict]}. ${leftWords()}`);
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
    hideEnd();
    signs.notice(null);
    outbox.put({ address: `${api}/undo`, item: last.item.number, isUndo: true, body: { id: newId(), of: last.id, owner, queue } });
    count(last.verdict, -1, 0);
    show();
    deck.comeBack(last.verdict);
    signs.live(`Taken back. ${leftWords()}`);
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
    if (answer.late) signs.toast("Somebody else had answered that one before.");
    if (hand.length === 0 && !isOver) refill();
  }

  function refused(entry, error) {
    signs.toast(`${error.message} ${error.hint}`);
    if (error.status === 404 && entry.address.startsWith(api)) gone(error);
  }

  // ---- what is told ----

  const leftWords = () => `${signs.numbered(openCount())} left`;
  const openCount = () => Math.max((facts?.progress.open ?? 0) - unheard().answered.size, 0);

  function tellProgress(progress) {
    facts.progress = progress;
    tellBatch();
  }

  function tellBatch() {
    const open = openCount();
    signs.tellBatch({ done: batch.count, size: Math.min(facts.batch, batch.count + open), open });
  }

  function told(state, waiting) {
    signs.tellSaved(state, waiting);
    if (state === "saved" && hand.length === 0 && facts && !isOver) refill();
  }

  function tellTime() {
    const running = isOver || hand.length === 0 || document.hidden ? 0 : performance.now() - shownAt;
    signs.tellTime(batch.shownMs + running);
  }

  function looked(scale) {
    byId("zoom-out").hidden = scale === 1;
    root.classList.toggle("zoomed", scale > 1);
  }

  function gone(error) {
    hand = [];
    deck.show([]);
    byId("zoom").hidden = true;
    signs.notice(error.message, error.hint);
  }

  // ---- the end of a batch ----

  function finish({ all }) {
    isOver = true;
    deck.show([]);
    byId("zoom").hidden = true;
    for (const button of document.querySelectorAll("[data-verdict]")) button.disabled = true;
    showEnd({ all, batch, people: Object.keys(facts.progress.people).length, left: openCount(), canUndo: done.length > 0 });
  }

  function nextBatch() {
    batch = freshBatch();
    isOver = false;
    hideEnd();
    shownAt = performance.now();
    tellBatch();
    show();
    refill();
  }

  // ---- the beginning ----

  function listen() {
    connect({ decide, undo, redo, proceed: nextBatch, share: shell.share, switchTheme: shell.switchTheme, help: () => tutorial.open(facts.asks), deck, looking, isOver: () => isOver, isTaught: () => tutorial.isOpen });
    addEventListener("online", () => (refill(), deck.retry()));
    addEventListener("pagehide", () => post(`${api}/release`, { owner }, { keepalive: true }).catch(() => null));
    document.addEventListener("visibilitychange", away);
    setInterval(tellTime, TICK_MS);
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

  async function begin() {
    shell.theme();
    listen();
    looking.set(looking.look);
    if (!table) return shell.offerTables(base);
    try {
      facts = await get(`${api}${location.search}`);
    } catch (error) {
      signs.notice(error.message, error.hint || "Try again in a moment.");
      if (error.status === 0) setTimeout(() => location.reload(), AGAIN_MS);
      return undefined;
    }
    shell.entitle(facts);
    outbox.say("saved");
    outbox.send();
    shell.installable(base, table);
    await refill();
    return tutorial.openAtFirst(facts.asks);
  }

  window.swipe = { ...window.swipe, timings, state: () => ({ hand: hand.map(({ number }) => number), done: done.length, waiting: outbox.waiting.length, saved: outbox.state, isOver, batch: batch.count }) };
  begin();
})();
