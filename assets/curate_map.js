/* The map of Curate: every item is a point, and what looks alike lies close. A lasso chooses what the quick tags mean; hovering shows the picture. */
(() => {
  const { made, ask, of, draw, present, colorOf, state } = window.curate;
  const GRAPH = "curate-graph";
  const START_MS = 20000; // for Plotly to load: it is not there before it is wanted
  const WORDS = ["No", "Yes", "Unsure"];

  let known = null; // what the server said: {x, y, values, exclude, validation, chances, ways}
  let tableOf = ""; // the table it is of
  let way = "pca";
  let colouring = "labels"; // or "chance: X", "errors: X"
  let hovered = null;
  const items = new Map(); // looked at by hovering

  const place = () => document.querySelector(".curate-place");
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  async function toggle() {
    if (state.mapping) return close();
    state.mapping = true;
    await load();
    return window.curate.show();
  }

  async function close() {
    state.mapping = false;
    place().classList.remove("mapping");
    hide();
    if (state.table) await draw();
  }

  /** The points and what is said of them; waits until the items have been looked at. */
  async function load() {
    const { id } = state.table;
    let told = await ask(of(`/map?${new URLSearchParams({ way })}`));
    if (told?.stage && (await window.curate.seen())) told = await ask(of(`/map?${new URLSearchParams({ way })}`));
    if (!told?.x || id !== state.table?.id || !state.mapping) return void (state.mapping = Boolean(known && tableOf === id && state.mapping));
    if (tableOf !== id) items.clear();
    known = told;
    tableOf = id;
    place().classList.add("mapping");
    controls();
    await plot();
  }

  // ---- what is drawn ----

  function controls() {
    const { classes } = state.table;
    const colourings = { labels: "Labels" };
    for (const name of known.chances ? classes : []) Object.assign(colourings, { [`chance: ${name}`]: `What the model says of ${name}`, [`errors: ${name}`]: `Errors of the model on ${name}` });
    if (!colourings[colouring]) colouring = "labels";
    const choose = (title, options, chosen, onchange) => made("select.form-select", { ariaLabel: title, title, onchange }, ...options.map(([value, text, reason = ""]) => made("option", { value, selected: value === chosen, disabled: Boolean(reason), title: reason }, reason ? `${text} (${reason})` : text)));
    document.getElementById("curate-map-bar").replaceChildren(
      choose("Colours", Object.entries(colourings), colouring, ({ target }) => ((colouring = target.value), plot())),
      choose("Layout", known.ways.map(({ name, title, reason }) => [name, title, reason]), way, ({ target }) => ((way = target.value), load())),
      made("span.curate-note", {}, colouring.startsWith("errors") ? "Crosses are wrong; large ones were unsure. A click shows the picture." : "Draw around points to choose them.")); // prettier-ignore
  }

  /** Groups of points of one look: {name, numbers, marker}. */
  function groups() {
    const [kind, name] = [colouring.split(": ")[0], colouring.split(": ").slice(1).join(": ")];
    if (kind === "chance") return byChance(name);
    return kind === "errors" ? byError(name) : byLabel();
  }

  const all = () => known.x.map((_, number) => number);
  const muted = () => ({ color: css("--muted"), size: 6, opacity: 0.45 });

  /** Every item by the first class it has; the rest by what else is known. */
  function byLabel() {
    const { classes } = state.table;
    const left = new Set(all());
    const take = (test) => [...left].filter((number) => test(number) && left.delete(number));
    const out = new Set(known.exclude);
    const found = [{ name: "Excluded", numbers: take((number) => out.has(number)), marker: { ...muted(), symbol: "x-thin-open" } }];
    for (const name of classes) found.push({ name, numbers: take((number) => known.values[name][number] === 1), marker: { color: colorOf(name), size: 8, opacity: 0.9 } });
    found.push({ name: "None of them", numbers: take((number) => classes.some((name) => known.values[name][number] === 0)), marker: { color: css("--text"), size: 7, symbol: "circle-open" } });
    return [{ name: "Without a label", numbers: [...left], marker: muted() }, ...found];
  }

  function byChance(name) {
    const said = known.chances[name];
    const numbers = all().filter((number) => said[number] !== null);
    const marker = { color: numbers.map((number) => said[number]), cmin: 0, cmax: 1, size: 7, opacity: 0.85, colorscale: [[0, css("--muted")], [1, colorOf(name)]], colorbar: { thickness: 8, len: 0.5, tickformat: ".0%", outlinewidth: 0 } }; // prettier-ignore
    return [{ name, numbers, marker, hidden: true }];
  }

  /** Held-out items with a label, else those it learned from; the others stay faint. */
  function byError(name) {
    const said = known.chances[name];
    const out = new Set(known.exclude);
    const held = new Set(known.validation);
    const judged = all().filter((number) => !out.has(number) && said[number] !== null && [0, 1].includes(known.values[name][number]));
    const tested = judged.some((number) => held.has(number)) ? judged.filter((number) => held.has(number)) : judged;
    const isRight = (number) => said[number] >= 0.5 === (known.values[name][number] === 1);
    const doubt = (number) => 4 * said[number] * (1 - said[number]);
    const group = (title, test, color, symbol) => {
      const numbers = tested.filter(test);
      return { name: title, numbers, marker: { color, symbol, size: numbers.map((number) => 7 + 7 * doubt(number)), opacity: 0.95 } };
    };
    const rest = new Set(tested);
    return [
      { name: "Not judged", numbers: all().filter((number) => !rest.has(number)), marker: { ...muted(), opacity: 0.15 } },
      group(`${name}, right`, (number) => isRight(number) && known.values[name][number] === 1, colorOf(name), "circle"),
      group(`not ${name}, right`, (number) => isRight(number) && known.values[name][number] === 0, css("--text"), "circle-open"),
      group(`${name}, missed`, (number) => !isRight(number) && known.values[name][number] === 1, css("--danger"), "x"),
      group(`not ${name}, taken for it`, (number) => !isRight(number) && known.values[name][number] === 0, css("--warn"), "x"),
    ];
  }

  /** Not "scattergl": Plotly compiles its shaders by eval, which the page's security policy forbids. */
  function trace({ name, numbers, marker, hidden = false }) {
    const at = (axis) => numbers.map((number) => known[axis][number]);
    return { type: "scatter", mode: "markers", name: `${name} (${numbers.length.toLocaleString("en")})`, x: at("x"), y: at("y"), customdata: numbers, marker, hoverinfo: "none", showlegend: !hidden, unselected: { marker: { opacity: 0.12 } } };
  }

  function figure() {
    const hidden = { visible: false, showgrid: false, zeroline: false };
    const data = groups().filter(({ numbers }) => numbers.length > 0).map(trace); // prettier-ignore
    const layout = { dragmode: "lasso", hovermode: "closest", margin: { l: 8, r: 8, t: 8, b: 8 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: "inherit", size: 12, color: css("--text") }, legend: { orientation: "h", x: 0, y: 0, yanchor: "top" }, xaxis: hidden, yaxis: hidden, uirevision: `${tableOf} ${way}`, selectionrevision: colouring, modebar: { bgcolor: "rgba(0,0,0,0)", color: css("--muted"), activecolor: css("--accent") }, newselection: { line: { color: css("--accent") } } };
    return { data, layout };
  }

  const CONFIG = { displaylogo: false, scrollZoom: true, responsive: true, displayModeBar: true, modeBarButtons: [["lasso2d", "select2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]] };

  async function plot() {
    controls();
    const { set_props } = window.dash_clientside;
    if (document.getElementById(GRAPH)) return set_props(GRAPH, { figure: figure() });
    set_props("curate-map", { children: { namespace: "dash_core_components", type: "Graph", props: { id: GRAPH, figure: figure(), config: CONFIG, responsive: true } } });
    return listen(performance.now() + START_MS);
  }

  /** Once Plotly has drawn, its events. */
  function listen(until) {
    const graph = document.querySelector(`#${GRAPH} .js-plotly-plot`);
    if (!graph?.on) return performance.now() < until && requestAnimationFrame(() => listen(until));
    graph.on("plotly_selected", (event) => event?.points && choose(event.points.map(({ customdata }) => customdata)));
    graph.on("plotly_deselect", () => choose([]));
    graph.on("plotly_click", ({ points }) => choose(points.map(({ customdata }) => customdata)));
    graph.on("plotly_hover", hover);
    graph.on("plotly_unhover", hide);
    return true;
  }

  // ---- what is chosen ----

  /** The grid shows what the lasso has caught; the quick tags mean all of it. */
  async function choose(numbers) {
    if (numbers.length === 0) return draw();
    await present(numbers, numbers.length === 1 ? "1 point chosen on the map" : `${numbers.length.toLocaleString("en")} points chosen on the map; the tags mean all of them`);
    state.chosen = new Set(numbers);
    return window.curate.show();
  }

  /** An item as the map knows it: a tag may mean some that the grid does not show. */
  function mapped(number) {
    if (!known || !state.mapping) return null;
    const values = Object.fromEntries(Object.entries(known.values).map(([name, said]) => [name, said[number]]).filter(([, value]) => value !== null)); // prettier-ignore
    return { number, values, exclude: known.exclude.includes(number), validation: known.validation.includes(number) };
  }

  async function hover({ points: [{ customdata: number }], event }) {
    hovered = number;
    if (!items.has(number)) {
      const told = await ask(of("/items"), { numbers: [number] });
      if (!told) return;
      items.set(number, told.items[0]);
    }
    if (hovered !== number) return;
    const item = items.get(number);
    const card = document.querySelector(".curate-hover") ?? document.body.appendChild(made("div.curate-hover"));
    card.replaceChildren(made("img", { src: `${item.picture}/256`, alt: "" }), made("span", {}, item.name.split("/").at(-1)), ...words(number));
    const left = event.clientX > innerWidth / 2;
    card.style.cssText = `top: ${Math.min(event.clientY, innerHeight - 200)}px; ${left ? `right: ${innerWidth - event.clientX + 16}px` : `left: ${event.clientX + 16}px`}`;
  }

  const words = (number) => state.table.classes.filter((name) => known.values[name][number] !== null).map((name) => made("span.curate-note", { style: `--tag: ${colorOf(name)}` }, `${name}: ${WORDS[known.values[name][number]]}`)); // prettier-ignore

  function hide() {
    hovered = null;
    document.querySelector(".curate-hover")?.remove();
  }

  Object.assign(window.curate, { map: toggle, mapped, remap: () => state.mapping && load(), unmap: () => ((state.mapping = false), place()?.classList.remove("mapping"), hide()) });
})();
