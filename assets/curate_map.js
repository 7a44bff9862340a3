/* The map of Curate: every item is a point, and what looks alike lies close. A lasso chooses what the quick tags mean; hovering shows the picture.
   curate_points.js draws it and hears the hand. */
(() => {
  const { made, ask, of, draw, present, colorOf, state } = window.curate;
  const WORDS = ["No", "Yes", "Unsure"];

  let known = null; // what the server said: {x, y, values, exclude, validation, chances, ways}
  let tableOf = ""; // the table it is of
  let way = "pca";
  let colouring = "labels"; // or "chance: X", "errors: X"
  let points = null; // the canvas, once there is one
  let moves = false; // whether a drag moves the map in place of drawing a lasso
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
    const find = () => ask(of(`/map?${new URLSearchParams({ way })}`));
    let told = await find();
    while (told?.stage && (await window.curate.seen())) told = await find(); // first they are looked at, then some maps take a minute
    if (!told?.x || id !== state.table?.id || !state.mapping) return void (state.mapping = Boolean(known && tableOf === id && state.mapping));
    if (tableOf !== id) items.clear();
    known = told;
    tableOf = id;
    place().classList.add("mapping");
    plot();
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
      made("span.curate-map-tools", {}, tool("Lasso", "Draw around points to choose them", false), tool("Move", "Drag to move the map; the middle button always does", true),
        made("button.button", { onclick: () => points.farther(), ariaLabel: "Farther", title: "Farther (the wheel)" }, "-"),
        made("button.button", { onclick: () => points.closer(), ariaLabel: "Closer", title: "Closer (the wheel)" }, "+"),
        made("button.button", { onclick: () => points.whole(), title: "All points in view (a double click)" }, "All")),
      legend()); // prettier-ignore
  }

  function tool(name, title, value) {
    return made("button.button", { onclick: () => ((moves = points.moves = value), controls()), title, "aria-pressed": String(moves === value) }, name);
  }

  /** What the looks mean, with how many points have each. */
  function legend() {
    const shown = groups().filter(({ numbers }) => numbers.length > 0); // prettier-ignore
    const keys = shown.map(({ name, numbers, marker }) => made("span", {}, window.curate.stamp({ ...marker(0), size: 8, opacity: 1 }, devicePixelRatio), `${name} (${numbers.length.toLocaleString("en")})`));
    const [kind, name] = colouring.split(": ");
    const scale = made("span", {}, "0 %", made("i.curate-scale", { style: `--from: ${css("--muted")}; --to: ${kind === "chance" ? colorOf(name) : ""}` }), `100 % says the model of ${name}`);
    const told = kind === "errors" ? made("span.curate-note", {}, "Large ones were unsure.") : "";
    return made("div.curate-legend", {}, ...(kind === "chance" ? [scale] : keys), told);
  }

  /** Groups of points of one look: {name, numbers, marker: of a place in them}. */
  function groups() {
    const [kind, name] = [colouring.split(": ")[0], colouring.split(": ").slice(1).join(": ")];
    if (kind === "chance") return byChance(name);
    return kind === "errors" ? byError(name) : byLabel();
  }

  const all = () => known.x.map((_, number) => number);
  const muted = (opacity = 0.45) => () => ({ symbol: "dot", color: css("--muted"), size: 6, opacity });

  /** Every item by the first class it has; the rest by what else is known. */
  function byLabel() {
    const { classes } = state.table;
    const left = new Set(all());
    const take = (test) => [...left].filter((number) => test(number) && left.delete(number));
    const look = (symbol, color, size) => () => ({ symbol, color, size });
    const out = new Set(known.exclude);
    const found = [{ name: "Excluded", numbers: take((number) => out.has(number)), marker: look("cross", css("--muted"), 6) }];
    for (const name of classes) found.push({ name, numbers: take((number) => known.values[name][number] === 1), marker: look("dot", colorOf(name), 8) });
    found.push({ name: "None of them", numbers: take((number) => classes.some((name) => known.values[name][number] === 0)), marker: look("ring", css("--text"), 7) });
    return [{ name: "Without a label", numbers: [...left], marker: muted() }, ...found];
  }

  function byChance(name) {
    const said = known.chances[name];
    const numbers = all().filter((number) => said[number] !== null);
    const [color, over] = [css("--muted"), colorOf(name)];
    return [{ name, numbers, marker: (place) => ({ symbol: "dot", color, over, size: 7, share: said[numbers[place]] }) }];
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
      return { name: title, numbers, marker: (place) => ({ symbol, color, size: 7 + 7 * doubt(numbers[place]) }) };
    };
    const rest = new Set(tested);
    return [
      { name: "Not judged", numbers: all().filter((number) => !rest.has(number)), marker: muted(0.15) },
      group(`${name}, right`, (number) => isRight(number) && known.values[name][number] === 1, colorOf(name), "dot"),
      group(`not ${name}, right`, (number) => isRight(number) && known.values[name][number] === 0, css("--text"), "ring"),
      group(`${name}, missed`, (number) => !isRight(number) && known.values[name][number] === 1, css("--danger"), "cross"),
      group(`not ${name}, taken for it`, (number) => !isRight(number) && known.values[name][number] === 0, css("--warn"), "cross"),
    ];
  }

  function plot() {
    points ??= new window.curate.Points(document.getElementById("curate-map"), { choose, hover });
    controls();
    const drawn = groups().map(({ numbers, marker }) => ({ numbers, markerOf: marker }));
    points.show({ x: known.x, y: known.y, groups: drawn, name: `${tableOf} ${way}`, words: `A map of ${known.x.length.toLocaleString("en")} items; alike ones lie close` });
  }

  // ---- what is chosen ----

  /** The grid shows what the lasso has caught; the quick tags mean all of it. */
  async function choose(numbers) {
    points.light(numbers);
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

  async function hover(number, event) {
    if (number === null) return hide();
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
