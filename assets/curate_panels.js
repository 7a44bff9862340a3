/* The column of the Curate place: which table, which items in which order, and the way to the phones. curate_panels_learn.js is its last
   card, what a model has learned. */
(() => {
  const { made, ask, of, newId, say, draw, released, openTable, refresh, colorOf, state } = window.curate;
  const STATUSES = { all: "All", unlabeled: "Without a label", partial: "With some labels", labeled: "With all labels" };
  const EXCLUSIONS = { "not excluded": "Not excluded", excluded: "Excluded", validation: "Validation", all: "All" };
  const SOURCES = { slices: "Slices of the open volume", tiles: "Tiles of the open volume", folder: "Images of a folder" };

  let handed = { numbers: null, address: "" }; // what the last swipe queue is of, and where it is
  let making = null; // what the form of a new table holds, or null

  const field = (title, control) => made("label.curate-field", {}, made("span", {}, title), control);
  const options = (choices, chosen) => Object.entries(choices).map(([value, text]) => made("option", { value, selected: value === chosen }, text));
  const select = (title, choices, chosen, onchange) => field(title, made("select.form-select", { onchange }, ...options(choices, chosen)));
  const card = (title, ...children) => made("section.models-card", {}, made("h2", {}, title), ...children);
  const input = (facts) => made("input.form-control", facts);

  function panels() {
    const side = state.root.querySelector(".curate-side");
    if (side.matches(":active")) return released(panels);
    if (side.querySelector(".curate-draft:focus")?.value) return side.addEventListener("focusout", () => setTimeout(panels), { once: true }); // a name that is being typed
    const focused = side.contains(document.activeElement) ? document.activeElement.name : "";
    const cards = making ? [newTable()] : [chooseTable()];
    if (state.table && !making) cards.push(counts(), filters(), people(), window.curate.learning());
    side.replaceChildren(...cards);
    if (focused) side.querySelector(`[name=${focused}]`)?.focus();
    if (state.table) window.curate.watchModel();
  }

  // ---- tables ----

  function chooseTable() {
    const named = Object.fromEntries(state.tables.map(({ id, name, count }) => [id, `${name} (${count.toLocaleString("en")})`]));
    const choices = state.table ? named : { "": state.tables.length > 0 ? "Choose a table" : "There is none yet", ...named };
    const make = made("button.button", { onclick: () => ((making = fresh()), panels()) }, "New table");
    if (!state.table) return card("Table", select("Open", choices, "", ({ target }) => openTable(target.value)), make);
    return card("Table", select("Open", choices, state.table.id, ({ target }) => openTable(target.value)), made("div.curate-row", {}, make, exporting(), importing()), classes(), forget());
  }

  const exporting = () => made("a.button", { href: `api/curation${of("/labels.csv")}`, download: "", title: "All labels as CSV" }, "CSV out");

  function importing() {
    const chooser = made("input", { type: "file", accept: ".csv,text/csv", hidden: true, onchange: ({ target }) => target.files[0] && readFile(target.files[0]) });
    return made("span", {}, chooser, made("button.button", { onclick: () => chooser.click(), title: "Labels from a CSV file; undo takes them back" }, "CSV in"));
  }

  async function readFile(file) {
    const told = await ask(of(`/labels.csv?id=${newId()}`), await file.text(), { raw: true });
    if (!told) return;
    say(`${file.name}: labels of ${told.items.length.toLocaleString("en")} items.`, "Undo takes them back.", "info");
    await window.curate.renew();
  }

  function classes() {
    const add = made("input.form-control.curate-draft", { name: "class", placeholder: "Another class", maxLength: 60, onkeydown: ({ key, target }) => key === "Enter" && target.value.trim() && addClass(target) });
    return field("Add a class", add);
  }

  async function addClass(entry) {
    if (!(await ask(of("/classes"), { classes: [...state.table.classes, entry.value.trim()] }))) return;
    entry.value = "";
    await refresh();
  }

  function forget() {
    let sure = false;
    return made("button.button.curate-forget", { onclick: async ({ target }) => {
      if (!sure) return void ((sure = true), target.classList.add("danger"), (target.textContent = "All its labels go. Delete?"));
      await ask(of("/drop"), {});
      state.tables = (await ask(""))?.tables ?? [];
      openTable(null);
    } }, "Delete this table"); // prettier-ignore
  }

  const fresh = () => ({ id: newId(), name: null, kind: state.volume ? "tiles" : "folder", classes: "", side_px: 256, overlap_px: 0, every: 1, folder: "", labelled: true });
  const lastOf = (path) => path.split("/").filter(Boolean).at(-1) ?? ""; // prettier-ignore

  /** What a table is called until somebody says: its volume, or its folder. */
  const nameOf = ({ kind, folder }) => (kind === "folder" ? lastOf(folder) || "All images" : lastOf(state.volume?.path ?? ""));

  function newTable() {
    const keep = (name, read = (value) => value) => ({ target }) => (making[name] = read(target.value));
    const isTiles = making.kind === "tiles";
    const what = making.kind === "folder"
      ? [field("Folder, as in the list of datasets", input({ name: "folder", value: making.folder, placeholder: "All images", oninput: (event) => (keep("folder")(event), suggest()) })), made("label.curate-check", { title: "A folder named as a class says yes to it; with one class, so do positive and negative" }, made("input.form-check-input", { name: "labelled", type: "checkbox", checked: making.labelled, onchange: ({ target }) => (making.labelled = target.checked) }), "Folders named as classes are labels")]
      : [isTiles ? field("Side of a tile, pixels", input({ name: "side", type: "number", min: 16, max: 4096, value: making.side_px, oninput: keep("side_px", Number) })) : null, isTiles ? field("Overlap, pixels", input({ name: "overlap", type: "number", min: 0, max: 4095, value: making.overlap_px, oninput: keep("overlap_px", Number) })) : null, field("Every n-th slice", input({ name: "every", type: "number", min: 1, value: making.every, oninput: keep("every", Number) }))]; // prettier-ignore
    return card("New table",
      field("Name", input({ name: "table", value: making.name ?? nameOf(making), oninput: keep("name") })),
      select("What it lists", SOURCES, making.kind, ({ target }) => ((making.kind = target.value), panels())),
      ...what.filter(Boolean),
      field("Classes, separated by commas", input({ name: "classes", value: making.classes, placeholder: "pore, crack", oninput: keep("classes") })),
      made("div.curate-row", {}, made("button.button.primary", { onclick: make }, "Make the table"), made("button.button", { onclick: () => ((making = null), panels()) }, "Cancel")));
  } // prettier-ignore

  function suggest() {
    if (making.name === null) state.root.querySelector("[name=table]").value = nameOf(making);
  }

  async function make() {
    const names = making.classes.split(",").map((name) => name.trim()).filter(Boolean); // prettier-ignore
    const table = await ask("", { ...making, name: making.name ?? nameOf(making), volume: state.volume?.path ?? "", classes: names });
    if (!table) return;
    making = null;
    state.tables = [table, ...state.tables.filter(({ id }) => id !== table.id)];
    openTable(table.id);
  }

  function counts() {
    const rows = state.table.classes.map((name) => {
      const { negative, positive, validation_negative, validation_positive } = state.table.counts[name];
      return made("tr", {}, made("th", { scope: "row", style: `--tag: ${colorOf(name)}` }, renaming(name)), ...[positive, negative, validation_positive, validation_negative].map((n) => made("td", {}, n.toLocaleString("en"))));
    });
    const head = made("tr", {}, made("th"), ...["Yes", "No", "Yes, val.", "No, val."].map((text) => made("th", { scope: "col" }, text)));
    return card("Labels", made("table.curate-counts", {}, made("thead", {}, head), made("tbody", {}, ...rows)), made("p.curate-note", {}, `${state.table.excluded} excluded, ${state.table.validation} for validation, of ${state.table.count.toLocaleString("en")}`));
  }

  /** A class whose name becomes a field when it is pressed; its labels stay. */
  function renaming(name) {
    const rename = async ({ target }) => {
      const next = target.value.trim();
      const classes = state.table.classes.map((each) => (each === name ? next : each));
      if (!next || next === name || !(await ask(of("/classes"), { classes }))) return panels();
      for (const [key, usual] of [["subset", "all"], ["sort", "in order"]]) if (state.filters[key].endsWith(`: ${name}`)) state.filters[key] = usual;
      window.curate.forgetModel(); // its scores carry the names
      return window.curate.renew();
    };
    const leave = ({ key, target }) => {
      if (key === "Escape") target.value = name;
      if (key === "Escape" || key === "Enter") target.blur();
    };
    const edit = ({ currentTarget }) => {
      const entry = made("input.form-control.curate-draft", { value: name, maxLength: 80, ariaLabel: `New name of ${name}`, onkeydown: leave, onblur: rename });
      currentTarget.replaceWith(entry);
      entry.select();
    };
    return made("button.curate-rename", { onclick: edit, title: `Rename ${name}` }, name);
  }

  // ---- which items ----

  function filters() {
    const set = (name) => ({ target }) => ((state.filters[name] = target.value), draw()); // prettier-ignore
    const subsets = Object.fromEntries(state.table.subsets.map((name) => [name, name === "all" ? "All" : name]));
    const sorts = made("select.form-select", { name: "sort", onchange: set("sort") }, ...state.table.sorts.map(({ name, reason }) => made("option", { value: name, disabled: Boolean(reason), title: reason, selected: name === state.filters.sort }, name)));
    const reasons = [...new Set(state.table.sorts.map(({ reason }) => reason).filter(Boolean))];
    return card("Show",
      select("Labels", STATUSES, state.filters.status, set("status")),
      select("Use", EXCLUSIONS, state.filters.exclude, set("exclude")),
      select("Subset", subsets, state.filters.subset, set("subset")),
      field("Order", sorts),
      ...reasons.map((reason) => made("p.curate-note", {}, reason.replace(", or choose random", ""))),
      made("div.curate-row", {}, made("button.button", { onclick: () => ((state.filters.seed += 1), draw()) }, "Draw again"), made("span.curate-note", {}, `${state.numbers.length.toLocaleString("en")} items`)));
  } // prettier-ignore

  // ---- swiping ----

  function people() {
    const asks = made("select.form-select", {}, ...state.table.classes.map((name) => made("option", { value: name }, name)));
    const again = made("input.form-check-input", { type: "checkbox" });
    const place = made("div.curate-handed", {}, ...(handed.numbers === state.numbers ? [link(handed.address)] : []));
    const swipe = async () => {
      const { numbers } = state;
      const queue = await ask(of("/queues"), { id: newId(), asks: asks.value, items: numbers, again: again.checked });
      if (!queue) return;
      handed = { numbers, address: new URL(queue.address, location.href).href };
      state.root.querySelector(".curate-handed")?.replaceChildren(link(handed.address)); // the card may have been drawn anew
    };
    return card("Swipe", field("Ask for", asks), made("label.curate-check", {}, again, "Ask the unsure ones again"),
      made("button.button.primary", { onclick: swipe, disabled: state.numbers.length === 0 }, `Swipe these ${state.numbers.length.toLocaleString("en")}`), place);
  } // prettier-ignore

  const link = (address) => made("p.curate-link", {}, made("a", { href: address, target: "_blank" }, "Open the Swipe page"), made("button.button", { onclick: () => navigator.clipboard.writeText(address).then(() => say("Link copied.", "Everybody who opens it gets other images.", "info"), () => say(address, "", "info")) }, "Copy the link"));

  Object.assign(window.curate, { panels, forms: { field, options, select, card, input } });
})();
