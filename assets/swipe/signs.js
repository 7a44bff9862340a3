/* What the Swipe page tells: how far the batch is, how long it took, whether all is saved, and what is in the way. It keeps nothing of its
   own but clocks. */
(() => {
  const TOAST_MS = 2600;

  const byId = (id) => document.getElementById(id);
  const numbered = (count) => count.toLocaleString("en");
  const filled = (name, text) => Object.assign(document.createElement(name), { textContent: text });

  /** The bar and the words beside it. done : answers of the batch. size : of the batch. open : items without an answer. */
  function tellBatch({ done, size, open }) {
    const share = size > 0 ? Math.min(done / size, 1) : 1;
    const bar = byId("bar");
    bar.setAttribute("aria-valuenow", done);
    bar.setAttribute("aria-valuemax", size);
    bar.firstElementChild.style.transform = `scaleX(${share})`;
    const left = Math.max(size - done, 0);
    byId("left").textContent = left === 1 ? "Last image" : `${left} in this batch, ${numbered(open)} in all`;
  }

  function tellSaved(state, waiting) {
    const words = { saved: "Saved", sending: "Saving", offline: waiting > 0 ? `Offline, ${waiting} kept here` : "Offline", signed_out: `Signed out, ${waiting} kept here` };
    byId("saved").textContent = words[state];
    byId("saved").dataset.state = state;
  }

  function tellTime(ms) {
    const seconds = Math.floor(ms / 1000);
    byId("timer").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  /** In place of a card; null takes it away. */
  function notice(title, text = "") {
    const place = byId("notice");
    place.hidden = title === null;
    if (title !== null) place.replaceChildren(filled("strong", title), filled("span", text));
  }

  let toasting = 0;
  function toast(text) {
    clearTimeout(toasting);
    byId("toast").textContent = text;
    byId("toast").hidden = false;
    toasting = setTimeout(() => (byId("toast").hidden = true), TOAST_MS);
  }

  /** For who hears the page. */
  const live = (text) => (byId("live").textContent = text);

  window.swipe = { ...window.swipe, signs: { tellBatch, tellSaved, tellTime, notice, toast, live, filled, numbered } };
})();
