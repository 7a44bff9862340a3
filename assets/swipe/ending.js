/* The end of a batch, or of all: what was answered, how long it took, and the way on. */
(() => {
  const { filled, numbered } = window.swipe.signs;
  const byId = (id) => document.getElementById(id);
  const HUES = [145, 205, 40, 20];
  const PIECES = 36;

  /** all : nothing is left. batch : {count, counts, shownMs}. people : how many have answered. left : items. canUndo : an answer can be taken back. */
  function showEnd({ all, batch, people, left, canUndo }) {
    byId("end").hidden = false;
    byId("end").classList.toggle("all", all);
    byId("end-title").textContent = all ? "All done" : "Batch done";
    byId("end-text").textContent = pace(batch) + (all ? `Nothing is left to ask${people > 1 ? `; ${people} people have answered` : ""}.` : `${numbered(left)} left.`);
    const { accept, reject, unsure } = batch.counts;
    byId("end-counts").replaceChildren(row("Accepted", accept, "accept"), row("Rejected", reject, "reject"), row("Unsure", unsure, "unsure"));
    byId("continue").hidden = all;
    byId("end-undo").hidden = !canUndo;
    if (all && batch.count > 0) confetti();
    byId("end-title").focus();
  }

  const hideEnd = () => (byId("end").hidden = true);

  const pace = ({ count, shownMs }) => (count > 0 ? `${count} ${count === 1 ? "image" : "images"} in ${Math.round(shownMs / 1000)} s. ` : "");

  function row(name, value, kind) {
    const made = Object.assign(document.createElement("div"), { className: `count-${kind}` });
    made.append(filled("dt", name), filled("dd", value));
    return made;
  }

  function confetti() {
    const pieces = Array.from({ length: PIECES }, (_, at) => {
      const piece = document.createElement("i");
      piece.style.cssText = `--x:${Math.round(Math.random() * 100)}; --wait:${(Math.random() * 0.5).toFixed(2)}s; --turn:${Math.round(Math.random() * 720)}deg; --hue:${HUES[at % HUES.length]}`;
      return piece;
    });
    byId("confetti").replaceChildren(...pieces);
  }

  window.swipe = { ...window.swipe, showEnd, hideEnd };
})();
