/* The Curate place: a table of items as a grid of pictures that are tagged by key. The page keeps what it shows; the server keeps what is
   said (docs/contracts.md, "Tables of items"). curate_acts.js says it, curate_panels.js is the column on the left, curate_like.js finds what looks alike,
   curate_map.js is the map, curate_quick.js tags by a click. */
(() => {
  const COLORS = ["#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#F0E442", "#999999", "#B07AA1"];
  const SIZES = [3, 4, 5, 6, 8, 10];
  const KEPT = "curate-grid";
  const DRAG_PX = 6; // a press that moves less is a click

  const state = { quick: null, even: false, root: null, wish: null, like: "", mapping: false, volume: null, tables: [], table: null, numbers: [], items: [], page: 0, size: 5, chosen: new Set(), at: null, filters: { status: "all", exclude: "not excluded", subset: "all", sort: "in order", seed: 0 } };

  const newId = () => (crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random().toString(36).slice(2)}`);
  const say = (text, hint, kind = "error") => window.dash_clientside.page.say({ kind, text, hint });
  const colorOf = (name) => COLORS[state.table.classes.indexOf(name) % COLORS.length];

  /** An element: made("button.primary", {onclick}, "text", child, ...). */
  function made(kind, facts = {}, ...children) {
    const [name, ...classes] = kind.split(".");
    const element = document.createElement(name);
    element.className = classes.join(" ");
    for (const [key, value] of Object.entries(facts)) {
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (key in element && key !== "list") element[key] = value;
      else element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  }

  /** Ask the server; null, and said, when it refuses. */
  async function ask(path, body = null, { raw = false } = {}) {
    return window.base.ask(`api/curation${path}`, body, raw ? { type: "text/csv" } : {});
  }

  const acts = () => window.curate; // what is said of the pictures (curate_acts.js)

  const of = (path) => `/${encodeURIComponent(state.table.id)}${path}`;

  // ---- what is shown ----

  async function openTable(id) {
    state.table = id ? await ask(`/${encodeURIComponent(id)}`) : null;
    Object.assign(state, { numbers: [], items: [], page: 0, at: null, like: "" });
    state.chosen.clear();
    window.curate.unmap();
    if (state.table) localStorage.setItem("curate-table", id);
    if (state.table) state.filters = { ...state.filters, subset: "all", sort: "in order" };
    if (state.table) await draw();
    else show();
  }

  /** Facts anew: counts, steps, which orders can be had. */
  async function refresh() {
    const facts = await ask(of(""));
    if (facts && facts.id === state.table?.id) state.table = facts;
    show();
  }

  /** Choose items by the filters, in the order that was asked for. */
  async function draw() {
    const told = await ask(of(`/draw?${new URLSearchParams(state.filters)}`));
    if (!told) return;
    state.like = "";
    state.numbers = told.numbers;
    state.chosen.clear();
    await turn(0);
  }

  /** Items that were found by other means, in their order; `text` says what they are. */
  async function present(numbers, text) {
    state.like = text;
    state.numbers = numbers;
    state.chosen.clear();
    await turn(0);
  }

  async function turn(page) {
    const many = state.size ** 2;
    state.page = Math.min(Math.max(page, 0), Math.max(Math.ceil(state.numbers.length / many) - 1, 0));
    const numbers = state.numbers.slice(state.page * many, (state.page + 1) * many);
    const told = await ask(of("/items"), { numbers });
    if (!told) return;
    state.items = told.items;
    if (!state.mapping) state.chosen.clear(); // what a lasso has caught lies on several pages
    state.at = state.items[0]?.number ?? null;
    show();
  }

  /** Draw after the press: a button that goes between press and release hears no click. */
  function released(drawing) {
    for (const end of ["pointerup", "keyup"]) addEventListener(end, () => setTimeout(drawing), { once: true });
  }

  function show() {
    window.curate.panels(state);
    const place = state.root.querySelector(".curate-main");
    if (place.querySelector(":is(.curate-bar, .curate-strip) :active")) return released(show);
    if (!state.table) return place.replaceChildren(welcome());
    return place.replaceChildren(bar(), strip(), state.items.length > 0 ? grid() : nothing());
  }

  /** What the items are, when no filters chose them, and the way back. */
  function strip() {
    const facts = state.like ? [made("span", {}, state.like), made("button.button", { onclick: draw }, "Back to the filters")] : [];
    return made("div.curate-strip", { hidden: !state.like, role: "status" }, ...facts);
  }

  function welcome() {
    return made("div.curate-empty", {}, made("strong", {}, "Tag slices, tiles or whole images."), made("span", {}, "Make a table. Then tag its pictures by key here, or let people swipe them on their phones."));
  }

  function nothing() {
    return made("div.curate-empty", {}, made("strong", {}, "No item passes these filters."), made("span", {}, "Choose other filters on the left."));
  }

  function bar() {
    const many = state.size ** 2;
    const pages = Math.max(Math.ceil(state.numbers.length / many), 1);
    const { steps } = state.table;
    const tags = state.table.classes.map((name, at) => made("button.button.curate-tag", { onclick: () => acts().tag(name), title: `Tag the chosen pictures (${at + 1})`, style: `--tag: ${colorOf(name)}` }, made("kbd", {}, at < 9 ? String(at + 1) : ""), name));
    const sizes = made("select.form-select.curate-size", { ariaLabel: "Pictures across", onchange: ({ target }) => resize(Number(target.value)) }, ...SIZES.map((size) => made("option", { value: size, selected: size === state.size }, `${size} x ${size}`)));
    return made("div.curate-bar", {},
      ...tags,
      made("button.button", { onclick: () => acts().flag("exclude"), title: "Not usable (X)" }, made("kbd", {}, "X"), "Exclude"),
      made("button.button", { onclick: () => acts().flag("validation"), title: "Keep out of training, to test on (V)" }, made("kbd", {}, "V"), "Validation"),
      made("button.button", { onclick: () => acts().noneOf(), title: "No to every class (0)" }, made("kbd", {}, "0"), "None"),
      made("button.button", { onclick: () => acts().copyToAll(), title: "The labels of the picture with the frame, for all that are shown" }, "Copy to all"),
      ...window.curate.quick.control(),
      made("span.curate-turning", {},
        made("button.button", { onclick: like, title: "The items that look most like the chosen pictures (L)" }, made("kbd", {}, "L"), "More like this"),
        made("button.button", { onclick: () => window.curate.map(), title: "All items as points, alike ones close (M)", "aria-pressed": String(Boolean(state.mapping)) }, made("kbd", {}, "M"), "Map"),
        made("button.button", { onclick: even, title: "Bring out the contrast of every part, for the eye alone (H)", "aria-pressed": String(state.even) }, made("kbd", {}, "H"), "Even contrast"),
        made("span.curate-space"),
        made("button.button", { onclick: () => acts().step("undo"), disabled: steps.undo === 0, title: "Undo (Ctrl Z)" }, "Undo"),
        made("button.button", { onclick: () => acts().step("redo"), disabled: steps.redo === 0, title: "Redo (Ctrl Y)" }, "Redo"),
        sizes,
        made("button.button", { onclick: () => turn(state.page - 1), disabled: state.page === 0, ariaLabel: "Previous page", title: "Previous page (P)" }, "<"),
        made("span.curate-pages", {}, `${state.page + 1} of ${pages}`),
        made("button.button", { onclick: () => turn(state.page + 1), disabled: state.page + 1 >= pages, ariaLabel: "Next page", title: "Next page (N)" }, ">"))); // prettier-ignore
  }

  function grid() {
    const place = made("div.curate-grid", { role: "listbox", ariaLabel: "Items", ariaMultiSelectable: "true", style: `--across: ${state.mapping ? Math.min(state.size, 3) : state.size}`, onpointerdown: press }, ...state.items.map(tile));
    return place;
  }

  function tile(item) {
    const words = Object.entries(item.values).map(([name, value]) => made(`span.curate-mark.is-${value}`, { style: `--tag: ${colorOf(name)}`, title: `${name}: ${["no", "yes", "unsure"][value]}` }, value === 2 ? `${name}?` : name));
    const guesses = Object.entries(item.chances ?? {}).map(([name, chance]) => made("span.curate-chance", { style: `--tag: ${colorOf(name)}; --chance: ${chance}`, title: `${name}: ${Math.round(100 * chance)} % says the model` }));
    const flags = [item.exclude ? made("span.curate-flag", { title: "Excluded" }, "X") : null, item.validation ? made("span.curate-flag", { title: "Validation" }, "V") : null];
    return made(`button.curate-tile${item.exclude ? ".excluded" : ""}`, { type: "button", role: "option", "data-number": item.number, ariaSelected: String(state.chosen.has(item.number)), "aria-current": String(state.at === item.number), title: item.name, ondblclick: () => look(item) },
      made("img", { src: `${item.picture}/256${state.even ? "?even=1" : ""}`, alt: item.name, draggable: false, decoding: "async" }), made("span.curate-marks", {}, ...words), made("span.curate-flags", {}, ...flags), made("span.curate-chances", {}, ...guesses)); // prettier-ignore
  }

  function even() {
    state.even = !state.even;
    show();
  }

  function resize(size) {
    const first = state.page * state.size ** 2;
    state.size = size;
    localStorage.setItem(KEPT, String(size));
    turn(Math.floor(first / size ** 2));
  }

  /** The item where it lies, in the viewer. */
  function look({ volume, z }) {
    window.dash_clientside.set_props("location", { search: `?${new URLSearchParams({ volume, slice: z + 1 })}` });
    window.dash_clientside.set_props("place-store", { data: "annotate" });
  }

  // ---- choosing ----

  const tiles = () => [...state.root.querySelectorAll(".curate-tile")];
  const numberOf = (element) => Number(element.dataset.number);

  function mark() {
    for (const element of tiles()) {
      element.setAttribute("aria-selected", String(state.chosen.has(numberOf(element))));
      element.setAttribute("aria-current", String(state.at === numberOf(element)));
    }
  }

  /** A click chooses one, with Shift or Ctrl one more; a drag chooses all that the frame touches. */
  function press(event) {
    if (event.button !== 0) return;
    const start = { x: event.clientX, y: event.clientY };
    const more = event.shiftKey || event.ctrlKey || event.metaKey;
    const before = more ? new Set(state.chosen) : new Set();
    const first = event.target.closest(".curate-tile");
    let frame = null;
    const move = (now) => {
      if (!frame && Math.hypot(now.clientX - start.x, now.clientY - start.y) < DRAG_PX) return;
      frame ??= document.body.appendChild(made("div.curate-frame"));
      const box = { left: Math.min(start.x, now.clientX), top: Math.min(start.y, now.clientY), right: Math.max(start.x, now.clientX), bottom: Math.max(start.y, now.clientY) };
      frame.style.cssText = `left:${box.left}px; top:${box.top}px; width:${box.right - box.left}px; height:${box.bottom - box.top}px`;
      state.chosen = new Set([...before, ...tiles().filter((element) => meets(element.getBoundingClientRect(), box)).map(numberOf)]);
      mark();
    };
    const end = () => {
      removeEventListener("pointermove", move);
      if (!frame && first && !more && window.curate.quick.click(numberOf(first))) return;
      if (!frame && first) choose(numberOf(first), before, more);
      if (!frame && !first) state.chosen = new Set();
      frame?.remove();
      mark();
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end, { once: true });
  }

  const meets = (one, box) => one.left < box.right && one.right > box.left && one.top < box.bottom && one.bottom > box.top;

  function choose(number, before, more) {
    state.at = number;
    state.chosen = new Set(before);
    if (more && before.has(number)) state.chosen.delete(number);
    else state.chosen.add(number);
  }

  const like = () => window.curate.like(meant());

  /** What an act is about: what is chosen, else the picture with the frame. */
  function meant() {
    const shown = new Map(state.items.map((item) => [item.number, item]));
    const numbers = state.chosen.size > 0 ? [...state.chosen] : [state.at];
    return numbers.map((number) => shown.get(number) ?? window.curate.mapped(number)).filter(Boolean);
  }

  // ---- keys ----

  const STEPS = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: () => -state.size, ArrowDown: () => state.size };
  const ACTS = { x: () => acts().flag("exclude"), v: () => acts().flag("validation"), 0: () => acts().noneOf(), h: even, l: like, m: () => window.curate.map(), n: () => turn(state.page + 1), p: () => turn(state.page - 1), PageDown: () => turn(state.page + 1), PageUp: () => turn(state.page - 1), Escape: () => (state.chosen.clear(), mark()) };

  function go(by) {
    const place = state.items.findIndex(({ number }) => number === state.at);
    const next = Math.min(Math.max(place + by, 0), state.items.length - 1);
    state.at = state.items[next]?.number ?? null;
    state.chosen.clear();
    mark();
    tiles()[next]?.focus();
  }

  function key(event) {
    if (!state.table || state.root.closest("[hidden]") || event.target.closest("input, textarea, select, [role=dialog]") || event.altKey) return;
    const control = event.ctrlKey || event.metaKey;
    const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const name = state.table.classes[Number(event.key) - 1];
    let doing = control ? { z: () => acts().step(event.shiftKey ? "redo" : "undo"), y: () => acts().step("redo"), a: () => ((state.chosen = new Set(state.items.map(({ number }) => number))), mark()) }[letter] : ACTS[letter];
    if (!control && name) doing = () => acts().tag(name);
    if (!control && event.key === "Enter" && state.quick) doing = window.curate.quick.rest;
    if (!control && STEPS[event.key]) doing = () => go(STEPS[event.key]());
    if (!doing) return;
    event.preventDefault();
    event.stopPropagation();
    doing();
  }

  // ---- from Dash ----

  async function open(place, volume) {
    state.volume = volume ?? state.volume;
    const root = document.getElementById("curate");
    if (place !== "curate" || !root) return window.dash_clientside.no_update;
    if (!state.root) {
      state.root = root;
      state.size = Number(localStorage.getItem(KEPT)) || 5;
      root.replaceChildren(made("aside.curate-side"), made("section.curate-main"));
      document.addEventListener("keydown", key, true);
    }
    const told = await ask("");
    state.tables = told?.tables ?? [];
    const last = state.table?.id ?? localStorage.getItem("curate-table");
    const known = state.tables.find(({ id }) => id === last);
    if (state.wish) await window.curate.grant();
    else if (!state.table && known) await openTable(known.id);
    else if (state.table && known) await acts().renew();
    else show();
    return window.dash_clientside.no_update;
  }

  window.curate = { made, ask, of, newId, say, draw, present, turn, show, released, openTable, refresh, meant, colorOf, state };
  window.dash_clientside = { ...window.dash_clientside, curate: { open: (place, volume) => (open(place, volume), window.dash_clientside.no_update) } };
})();
