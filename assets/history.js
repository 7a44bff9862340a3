/* What the history must do at once: open by its key, offer two ends of a comparison, go to the slices that differ.
   Python names these functions in `ClientsideFunction("past", ...)`. */
(() => {
  const { presses } = window.base;
  const VIEWER = "viewer";
  const ARRIVAL_MS = 5000; // within which the list that was asked for is scrolled to
  const COMPARING = "comparing"; // in the class of the lists: each line has an A and a B

  const NOW = 0; // stands for the newest moment

  let opened = -ARRIVAL_MS; // by the key, on the clock of the page

  const triggered = () => window.dash_clientside.callback_context.triggered_id;
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

  const isCompared = (moment) => Number.isInteger(moment?.against);

  /** What to look at after a button was pressed; null: now. Without the other end A is compared with now, B with the moment just before it. */
  function next(moment, button, newest) {
    if (button === "moment-back") return null;
    if (button === "moment-compare") return moment && { ...moment, against: NOW };
    const { type, end, revision } = button;
    if (type !== "moment-end") return { revision, against: null };
    if (end === "a") return { revision, against: moment?.against ?? NOW };
    return { revision: moment?.revision ?? (revision || newest) - 1, against: revision };
  }

  function markLine(line, moment) {
    const { revision } = line.dataset;
    const isA = moment !== null && revision === String(moment.revision);
    const isB = isCompared(moment) && revision === String(moment.against);
    line.classList.toggle("active", isA || isB);
    for (const end of line.querySelectorAll(".history-end")) {
      end.setAttribute("aria-pressed", String(isCompared(moment) && (end.dataset.end === "a" ? isA : isB)));
    }
  }

  const functions = {
    /** What is looked at, or A and B of a comparison, after all buttons that were pressed. */
    chooseMoment(...values) {
      const [volume, moment, listed] = values.slice(-3);
      const buttons = presses();
      if (!volume || buttons.includes("volume-store")) return moment ? null : window.dash_clientside.no_update;
      if (buttons.length === 0) return window.dash_clientside.no_update;
      return buttons.reduce((now, button) => next(now, button, listed?.revision ?? 0), moment ?? null);
    },

    /** Whether lines have their A and B: on request, and while two moments are compared. */
    offerEnds(_clicks, moment, offered) {
      const asked = triggered() === "history-compare" ? offered !== "true" : offered === "true";
      const comparing = asked || isCompared(moment);
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
    goToMoment(shown, _previous, _next, slice) {
      const differing = shown?.differing ?? [];
      const step = { "moment-next": 1, "moment-previous": -1 }[presses().at(-1)];
      if (step && differing.length > 0) return goTo(choose(differing, slice, step));
      const [first, last] = shown?.edited ?? [];
      if (slice < first || slice > last) goTo(first);
      else if (differing.length > 0 && !differing.includes(slice)) goTo(choose(differing, slice, 0));
    },
  };

  document.addEventListener("sv-history", toggle);
  document.addEventListener("keydown", leave);
  window.dash_clientside = { ...window.dash_clientside, past: functions };
})();
