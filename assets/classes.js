/* The list of classes: drawn from the store of the table, for there may be 127 of them. What is wished shows at once and goes to the server, one
   wish after the other (docs/contracts.md, "Labels"); what it answers is the truth.
   Python names these functions in `ClientsideFunction("classes", ...)`. */
(() => {
  const { arrange, ask, element, presses, sayError } = window.base;
  const KEYS = 9; // the first nine can be chosen with a digit
  const MAX_NAME_LENGTH = 80; // as core/labels/classes.py has it
  const AGAIN_MS = 2000; // between two tries to read a table
  const FIELDS = ["name", "color", "visible", "locked"];

  let volume = null; // id of the open one
  let told = []; // its classes, as the server told last
  let wishes = []; // {volume, action, class, value}, not answered yet
  let active = null; // the class that paints
  const turns = new Map(); // by volume: settled once the server has answered all that was asked so far
  const lines = new Map(); // by class: {row, update}

  const skip = () => window.dash_clientside.no_update;
  const set = (id, props) => window.dash_clientside.set_props(id, props);
  const list = () => document.getElementById("class-list");

  // ---- what is asked of the server ----

  /** Its table, or null, and said, when it refuses; where somebody is signed out that is said already (session.js). */
  async function send({ volume: of, ...wish }) {
    const refused = (error, hint, status) => status !== 401 && sayError(error, hint);
    return (await ask(`api/labels/${of}/classes`, wish, { keepalive: true, refused }))?.classes ?? null;
  }

  async function read(of) {
    const found = await ask(`api/labels/${of}/classes`, null, { refused: () => {} });
    if (found) take(of, found.classes);
    else if (of === volume) setTimeout(() => inTurn(of, () => read(of)), AGAIN_MS);
  }

  function inTurn(of, act) {
    turns.set(of, (turns.get(of) ?? Promise.resolve()).then(act));
  }

  function wish(action, id = null, value = null) {
    if (volume === null) return;
    const wished = { volume, action, class: id, value };
    wishes.push(wished);
    tell();
    inTurn(volume, async () => {
      const table = await send(wished);
      wishes = wishes.filter((other) => other !== wished);
      take(wished.volume, table);
    });
  }

  function take(of, table) {
    if (of !== volume) return;
    told = table ?? told;
    tell();
  }

  /** The table with what is not answered yet; what adds or takes away waits for the server. */
  function expected() {
    const changes = wishes.filter((one) => one.volume === volume && FIELDS.includes(one.action));
    const change = (row) => changes.reduce((now, { action, class: id, value }) => (id === row.id ? { ...now, [action]: value } : now), row);
    return told.map(change);
  }

  const tell = () => set("classes-store", { data: expected() });

  // ---- what is drawn ----

  function says(node, title, label = title) {
    node.title = title;
    node.setAttribute("aria-label", label);
  }

  function iconButton(className, press) {
    const button = element("button", `icon-button ${className}`.trim(), "", { type: "button", onclick: press });
    button.append(element("span", "icon"));
    return button;
  }

  /** A button that is pressed while `row[field]` is true, and wishes the other. */
  function switchButton(field, id, [on, off], className = "") {
    const button = iconButton(className, () => wish(field, id, button.getAttribute("aria-pressed") !== "true"));
    const update = (value) => {
      button.setAttribute("aria-pressed", value);
      button.firstChild.className = `icon ${value ? on : off}`;
    };
    return { button, update };
  }

  /** A field that wishes its value once it is chosen: by Enter, by leaving it, by closing the chooser. */
  function wishField(id, action, className, facts) {
    const field = element("input", className, "", facts);
    let shown = "";
    field.addEventListener("change", () => wish(action, id, field.value));
    const update = (value) => {
      if (document.activeElement !== field || field.value === shown) field.value = value; // else somebody is choosing
      shown = value;
    };
    return { field, update };
  }

  /** Asks once; Ctrl+Z takes it back all the same. */
  function deletion(id) {
    const fold = element("details", "class-delete");
    const summary = element("summary", "icon-button");
    const question = element("div", "question");
    const [words, button] = [element("span"), element("button", "button danger", "Delete", { type: "button" })];
    button.addEventListener("click", () => {
      fold.open = false;
      wish("delete", id);
    });
    summary.append(element("span", "icon icon-trash"));
    question.append(words, button);
    fold.append(summary, question);
    const update = (name) => {
      says(summary, `Delete ${name}`);
      words.textContent = `Delete ${name} and all its pixels, on every slice?`;
    };
    return { fold, update };
  }

  function drawLine(id) {
    const row = element("div", "class-row");
    row.dataset.class = id;
    const key = element("button", "class-key", "", { type: "button", onclick: () => set("viewer", { activeClass: id }) });
    const color = wishField(id, "color", "class-color", { type: "color" });
    const name = wishField(id, "name", "class-name", { type: "text", maxLength: MAX_NAME_LENGTH, autocomplete: "off", spellcheck: false });
    const eye = switchButton("visible", id, ["icon-eye", "icon-eye-off"]);
    const lock = switchButton("locked", id, ["icon-lock", "icon-lock-open"], "class-lock");
    const trash = deletion(id);
    row.append(key, color.field, name.field, eye.button, lock.button, trash.fold);
    const update = (one, place) => {
      const digit = place <= KEYS ? String(place) : "";
      key.textContent = digit;
      says(key, `Paint with ${one.name}${digit && ` (${digit})`}`, `Paint with ${one.name}`);
      color.update(one.color.toLowerCase()); // as such a field has it
      says(color.field, `Colour of ${one.name}`);
      name.update(one.name);
      name.field.setAttribute("aria-label", `Name of ${one.name}`);
      eye.update(one.visible);
      says(eye.button, `${one.visible ? "Hide" : "Show"} ${one.name}`);
      lock.update(one.locked);
      says(lock.button, one.locked ? `Unlock ${one.name}` : `Lock ${one.name}: strokes leave its pixels as they are`, `Lock ${one.name}`);
      trash.update(one.name);
    };
    return { row, update };
  }

  /** A class that stays keeps its line, with what is being typed or asked in it. */
  function draw(table) {
    const known = new Set(table.map(({ id }) => id));
    for (const id of [...lines.keys()]) if (!known.has(id)) lines.delete(id);
    table.forEach((one, at) => {
      if (!lines.has(one.id)) lines.set(one.id, drawLine(one.id));
      lines.get(one.id).update(one, at + 1);
    });
    arrange(list(), table.map(({ id }) => lines.get(id).row));
    mark();
  }

  function mark() {
    for (const [id, { row }] of lines) {
      row.classList.toggle("active", id === active);
      row.firstChild.setAttribute("aria-current", id === active);
    }
  }

  // ---- where else a class can be chosen ----

  const span = (props) => ({ namespace: "dash_html_components", type: "Span", props });

  /** A choice of Dash's lists, with the colour of the class. */
  function option({ id, name, color }) {
    const swatch = span({ className: "swatch", style: { background: color } });
    return { value: id, label: span({ children: [swatch, name] }) };
  }

  /** Options that differ from those before; lists that stay are not drawn anew. */
  const news = (options, before) => (JSON.stringify(options) === JSON.stringify(before) ? skip() : options);

  const functions = {
    /** Read the table of the volume that is opened, and whenever others have changed it. */
    follow(opened) {
      if (opened?.id !== volume) {
        volume = opened?.id ?? null;
        lines.clear();
        told = [];
        arrange(list(), [document.createTextNode(volume === null ? "Open a dataset to see its classes." : "Reading the classes")]);
      }
      const of = volume;
      if (of !== null) inTurn(of, () => read(of));
      return skip();
    },

    show(table) {
      if (table?.length) draw(table);
      return table ?? [];
    },

    /** The classes that the live prediction shows: what was hidden stays so, what is new shows. */
    offerLive(table, before, shown) {
      const hidden = before.map(({ value }) => value).filter((id) => !shown.includes(id));
      return [news((table ?? []).map(option), before), (table ?? []).map(({ id }) => id).filter((id) => !hidden.includes(id))];
    },

    /** The class whose objects are listed: that which paints when the drawer opens; and those that objects can be given. While it is closed, none. */
    offerObjects(table, _open, paints, chosen, before, closed) {
      const opens = presses().includes("objects-open");
      if (closed && !opens) return [skip(), skip(), skip()];
      const known = (table ?? []).map(({ id }) => id);
      const wanted = opens || !known.includes(chosen) ? paints : chosen;
      const value = known.includes(wanted) ? wanted : known[0] ?? null;
      const options = news((table ?? []).map((one) => ({ ...option(one), search: one.name })), before);
      return [options, value === chosen ? skip() : value, options];
    },

    mark(activeClass) {
      active = activeClass;
      mark();
      return skip();
    },
  };

  document.addEventListener("click", ({ target }) => {
    if (target.closest("#class-add")) wish("add");
  });
  window.dash_clientside = { ...window.dash_clientside, classes: functions };
})();
