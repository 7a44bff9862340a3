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

  document.addEventListener("sv-suggest", () => document.getElementById("suggest-button")?.click());
  window.dash_clientside = { ...window.dash_clientside, suggestions: functions };
})();
