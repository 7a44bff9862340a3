/* Keys and buttons of the Swipe page, and what each of them does. The deck hears fingers and the mouse by itself. */
(() => {
  const CLICK_MS = 700; // within which a click belongs to the finger that was lifted
  const VERDICTS = { ArrowRight: "accept", ArrowLeft: "reject", ArrowDown: "unsure" };

  const byId = (id) => document.getElementById(id);

  /** Act when a finger is lifted: right after a swipe browsers swallow the click, as if it stopped a scroll. Keys and readers only click. */
  function onPress(button, act) {
    let lifted = -Infinity;
    button.addEventListener("pointerup", ({ pointerType, clientX, clientY }) => {
      if (pointerType !== "touch" || !button.contains(document.elementFromPoint(clientX, clientY))) return;
      lifted = performance.now();
      act();
    });
    button.addEventListener("click", () => performance.now() - lifted > CLICK_MS && act());
  }

  /** acts : {decide, undo, redo, proceed, share, switchTheme, help, deck, looking, isOver, isTaught}. */
  function connect(acts) {
    const { decide, undo, deck } = acts;
    for (const button of document.querySelectorAll("[data-verdict]")) onPress(button, () => decide(button.dataset.verdict));
    onPress(byId("undo"), undo);
    const clicks = { "end-undo": undo, continue: acts.proceed, share: acts.share, theme: acts.switchTheme, "zoom-in": () => deck.zoom(1.8), "zoom-out": () => deck.fit(), help: acts.help };
    for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
    document.addEventListener("keydown", (event) => key(acts, event));
  }

  const others = ({ undo, redo, share, help, deck, looking }) => ({
    z: undo, u: undo, y: redo, c: () => looking.toggle(), h: () => looking.equalise(), s: share, "?": help,
    "+": () => deck.zoom(1.5), "=": () => deck.zoom(1.5), "-": () => deck.zoom(1 / 1.5), 0: () => deck.fit(),
  }); // prettier-ignore

  function key(acts, event) {
    if (event.repeat || acts.isTaught() || (event.altKey && !event.ctrlKey)) return; // a held key answers once
    if (event.target.matches("input[type=range]") && event.key.startsWith("Arrow")) return;
    if (event.key === "Escape" && acts.looking.isOpen) return void acts.looking.toggle(false);
    if ((event.key === "Enter" || event.key === " ") && acts.isOver() && !event.target.matches("button")) return void (byId("continue").hidden || acts.proceed());
    const doing = meant(acts, event);
    if (!doing) return;
    event.preventDefault();
    doing();
  }

  /** What a key does, or nothing. */
  function meant(acts, event) {
    const control = event.ctrlKey || event.metaKey;
    const letter = event.key.toLowerCase();
    if (control) return letter === "z" ? (event.shiftKey ? acts.redo : acts.undo) : undefined;
    const verdict = VERDICTS[event.key];
    return verdict ? () => acts.decide(verdict) : others(acts)[letter];
  }

  window.swipe = { ...window.swipe, connect };
})();
