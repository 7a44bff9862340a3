/* How the Swipe page works, in three cards: on the first visit, and whenever somebody asks. */
(() => {
  const KEPT = "swipe-tutorial";
  const byId = (id) => document.getElementById(id);
  const canTouch = () => matchMedia("(pointer: coarse)").matches;

  const steps = (asks) => [
    {
      show: "accept",
      title: "Right for yes",
      text: `Does the image show “${asks}”? Drag it to the right, or press the tick${canTouch() ? "" : " or the right arrow key"}.`,
    },
    {
      show: "reject",
      title: "Left for no",
      text: `Drag it to the left, or press the cross${canTouch() ? "" : " or the left arrow key"}. Downwards means you cannot tell; somebody looks again later.`,
    },
    {
      show: "zoom",
      title: "Look closer, change your mind",
      text: canTouch()
        ? "Two fingers or a double tap look closer. The first button takes answers back, as many as you like; the last one changes the contrast."
        : "The wheel or a double click looks closer, C changes the contrast. Z takes answers back, as many as you like.",
    },
  ];

  function wasSeen() {
    try {
      return localStorage.getItem(KEPT) !== null;
    } catch {
      return true;
    }
  }

  function remember() {
    try {
      localStorage.setItem(KEPT, "seen");
    } catch {
      // it comes again at the next visit
    }
  }

  class Tutorial {
    /** closed : what happens when it is over. */
    constructor(closed) {
      this.closed = closed;
      byId("tutorial-next").addEventListener("click", () => this.go(this.place + 1));
      byId("tutorial-skip").addEventListener("click", () => this.close());
      byId("tutorial").addEventListener("keydown", (event) => this.key(event));
    }

    get isOpen() {
      return !byId("tutorial")?.hidden;
    }

    openAtFirst(asks) {
      if (!wasSeen()) this.open(asks);
    }

    open(asks) {
      this.steps = steps(asks);
      this.before = document.activeElement;
      byId("tutorial").hidden = false;
      this.go(0);
    }

    go(place) {
      if (place >= this.steps.length) return this.close();
      this.place = place;
      const { show, title, text } = this.steps[place];
      byId("tutorial-show").dataset.show = show;
      byId("tutorial-title").textContent = title;
      byId("tutorial-text").textContent = text;
      byId("tutorial-dots").replaceChildren(...this.steps.map((_, at) => Object.assign(document.createElement("i"), { className: at === place ? "here" : "" })));
      byId("tutorial-next").textContent = place === this.steps.length - 1 ? "Start" : "Next";
      return byId("tutorial-title").focus();
    }

    close() {
      remember();
      byId("tutorial").hidden = true;
      this.before?.focus?.();
      this.closed();
    }

    /** The focus stays inside; Escape closes; arrows go on and back. */
    key(event) {
      event.stopPropagation();
      if (event.key === "Escape") this.close();
      if (event.key === "ArrowRight") this.go(this.place + 1);
      if (event.key === "ArrowLeft") this.go(Math.max(this.place - 1, 0));
      if (event.key === "Tab") {
        event.preventDefault();
        const stops = [byId("tutorial-skip"), byId("tutorial-next")];
        stops[(stops.indexOf(document.activeElement) + 1) % stops.length].focus();
      }
    }
  }

  window.swipe = { ...window.swipe, Tutorial };
})();
