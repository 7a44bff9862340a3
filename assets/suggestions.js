/** Goes to the place that was suggested, and presses the button when the viewer hears its key. */
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

  document.addEventListener("sv-suggest", () => document.getElementById("suggest-button")?.click());
  window.dash_clientside = { ...window.dash_clientside, suggestions: functions };
})();
