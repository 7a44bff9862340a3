/* The tour of a first visit: a card beside each thing one needs first. It takes no focus and no key but Esc, and leaves for
   good when it is skipped, when it is through, or when somebody begins to work on the image. The card of keys starts it again. */
(() => {
  const { element } = window.base;
  const KEPT = "tour"; // in the browser's storage, once the tour was left
  const GAP = 12; // CSS pixels between the card and what it speaks of
  const NARROW = 64; // a tool: the card goes beside it, not over its neighbours
  const RING = 4; // around that
  const LOOK_MS = 300; // between two looks whether the page is there

  const STEPS = [
    {
      target: "#dataset-button",
      title: "Your images",
      text: "Choose another dataset here. The wheel zooms, Space and a drag move the image, and the arrow keys change the slice.",
    },
    {
      target: ".sv-rail .sv-tool:nth-of-type(2)",
      title: "Paint",
      text: "B is the brush and X the eraser. Every stroke is saved by itself; Ctrl Z takes it back.",
    },
    {
      target: "#class-list",
      title: "Name what you see",
      text: "Paint a few strokes of two classes or more, on two or three slices. The keys 1 to 9 choose the class.",
    },
    {
      target: ".place-tab:nth-of-type(2)",
      title: "Train",
      text: "Models learn from your strokes. The predicted masks appear over the image slice by slice; correct them and train again.",
    },
    { target: ".sv-tool-help", title: "All keys", text: "? shows every key, and this tour again." },
  ];

  let left = null; // ends the tour that is under way

  const button = (className, text, press) => element("button", className, text, { type: "button", onclick: press });

  function wasLeft() {
    try {
      return localStorage.getItem(KEPT) !== null;
    } catch {
      return true; // no storage in this window: better no tour than one at every visit
    }
  }

  function remember() {
    try {
      localStorage.setItem(KEPT, "left");
    } catch {
      // the next visit has the tour again
    }
  }

  /** Beside the target where there is room: on its right, its left, below or above it. */
  function placed({ width, height }, target) {
    const [across, down] = [innerWidth - width - GAP, innerHeight - height - GAP];
    const fit = (value, most) => Math.max(GAP, Math.min(value, most));
    const middle = fit(target.top + target.height / 2 - height / 2, down);
    if (target.width < NARROW && target.right + GAP <= across) return [target.right + GAP, middle];
    if (target.bottom + GAP <= down && target.top < innerHeight / 8) return [fit(target.left, across), target.bottom + GAP];
    if (target.left - GAP - width >= GAP) return [target.left - GAP - width, middle];
    return [fit(target.right + GAP, across), fit(target.top - height + target.height, down)];
  }

  function move(card, ring, { target }) {
    const box = document.querySelector(target)?.getBoundingClientRect();
    const seen = box !== undefined && box.width > 0;
    ring.hidden = !seen;
    const at = seen ? box : new DOMRect(innerWidth / 2, innerHeight / 2, 0, 0);
    const [x, y] = placed(card.getBoundingClientRect(), at);
    Object.assign(card.style, { left: `${x}px`, top: `${y}px` });
    const [inset, size] = [(edge) => `${edge - RING}px`, (length) => `${length + 2 * RING}px`];
    Object.assign(ring.style, { left: inset(at.left), top: inset(at.top), width: size(at.width), height: size(at.height) });
  }

  function fill(card, number, { next, leave }) {
    const { title, text } = STEPS[number];
    const isLast = number === STEPS.length - 1;
    const foot = element("footer", "");
    foot.append(element("span", "tour-number", `${number + 1} of ${STEPS.length}`));
    if (!isLast) foot.append(button("button", "Skip", leave));
    foot.append(button("button primary", isLast ? "Done" : "Next", isLast ? leave : next));
    card.replaceChildren(element("h2", "", title), element("p", "", text), foot);
  }

  function start() {
    left?.();
    const stop = new AbortController();
    const [card, ring] = [element("section", "tour"), element("div", "tour-ring")];
    let number = 0;
    const leave = () => {
      remember();
      stop.abort();
      card.remove();
      ring.remove();
      left = null;
    };
    const show = () => move(card, ring, STEPS[number]);
    const next = () => {
      number += 1;
      fill(card, number, { next, leave });
      show();
    };
    left = leave;
    card.setAttribute("aria-label", "Tour");
    card.setAttribute("aria-live", "polite");
    fill(card, 0, { next, leave });
    document.body.append(ring, card);
    show();
    const { signal } = stop;
    addEventListener("resize", show, { signal });
    document.addEventListener("keydown", ({ key }) => key === "Escape" && leave(), { signal });
    document.addEventListener("pointerdown", ({ target }) => target.closest?.(".sv-surface") && leave(), { signal, capture: true });
  }

  /** A first visit: nobody has followed a link to a certain place, and the image is there to be spoken of, in the whole page. */
  function startOnceReady() {
    const looking = setInterval(() => {
      if (document.querySelector(".sv-root")?.__viewer?.state().ready !== true) return;
      clearInterval(looking);
      if (!wasLeft() && document.querySelector(STEPS[0].target)) start();
    }, LOOK_MS);
  }

  const isLinked = new URLSearchParams(location.search).has("volume");
  const isComing = !isLinked && !wasLeft();
  document.documentElement.dataset.tour = isComing ? "coming" : "offered"; // the card of keys then has a button for it
  document.addEventListener("sv-tour", start);
  if (isComing) startOnceReady();
})();
