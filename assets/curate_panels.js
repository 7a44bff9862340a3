/* The column of the Curate place: which table, which items in which order, what a model has learned, and the way to the phones. */
(() => {
  const { made, ask, of, newId, say, draw, openTable, refresh, colorOf, state } = window.curate;
  const LOOK_MS = 600; // between two looks at a model under way
  const STATUSES = { all: "All", unlabeled: "Without a label", partial: "With some labels", labeled: "With all labels" };
  const EXCLUSIONS = { "not excluded": "Not excluded", excluded: "Excluded", validation: "Validation", all: "All" };
  const KINDS = { forest: "Random forest", logistic: "Logistic regression", network: "Small neural network", propagation: "Label propagation" };
  const LOSSES = { "cross entropy": "Cross entropy", focal: "Focal: hard items count more" };
  const STRATA = { class: "Each answer alike", instance: "As often as they are", squareroot: "Between the two" };
  const SOURCES = { slices: "Slices of the open volume", tiles: "Tiles of the open volume", folder: "Images of a folder" };

  let handed = { numbers: null, address: "" }; // what the last swipe queue is of, and where it is
  let making = null; // what the form of a new table holds, or null
  let model = { stage: "none" };
  let modelOf = ""; // the table it is of
  let timer = 0;
  const choices = { kind: "forest", loss: "cross entropy", gamma: 2, smoothing: 0, hidden: "64", dropout: 0.1, normalise: false, strata: "class", unlabelled: 0, sure: 0.95, ratio: 1 };

  const field = (title, control) => made("label.curate-field", {}, made("span", {}, title), control);
  const options = (choices, chosen) => Object.entries(choices).map(([value, text]) => made("option", { value, selected: value === chosen }, text));
  const select = (title, choices, chosen, onchange) => field(title, made("select.form-select", { onchange }, ...options(choices, chosen)));
  const card = (title, ...children) => made("section.models-card", {}, made("h2", {}, title), ...children);
  const input = (facts) => made("input.form-control", facts);

  function panels() {
    const side = state.root.querySelector(".curate-side");
    if (side.matches(":active")) return addEventListener("pointerup", () => setTimeout(panels), { once: true }); // a button that goes between press and release hears no click
    const focused = side.contains(document.activeElement) ? document.activeElement.name : "";
    const cards = making ? [newTable()] : [chooseTable()];
    if (state.table && !making) cards.push(counts(), filters(), people(), learning());
    side.replaceChildren(...cards);
    if (focused) side.querySelector(`[name=${focused}]`)?.focus();
    if (state.table && modelOf !== state.table.id) lookAtModel();
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
    const add = input({ name: "class", placeholder: "Another class", maxLength: 60, onkeydown: (event) => event.key === "Enter" && event.target.value.trim() && addClass(event.target.value.trim()) });
    return field("Add a class", add);
  }

  async function addClass(name) {
    if (await ask(of("/classes"), { classes: [...state.table.classes, name] })) await refresh();
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

  const fresh = () => ({ id: newId(), name: state.volume?.path?.split("/").at(-1) ?? "", kind: state.volume ? "tiles" : "folder", classes: "", side_px: 256, overlap_px: 0, every: 1, folder: "" });

  function newTable() {
    const keep = (name, read = (value) => value) => ({ target }) => (making[name] = read(target.value));
    const isTiles = making.kind === "tiles";
    const what = making.kind === "folder"
      ? [field("Folder, as in the list of datasets", input({ name: "folder", value: making.folder, placeholder: "All images", oninput: keep("folder") }))]
      : [isTiles ? field("Side of a tile, pixels", input({ name: "side", type: "number", min: 16, max: 4096, value: making.side_px, oninput: keep("side_px", Number) })) : null, isTiles ? field("Overlap, pixels", input({ name: "overlap", type: "number", min: 0, max: 4095, value: making.overlap_px, oninput: keep("overlap_px", Number) })) : null, field("Every n-th slice", input({ name: "every", type: "number", min: 1, value: making.every, oninput: keep("every", Number) }))]; // prettier-ignore
    return card("New table",
      field("Name", input({ name: "table", value: making.name, oninput: keep("name") })),
      select("What it lists", SOURCES, making.kind, ({ target }) => ((making.kind = target.value), panels())),
      ...what.filter(Boolean),
      field("Classes, separated by commas", input({ name: "classes", value: making.classes, placeholder: "pore, crack", oninput: keep("classes") })),
      made("div.curate-row", {}, made("button.button.primary", { onclick: make }, "Make the table"), made("button.button", { onclick: () => ((making = null), panels()) }, "Cancel")));
  } // prettier-ignore

  async function make() {
    const names = making.classes.split(",").map((name) => name.trim()).filter(Boolean); // prettier-ignore
    const table = await ask("", { ...making, volume: state.volume?.path ?? "", classes: names });
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
      modelOf = ""; // its scores carry the names
      return window.curate.renew();
    };
    const leave = ({ key, target }) => {
      if (key === "Escape") target.value = name;
      if (key === "Escape" || key === "Enter") target.blur();
    };
    const edit = ({ currentTarget }) => {
      const entry = input({ value: name, maxLength: 80, ariaLabel: `New name of ${name}`, onkeydown: leave, onblur: rename });
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

  // ---- learning ----

  async function lookAtModel() {
    clearTimeout(timer);
    const { id } = state.table;
    const wasBusy = modelOf === id && isBusy();
    modelOf = id;
    const told = await ask(of("/model"));
    if (!told || id !== state.table?.id) return;
    model = told;
    if (isBusy()) timer = setTimeout(lookAtModel, LOOK_MS);
    if (wasBusy && !isBusy()) await window.curate.renew();
    else panels();
  }

  const isBusy = () => model.stage === "looking" || model.stage === "learning";

  function learning() {
    const kind = made("select.form-select", { name: "kind", onchange: ({ target }) => ((choices.kind = target.value), panels()) }, ...options(KINDS, choices.kind));
    const train = async () => {
      const told = await ask(of("/model"), choices.kind === "network" ? choices : { kind: choices.kind });
      if (told) (model = told), lookAtModel();
    };
    const words = { looking: `Looking at the images, ${model.done} of ${model.total}`, learning: "Learning", failed: `${model.said} ${model.hint}`, ready: [model.parameters > 0 ? `It learned ${model.parameters.toLocaleString("en")} numbers.` : "", model.is_old ? "Labels have changed since it learned." : ""].join(" ").trim() }[model.stage] ?? "A model learns what you tag, and tells which items to label next. Hold some out for validation to know how good it is.";
    return card("Learn", features(), field("Head", kind), ...(choices.kind === "network" ? [networkOptions()] : []), made("button.button.primary", { onclick: train, disabled: isBusy() }, isBusy() ? "Working" : model.stage === "ready" ? "Learn again" : "Learn from the labels"),
      made("p.curate-note", { role: "status" }, words), ...(model.stage === "ready" ? scores() : []));
  } // prettier-ignore

  /** What the model sees of an item: pixels, or a row of a file. */
  function features() {
    const count = state.table.count.toLocaleString("en");
    const chooser = made("input", { type: "file", accept: ".npy", hidden: true, name: "features", onchange: ({ target }) => target.files[0] && upload(target.files[0]) });
    const own = made("button.button", { onclick: () => chooser.click(), title: `An array of ${count} rows, saved by numpy.save: one an item, in the order of the CSV file` }, "Own features (.npy)");
    const back = made("button.button", { onclick: () => send("/features/forget", {}), title: "Forget the file and what was learned from it" }, "Look at the pixels");
    return made("div.curate-row", {}, chooser, model.file ? made("span.curate-note", {}, `Features of ${model.file}`) : own, model.file ? back : "");
  }

  const upload = (file) => send(`/features?${new URLSearchParams({ name: file.name })}`, file, { raw: true });

  async function send(path, body, how) {
    if (!(await ask(of(path), body, how))) return panels();
    modelOf = "";
    await window.curate.renew();
    return window.curate.remap();
  }

  /** What a network is taught by; kept while the page is open. */
  function networkOptions() {
    const number = (name, title, least, most, step, help) => field(title, input({ name, type: "number", min: least, max: most, step, value: choices[name], title: help, onchange: ({ target }) => (choices[name] = Number(target.value)) }));
    const pick = (name, title, offered) => select(title, offered, choices[name], ({ target }) => ((choices[name] = target.value), panels()));
    const normalise = made("input.form-check-input", { type: "checkbox", checked: choices.normalise, onchange: ({ target }) => (choices.normalise = target.checked) });
    const hidden = input({ name: "hidden", value: choices.hidden, placeholder: "none: a single layer", onchange: ({ target }) => (choices.hidden = target.value) });
    return made("details.curate-options", { open: true }, made("summary", {}, "Options"),
      pick("loss", "Loss", LOSSES),
      ...(choices.loss === "focal" ? [number("gamma", "Gamma", 0, 10, 0.5, "How much more hard items count; 0 is cross entropy")] : []),
      number("smoothing", "Label smoothing", 0, 0.25, 0.05, "How far labels are drawn to 1/2"),
      field("Layers before the last", hidden),
      number("dropout", "Dropout", 0, 0.95, 0.05, "Share of numbers left out while it learns"),
      made("label.curate-check", {}, normalise, "Directions only (L2)"),
      pick("strata", "Rows are drawn", STRATA),
      number("unlabelled", "Weight of unlabelled items (FixMatch)", 0, 10, 0.5, "0: they do not teach"),
      ...(choices.unlabelled > 0 ? [number("sure", "It believes itself from", 0.5, 1, 0.05, "Chance from which a guess counts as a label"), number("ratio", "Unlabelled for each labelled", 1, 8, 1, "")] : []));
  } // prettier-ignore

  const percent = (share) => (share === null ? "-" : `${Math.round(100 * share)} %`);

  function scores() {
    const shown = Object.entries(model.scores).map(([name, score]) => made("div.curate-score", { style: `--tag: ${colorOf(name)}` },
      made("strong", {}, name),
      made("span", {}, `AUC ${score.auc === null ? "-" : score.auc.toFixed(2)}, F1 ${percent(score.f1)}`),
      made("span", {}, `Accuracy ${percent(score.accuracy)}, likely ${percent(score.low)} to ${percent(score.high)}; base rate ${percent(score.base_rate)}`),
      made("span.curate-note", {}, score.held_out ? `on ${score.count} held-out items` : `on the ${score.count} items it learned from: hold some out`),
      bars(score.histograms))); // prettier-ignore
    return [...shown, course(), losses(), duplicates()].filter(Boolean);
  }

  /** How what the head says is spread: of items that are, that are not, and that nobody has labelled. */
  function bars(histograms) {
    const rows = Object.entries(histograms).map(([kind, counts]) => {
      const most = Math.max(...counts, 1);
      return made("div.curate-bars", { title: `${kind}, from 0 to 1`, "data-kind": kind }, ...counts.map((count) => made("i", { style: `--high: ${count / most}` })));
    });
    return made("div", {}, ...rows);
  }

  /** Accuracy over the number of labels, each time it learned. */
  function course() {
    if (model.course.length < 2) return null;
    const most = Math.max(...model.course.map(({ tags }) => tags));
    const lines = Object.keys(model.scores).map((name) => {
      const points = model.course.filter((step) => typeof step[name] === "number").map((step) => `${(100 * step.tags) / most},${50 - 50 * step[name]}`);
      return `<polyline points="${points.join(" ")}" fill="none" stroke="${colorOf(name)}" stroke-width="2" vector-effect="non-scaling-stroke"/>`;
    });
    const chart = made("div.curate-course", { title: "Accuracy over the number of labels", innerHTML: `<svg viewBox="0 -2 100 54" preserveAspectRatio="none" role="img" aria-label="Accuracy over the number of labels">${lines.join("")}</svg>` });
    return made("div", {}, chart, made("p.curate-note", {}, `Accuracy, up to ${most} labels`));
  }

  /** Loss over the steps of a network: on what it learned from, and dashed on what was held out. */
  function losses() {
    const { steps, training, validation } = model.losses;
    if (!steps?.length) return null;
    const most = Math.max(...training, ...validation.filter((each) => each !== null), 1e-6);
    const line = (values, dash) => `<polyline points="${values.map((value, at) => (value === null ? "" : `${(100 * steps[at]) / steps.at(-1)},${50 - (50 * value) / most}`)).join(" ")}" fill="none" stroke="var(--text)" stroke-width="1.5" ${dash} vector-effect="non-scaling-stroke"/>`;
    const words = `Loss over ${steps.at(-1)} steps, from 0 to ${most.toFixed(2)}`;
    const chart = made("div.curate-course", { title: words, innerHTML: `<svg viewBox="0 -2 100 54" preserveAspectRatio="none" role="img" aria-label="${words}">${line(training, "")}${line(validation, 'stroke-dasharray="4 3"')}</svg>` });
    return made("div", {}, chart, made("p.curate-note", {}, `${words}; dashed: held out`));
  }

  function duplicates() {
    if (model.pairs.length === 0) return null;
    const show = () => ((state.numbers = [...new Set(model.pairs.flat())]), window.curate.turn(0));
    return made("div.curate-warning", {}, made("strong", {}, `${model.pairs.length} validation ${model.pairs.length === 1 ? "item looks" : "items look"} like training ones.`), made("span", {}, "Scores on them are too good. Take them out of validation, or exclude their twins."), made("button.button", { onclick: show }, "Show them"));
  }

  window.curate.panels = panels;
})();
