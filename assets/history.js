/* What the history must do at once: open by its key, offer two ends of a comparison, go to the slices that differ.
   Python names these functions in `ClientsideFunction("past", ...)`. */
(() => {
  const VIEWER = "viewer";
  const ARRIVAL_MS = 5000; // within which the list that was asked for is scrolled to
  const COMPARING = "comparing"; // in the class of the lists: each line has an A and a B

  let opened = -ARRIVAL_MS; // by the key, on the clock of the page

  const triggered = () => window.dash_clientside.callback_context.triggered_id;
  const pressed = () => Boolean(window.dash_clientside.callback_context.triggered[0]?.value);
  const panel = () => document.querySelector("details[data-panel=history]");
  const goTo = (slice) => window.dash_clientside.set_props(VIEWER, { slice });

  /** The key opens the panel, and folds it again. */
  function toggle() {
    const history = panel();
    if (history === null) return;
    const sidebar = document.getElementById("sidebar");
    const seen = history.open && !sidebar.hidden;
    if (sidebar.hidden) document.getElementById("sidebar-toggle").click();
    history.open = !seen;
    if (seen) return;
    opened = performance.now();
    history.scrollIntoView({ block: "start" });
    history.querySelector("summary").focus({ preventScroll: true });
  }

  /** The list has come: what the key has opened is longer now. */
  function scrollToOpened() {
    if (performance.now() - opened < ARRIVAL_MS) panel().scrollIntoView({ block: "start" });
    opened = -ARRIVAL_MS;
  }

  /** Escape leaves the past, unless it closes something above it. */
  function leave(event) {
    const banner = document.getElementById("moment-banner");
    if (event.key !== "Escape" || event.defaultPrevented || banner === null || banner.hidden) return;
    if (event.target.closest("input, select, textarea") || document.querySelector(".sv-keys, .picker-open, .sv-focus")) return;
    document.getElementById("moment-back").click();
  }

  /** The nearest of the slices, or the next one on a side. */
  function choose(slices, slice, step) {
    if (step > 0) return slices.find((z) => z > slice) ?? slices[0];
    if (step < 0) return slices.findLast((z) => z < slice) ?? slices.at(-1);
    return slices.reduce((best, z) => (Math.abs(z - slice) < Math.abs(best - slice) ? z : best), slices[0]);
  }

  function markLine(line, moment) {
    const { revision } = line.dataset;
    const other = moment?.against;
    const isA = moment !== null && revision === String(moment.revision);
    const isB = Boolean(other) && revision === (other.is_now ? "0" : String(other.revision));
    line.classList.toggle("active", isA || isB);
    for (const end of line.querySelectorAll(".history-end")) {
      end.setAttribute("aria-pressed", String(Boolean(other) && (end.dataset.end === "a" ? isA : isB)));
    }
  }

  const functions = {
    /** Whether lines have their A and B: on request, and while two moments are compared. */
    offerEnds(_clicks, moment, offered) {
      const asked = triggered() === "history-compare" ? offered !== "true" : offered === "true";
      const comparing = asked || Boolean(moment?.against);
      return [comparing ? `history-lists ${COMPARING}` : "history-lists", String(comparing)];
    },

    /** Mark what is looked at. */
    markMoment(moment, _edits, _names) {
      const isList = triggered() === "history-list";
      setTimeout(() => {
        panel()?.querySelectorAll(".history-line").forEach((line) => markLine(line, moment ?? null));
        if (isList) scrollToOpened();
      }); // after they are drawn
    },

    /** Go to where the edit was, or to a slice that differs; stay where something is to be seen. */
    goToMoment(moment, shown, _previous, _next, slice) {
      const differing = moment?.against ? (shown?.differing ?? []) : [];
      const step = { "moment-next": 1, "moment-previous": -1 }[triggered()];
      if (step && pressed() && differing.length > 0) return goTo(choose(differing, slice, step));
      const [first, last] = moment?.against ? [] : (moment?.slices ?? []);
      if (slice < first || slice > last) goTo(first);
      else if (differing.length > 0 && !differing.includes(slice)) goTo(choose(differing, slice, 0));
    },
  };

  document.addEventListener("sv-history", toggle);
  document.addEventListener("keydown", leave);
  window.dash_clientside = { ...window.dash_clientside, past: functions };
})();
