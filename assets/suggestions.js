/** Goes to the place that was suggested, presses the button when the viewer hears its key, and asks Curate for what looks like the view. */
(function () {
  const SHARE = 0.6; // of the window's shorter side that the square takes

  const functions = {
    /** The square in the middle of the window, on its slice. */
    go(suggestion) {
      if (!suggestion) return;
      const { width, height } = document.querySelector("#viewer .sv-surface").getBoundingClientRect();
      const zoom = (SHARE * Math.min(width, height)) / suggestion.side;
      const place = ["xy", suggestion.x, suggestion.y, suggestion.z, zoom.toPrecision(4)].join("_");
      window.dash_clientside.set_props("viewer", { slice: suggestion.z, place });
    },
  };

  /** What shows of the slice, [y0, x0, y1, x1]; null while all of it does. */
  function shown(place) {
    if (!place) return null;
    const [, x, y, , zoom] = place.split("_").map(Number);
    const { width, height } = document.querySelector("#viewer .sv-surface").getBoundingClientRect();
    const [dx, dy] = [width / zoom / 2, height / zoom / 2];
    return [y - dy, x - dx, y + dy, x + dx].map((each) => Math.max(Math.round(each), 0));
  }

  /** Curate opens, and finds in a table of this volume what looks like the view (curate_like.js). */
  functions.alike = (_shows, _painted, place, z, volume) => {
    const { page, callback_context, set_props } = window.dash_clientside;
    if (!volume) return page.say({ kind: "error", text: "No dataset is open.", hint: "Choose one." });
    if (place && !place.startsWith("xy")) return page.say({ kind: "error", text: "Only slices can be searched.", hint: "Go to XY first." });
    window.curate.state.wish = { volume: volume.path, z, box: shown(place), painted: callback_context.triggered_id === "alike-painted" };
    return set_props("place-store", { data: "curate" });
  };

  const COLORS = ["#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#0072B2"];
  const [WIDE, HIGH] = [256, 96]; // of the curve, in its own units
  const escaped = (text) => Object.assign(document.createElement("i"), { textContent: text }).innerHTML.replaceAll('"', "&quot;");
  const short = (pixels) => new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 2 }).format(pixels);

  /** How the score of the models of this volume grew with labelled pixels: a line for each algorithm. */
  functions.growth = (_stamp, volume, registry) => {
    const figure = document.getElementById("growth");
    const known = (registry?.models ?? []).filter((row) => row.volume === volume?.path && row.labelled_pixels > 0 && row.score !== null && !row.archived);
    const models = known.sort((one, other) => one.labelled_pixels - other.labelled_pixels);
    if (models.length < 2) return void (figure.innerHTML = "<figcaption>Train twice on this volume, and the score over labelled pixels shows here.</figcaption>");
    const algorithms = [...new Set(models.map(({ algorithm }) => algorithm))];
    const most = models.at(-1).labelled_pixels;
    const [low, high] = [Math.min(...models.map(({ score }) => score)), Math.max(...models.map(({ score }) => score))];
    const floor = Math.max(low - Math.max(0.25 * (high - low), 0.02), 0);
    const at = ({ labelled_pixels, score }) => [(WIDE * labelled_pixels) / most, HIGH - (HIGH * (score - floor)) / Math.max(high - floor, 0.01)].map((each) => each.toFixed(1));
    const drawn = algorithms.map((name, place) => {
      const mine = models.filter(({ algorithm }) => algorithm === name);
      const color = COLORS[place % COLORS.length];
      const dots = mine.map((row) => `<circle cx="${at(row)[0]}" cy="${at(row)[1]}" r="4" fill="${color}"><title>${escaped(row.name)}: ${row.score.toFixed(3)} from ${row.labelled_pixels.toLocaleString("en")} pixels</title></circle>`);
      return `<polyline points="${mine.map((row) => at(row).join()).join(" ")}" fill="none" stroke="${color}" stroke-width="2"/>${dots.join("")}`;
    });
    const best = models.reduce((one, other) => (other.score > one.score ? other : one));
    const told = `Mean IoU over labelled pixels, ${models.length} models: ${models[0].score.toFixed(2)} from ${short(models[0].labelled_pixels)}, best ${best.score.toFixed(2)} from ${short(best.labelled_pixels)}.`;
    const keys = algorithms.map((name, place) => `<span style="--tag: ${COLORS[place % COLORS.length]}">${escaped(name)}</span>`).join("");
    figure.innerHTML = `<svg viewBox="-28 -8 ${WIDE + 40} ${HIGH + 28}" role="img" aria-label="${told}"><path d="M0 0V${HIGH}H${WIDE}" class="growth-axes"/><text x="-4" y="4" text-anchor="end">${high.toFixed(2)}</text><text x="-4" y="${HIGH}" text-anchor="end">${floor.toFixed(2)}</text><text x="0" y="${HIGH + 16}">0</text><text x="${WIDE}" y="${HIGH + 16}" text-anchor="end">${short(most)} pixels</text>${drawn.join("")}</svg><div class="growth-keys">${keys}</div><figcaption>${told}</figcaption>`;
    return undefined;
  };

  document.addEventListener("sv-suggest", () => document.getElementById("suggest-button")?.click());
  window.dash_clientside = { ...window.dash_clientside, suggestions: functions };
})();
