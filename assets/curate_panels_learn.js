/* The last card of Curate's column: what items are seen by, what a model is taught by, how good it is, and what was learned before. */
(() => {
  const { made, ask, of, colorOf, state } = window.curate;
  const { field, options, select, card, input } = window.curate.forms;
  const LOOK_MS = 600; // between two looks at a model under way
  const TRIES = 8; // of settings drawn at random
  const KINDS = { forest: "Random forest", logistic: "Logistic regression", network: "Small neural network", convnet: "Network of convolutions", propagation: "Label propagation" };
  const LOSSES = { "cross entropy": "Cross entropy", focal: "Focal: hard items count more" };
  const STRATA = { class: "Each answer alike", instance: "As often as they are", squareroot: "Between the two" };
  const OPTIMISERS = { adam: "Adam", momentum: "Momentum" };
  const SCHEDULES = { constant: "Stays", cosine: "Falls to nothing (cosine)", step: "Falls at 60 and 80 % of the steps" };
  const USUAL = "Pixels";

  let model = { stage: "none" };
  let modelOf = ""; // the table it is of
  let timer = 0;
  let offers = null; // encoders of trained models, once the server has told them
  const unfolded = { options: true, runs: false, strategies: false, pooling: false, tuning: false, probe: false };
  const choices = { kind: "forest", loss: "cross entropy", gamma: 2, smoothing: 0, hidden: "64", spec: "128,p,d,128", kernel: 3, dropout: 0.1, normalise: false, strata: "class", unlabelled: 0, sure: 0.95, ratio: 1, confusion: 0, optimiser: "adam", rate: 0.002, schedule: "constant", decay: 0.001, steps: 400, batch: 32 };

  const percent = (share) => (share === null ? "-" : `${Math.round(100 * share)} %`);
  const isBusy = () => ["looking", "tuning", "probing", "learning", "comparing", "arranging"].includes(model.stage);

  // ---- the model as the server has it ----

  function watch() {
    if (modelOf !== state.table.id) look();
  }

  async function look() {
    clearTimeout(timer);
    const { id } = state.table;
    const wasBusy = modelOf === id && isBusy();
    modelOf = id;
    const told = await ask(of("/model"));
    if (!told || id !== state.table?.id) return;
    model = told;
    if (isBusy()) timer = setTimeout(look, LOOK_MS);
    if (wasBusy && !isBusy()) await window.curate.renew();
    else window.curate.panels();
  }

  /** Encoders are a matter of the registry: where it does not answer there are none to choose, and nothing is said. */
  async function askOffers() {
    offers = [];
    const answer = await fetch("api/curation/encoders").catch(() => null);
    if (!answer?.ok) return;
    offers = (await answer.json()).encoders;
    if (offers.length > 0) window.curate.panels();
  }

  /** Convolutions learn from labels alone. */
  const headChoices = () => ({ network: choices, convnet: { ...choices, unlabelled: 0, confusion: 0 } })[choices.kind] ?? { kind: choices.kind };

  async function learn(more = {}) {
    const told = await ask(of("/model"), { ...headChoices(), ...(choices.kind === "network" ? more : {}) });
    if (told) (model = told), look();
  }

  async function open(number) {
    if (!(await ask(of(`/runs/${number}/open`), {}))) return;
    modelOf = "";
    await window.curate.renew();
  }

  async function send(path, body, how) {
    if (!(await ask(of(path), body, how))) return window.curate.panels();
    modelOf = "";
    await window.curate.renew();
    return window.curate.remap();
  }

  // ---- what is shown of it ----

  function learning() {
    if (offers === null) askOffers();
    const kind = made("select.form-select", { name: "kind", onchange: ({ target }) => ((choices.kind = target.value), window.curate.panels()) }, ...options(KINDS, choices.kind));
    const isNetwork = choices.kind === "network";
    const isConvnet = choices.kind === "convnet";
    const needsGrid = isConvnet && !(model.source?.kind === "encoder" && model.source.pooling === "grid");
    const tries = made("button.button", { onclick: () => learn({ tries: TRIES }), disabled: isBusy(), title: "Rates, layers and sampling drawn at random; what is best on the held-out items is put to use" }, `Try ${TRIES} at random`);
    return card("Learn", ...features(), ...window.curate.seeing.card({ model, offers, folded, send, percent, busy: isBusy(), choices: headChoices }), field("Head", kind), ...(needsGrid ? [made("p.curate-note", {}, "It needs a grid of what an encoder finds: let an encoder see the items, then choose “A grid of 4 x 4 cells” under Pooling and levels.")] : isNetwork || isConvnet ? [networkOptions(isConvnet)] : []),
      made("div.curate-row", {}, made("button.button.primary", { onclick: () => learn(), disabled: isBusy() || needsGrid }, isBusy() ? "Working" : model.stage === "ready" ? "Learn again" : "Learn from the labels"), isNetwork ? tries : ""),
      made("p.curate-note", { role: "status" }, words()), ...(model.stage === "ready" ? [...scores(), exports()] : []), ...runs(), window.curate.comparing({ model, folded, drawing, busy: isBusy(), look: (told) => ((model = told), look()) }));
  } // prettier-ignore

  function words() {
    const { stage, done, total, said, hint, parameters, is_old } = model;
    if (stage === "looking") return `Looking at the images, ${done} of ${total}`;
    if (stage === "learning") return total > 1 ? `Learning, try ${done + 1} of ${total}` : "Learning";
    if (stage === "tuning") return `Tuning the encoder, epoch ${Math.min(done + 1, total)} of ${total}`;
    if (stage === "probing") return "Probing what is seen";
    if (stage === "arranging") return "Arranging the points of the map";
    if (stage === "comparing") return `Comparing strategies, ${done} of ${total}`;
    if (stage === "failed") return `${said} ${hint}`;
    if (stage === "ready") return [parameters > 0 ? `It learned ${parameters.toLocaleString("en")} numbers.` : "", is_old ? "Labels have changed since it learned." : ""].join(" ").trim();
    return "A model learns what you tag, and tells which items to label next. Hold some out for validation to know how good it is.";
  }

  /** What the model sees of an item: pixels, what an encoder makes of them, or a row of a file. */
  function features() {
    const { kind, id, name } = model.source ?? { kind: "pixels" };
    const count = state.table.count.toLocaleString("en");
    const chooser = made("input", { type: "file", accept: ".npy", hidden: true, name: "features", onchange: ({ target }) => target.files[0] && upload(target.files[0]) });
    const { tuned } = model.source ?? {};
    const known = [made("option", { value: "", selected: kind === "pixels" }, USUAL), ...(offers ?? []).map((offer) => made("option", { value: offer.id, selected: id === offer.id && !tuned, disabled: Boolean(offer.reason), title: offer.reason }, `${offer.name} (${offer.algorithm})`))];
    if (model.tuned) known.push(made("option", { value: "tuned", selected: Boolean(tuned) }, model.tuned));
    else if (kind === "file" || (id && !(offers ?? []).some((offer) => offer.id === id))) known.push(made("option", { value: "kept", selected: true, disabled: true }, name));
    const seen = made("select.form-select", { name: "encoder", disabled: isBusy(), title: "Encoders come from Models: a pretraining, or a trained U-Net", onchange: ({ target }) => send("/features/look", { ...window.curate.seeing.view(model.source), encoder: target.value }) }, ...known);
    const own = made("button.button", { onclick: () => chooser.click(), disabled: isBusy(), title: `An array of ${count} rows, saved by numpy.save: one an item, in the order of the CSV file` }, "Own features (.npy)");
    const again = made("button.button", { onclick: () => send("/features/look", { ...window.curate.seeing.view(model.source), encoder: tuned ? "tuned" : (id ?? "") }), disabled: isBusy(), title: "When the images have changed" }, "Look again");
    const hasSeen = kind !== "file" && ["seen", "ready"].includes(model.stage);
    return [field("Items are seen by", seen), made("div.curate-row", {}, chooser, own, hasSeen ? again : "")];
  }

  const upload = (file) => send(`/features?${new URLSearchParams({ name: file.name })}`, file, { raw: true });

  /** What a network is taught by; kept while the page is open. */
  function networkOptions(isConvnet) {
    const number = (name, title, least, most, step, help) => field(title, input({ name, type: "number", min: least, max: most, step, value: choices[name], title: help, onchange: ({ target }) => (choices[name] = Number(target.value)) }));
    const pick = (name, title, offered) => select(title, offered, choices[name], ({ target }) => ((choices[name] = target.value), window.curate.panels()));
    const normalise = made("input.form-check-input", { type: "checkbox", checked: choices.normalise, onchange: ({ target }) => (choices.normalise = target.checked) });
    const text = (name, title, placeholder, help) => field(title, input({ name, value: choices[name], placeholder, title: help, onchange: ({ target }) => (choices[name] = target.value) }));
    return folded("options", "Options",
      pick("loss", "Loss", LOSSES),
      ...(choices.loss === "focal" ? [number("gamma", "Gamma", 0, 10, 0.5, "How much more hard items count; 0 is cross entropy")] : []),
      number("smoothing", "Label smoothing", 0, 0.25, 0.05, "How far labels are drawn to 1/2"),
      ...(isConvnet ? [text("spec", "Layers", "128,p,d,128", "Channels of a convolution, p: the largest of 2 x 2 cells, d: dropout of channels, r: residual block"), number("kernel", "Cells on a side of a convolution", 1, 3, 2, "1 looks at each cell alone")] : [text("hidden", "Layers before the last", "none: a single layer", "")]),
      number("dropout", "Dropout", 0, 0.95, 0.05, "Share of numbers left out while it learns"),
      made("label.curate-check", {}, normalise, "Directions only (L2)"),
      pick("strata", "Rows are drawn", STRATA),
      number("rate", "Rate of learning", 0.000001, 1, "any", "How far each step goes; 0.002 for Adam, ten times as much for momentum"),
      pick("schedule", "The rate", SCHEDULES),
      pick("optimiser", "Optimiser", OPTIMISERS),
      number("decay", "Weight decay", 0, 1, "any", "How strongly weights are held small"),
      number("steps", "Steps", 1, 5000, 1, "Kept are the weights of the step that is best on the held-out items"),
      number("batch", "Rows in a step", 1, 512, 1, ""),
      ...(isConvnet ? [] : unlabelledOptions(number)));
  } // prettier-ignore

  /** Of items without a label. */
  const unlabelledOptions = (number) => [
    number("unlabelled", "Weight of unlabelled items (FixMatch)", 0, 10, 0.5, "0: they do not teach"),
    ...(choices.unlabelled > 0 ? [number("sure", "It believes itself from", 0.5, 1, 0.05, "Chance from which a guess counts as a label"), number("ratio", "Unlabelled for each labelled", 1, 8, 1, "")] : []),
    number("confusion", "Weight of subsets looking alike", 0, 10, 0.5, "Domain confusion: draws the subsets together; 0 leaves them"),
  ]; // prettier-ignore

  /** What can be folded away, and stays so. */
  function folded(name, title, ...children) {
    return made("details.curate-options", { open: unfolded[name], ontoggle: ({ target }) => (unfolded[name] = target.open) }, made("summary", {}, title), ...children);
  }

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

  /** lines : SVG without a word of people in it; `words` may have some. */
  function drawing(words, lines) {
    const place = made("div.curate-course", { title: words, innerHTML: `<svg viewBox="0 -2 100 54" preserveAspectRatio="none" role="img">${lines.join("")}</svg>` });
    place.firstElementChild.setAttribute("aria-label", words);
    return place;
  }

  /** Accuracy over the number of labels, the best run of each. */
  function course() {
    if (model.course.length < 2) return null;
    const most = Math.max(...model.course.map(({ tags }) => tags));
    const lines = Object.keys(model.scores).map((name) => {
      const points = model.course.filter((step) => typeof step[name] === "number").map((step) => `${(100 * step.tags) / most},${50 - 50 * step[name]}`);
      return `<polyline points="${points.join(" ")}" fill="none" stroke="${colorOf(name)}" stroke-width="2" vector-effect="non-scaling-stroke"/>`;
    });
    return made("div", {}, drawing("Accuracy over the number of labels", lines), made("p.curate-note", {}, `Accuracy, up to ${most} labels`));
  }

  /** Loss over the steps of a network: on what it learned from, and dashed on what was held out. */
  function losses() {
    const { steps, training, validation, kept } = model.losses;
    if (!steps?.length) return null;
    const most = Math.max(...training, ...validation.filter((each) => each !== null), 1e-6);
    const at = (step) => (100 * step) / steps.at(-1);
    const line = (values, dash) => `<polyline points="${values.map((value, place) => (value === null ? "" : `${at(steps[place])},${50 - (50 * value) / most}`)).join(" ")}" fill="none" stroke="var(--text)" stroke-width="1.5" ${dash} vector-effect="non-scaling-stroke"/>`;
    const mark = `<line x1="${at(kept)}" x2="${at(kept)}" y1="0" y2="50" stroke="var(--accent)" stroke-width="1" vector-effect="non-scaling-stroke"/>`;
    const told = `Loss over ${steps.at(-1)} steps, from 0 to ${most.toFixed(2)}`;
    return made("div", {}, drawing(told, [line(training, ""), line(validation, 'stroke-dasharray="4 3"'), mark]), made("p.curate-note", {}, `${told}; dashed: held out. The weights of step ${kept} are kept.`));
  }

  function duplicates() {
    if (model.pairs.length === 0) return null;
    const show = () => ((state.numbers = [...new Set(model.pairs.flat())]), window.curate.turn(0));
    return made("div.curate-warning", {}, made("strong", {}, `${model.pairs.length} validation ${model.pairs.length === 1 ? "item looks" : "items look"} like training ones.`), made("span", {}, "Scores on them are too good. Take them out of validation, or exclude their twins."), made("button.button", { onclick: show }, "Show them"));
  }

  /** Files: the model, what it says of each item, and the split of all items by a class. */
  function exports() {
    const link = (path, title, text) => made("a.button", { href: `api/curation${of(path)}`, download: "", title }, text);
    const { classes } = state.table;
    const splits = classes.map((name) => link(`/split.csv?${new URLSearchParams({ class: name })}`, `Every item as ${name} or not: as people say, else as the model says`, classes.length === 1 ? "Split" : `Split by ${name}`));
    return made("div.curate-row.curate-files", {}, made("span.curate-note", {}, "Download"),
      model.has_model ? link("/model.safetensors", "Weights as safetensors, with all that is needed to use them", "Model") : "",
      link("/chances.csv", "Labels and what the model says, an item a row", "Chances"), ...splits);
  } // prettier-ignore

  // ---- what was learned before ----

  const mean = (values) => (values.length > 0 ? values.reduce((sum, each) => sum + each, 0) / values.length : null);

  function runs() {
    const known = model.runs ?? [];
    if (known.length < 2) return [];
    const head = made("tr", {}, ...["Run", "Head", "Labels", "AUC", "Acc."].map((text) => made("th", { scope: "col" }, text)));
    return [folded("runs", `${known.length} runs`, made("table.curate-counts.curate-runs", {}, made("thead", {}, head), made("tbody", {}, ...known.toReversed().map(runRow))))];
  }

  function runRow(run) {
    const scores = Object.values(run.scores);
    const of = (key) => mean(scores.map((score) => score[key]).filter((value) => value !== null));
    const isOpen = run.number === model.open;
    const told = Object.entries(run.choice).map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(", ") || "none" : value}`).join("; "); // prettier-ignore
    const title = `${new Date(1000 * run.at).toLocaleString()}, seen by ${run.seen_by}. ${told}`;
    const button = made("button.button", { onclick: () => open(run.number), disabled: isOpen || isBusy(), title: isOpen ? "Its answers are in use" : "Use its answers again" }, String(run.number));
    const auc = of("auc");
    return made("tr", { title, "aria-current": String(isOpen) }, made("th", { scope: "row" }, button), made("td", {}, KINDS[run.choice.kind]?.split(" ").at(-1) ?? run.choice.kind), made("td", {}, run.tags.toLocaleString("en")), made("td", {}, auc === null ? "-" : auc.toFixed(2)), made("td", {}, percent(of("accuracy"))));
  }

  Object.assign(window.curate, { learning, watchModel: watch, forgetModel: () => (modelOf = "") });
})();
