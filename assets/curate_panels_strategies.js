/* In Curate's last card: what each strategy would have been worth on the labels that are known. */
(() => {
  const { made, ask, of, state } = window.curate;
  const { field } = window.curate.forms;
  const COLORS = ["#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#F0E442", "#999999"]; // as many as there are strategies
  const MARGIN = 0.05; // of accuracy, below the lowest curve

  let asked = null; // the class whose labels are looked at

  /** learning : what curate_panels_learn.js knows of the model, and how it folds and draws. */
  function comparing({ model, folded, drawing, busy, look }) {
    const { classes } = state.table;
    if (!classes.includes(asked)) [asked] = classes;
    const pick = made("select.form-select", { name: "strategies", onchange: ({ target }) => (asked = target.value) }, ...classes.map((name) => made("option", { value: name, selected: name === asked }, name)));
    const compare = async () => {
      const told = await ask(of("/compare"), { class: asked });
      if (told) look(told);
    };
    return folded("strategies", "Which strategy?",
      made("p.curate-note", {}, "Hides the labels you have and gives them back as each strategy asks. It takes up to a minute."),
      field("Labels of", pick),
      made("button.button", { onclick: compare, disabled: busy }, "Compare strategies"),
      ...(model.comparison?.strategies ? curves(model.comparison, drawing) : []));
  } // prettier-ignore

  function curves({ class: name, seeds, strategies }, drawing) {
    const all = strategies.flatMap(({ points }) => points);
    const most = Math.max(...all.map(([labels]) => labels));
    const least = Math.max(Math.min(...all.map(([, accuracy]) => accuracy)) - MARGIN, 0);
    const place = ([labels, accuracy]) => `${(100 * labels) / most},${50 - (50 * (accuracy - least)) / (1 - least)}`;
    const lines = strategies.map(({ points }, at) => `<polyline points="${points.map(place).join(" ")}" fill="none" stroke="${COLORS[at % COLORS.length]}" stroke-width="1.5" vector-effect="non-scaling-stroke"/>`);
    const words = `Accuracy on items kept apart over labels of ${name}, from ${Math.round(100 * least)} % to 100 %, up to ${most} labels, mean of ${seeds} repetitions`;
    return [drawing(words, lines), made("p.curate-note", {}, `${words}.`), legend(strategies)];
  }

  /** The quickest first. */
  function legend(strategies) {
    const rows = strategies.map(({ strategy, needed }, at) => made("tr", {}, made("th", { scope: "row", style: `--tag: ${COLORS[at % COLORS.length]}` }, strategy), made("td", {}, needed === null ? "-" : String(needed))));
    const head = made("tr", {}, made("th"), made("th", { scope: "col", title: "Labels until 95 % of the accuracy with all of them; - where not in every repetition" }, "Labels until 95 %"));
    return made("table.curate-counts", {}, made("thead", {}, head), made("tbody", {}, ...rows));
  }

  window.curate.comparing = comparing;
})();
