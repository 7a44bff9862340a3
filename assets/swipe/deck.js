/* The deck of cards: the one on top follows the finger or the mouse and flies off with an answer; below it the next ones are drawn
   already. Two fingers, the wheel or a double tap look closer; what is looked at closely is moved, not answered. */
(() => {
  const FAR_PX = 110; // a drag that long is an answer
  const FAR_SHARE = 0.28; // or that much of the card's width, where it is narrow
  const FLICK = 0.55; // CSS pixels a millisecond; a short quick drag is an answer too
  const FLICK_PX = 32;
  const STILL_MS = 80; // a finger that rests that long flicks nothing
  const STAMP_PX = 90; // until the stamp is fully there
  const TILT = 16; // degrees at FAR_PX twice
  const MAX_ZOOM = 12;
  const TAP_ZOOM = 2.5;
  const TAP_MS = 300;
  const TAP_PX = 12;
  const FLY_MS = 180; // over before the next answer of somebody quick: every frame of it keeps a processor from drawing the next card
  const AWAY = { accept: "translate(130%, -4%)", reject: "translate(-130%, -4%)", unsure: "translate(0, 120%)" };
  const TURN = { accept: "rotate(24deg)", reject: "rotate(-24deg)", unsure: "rotate(4deg)" }; // of a card that a drag has turned already
  const STAMPS = { accept: "Yes", reject: "No", unsure: "Unsure" };

  const { draw, PLAIN } = window.swipe;
  const between = (value, least, most) => Math.min(Math.max(value, least), most);
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  /** Which answer a drag means, and how far it has come, 0 to 1. Upwards means nothing. */
  function meaning(dx, dy) {
    if (dy > Math.abs(dx)) return { verdict: "unsure", share: between(dy / STAMP_PX, 0, 1) };
    return { verdict: dx >= 0 ? "accept" : "reject", share: between(Math.abs(dx) / STAMP_PX, 0, 1) };
  }

  function element(name, className, text = "") {
    return Object.assign(document.createElement(name), { className, textContent: text });
  }

  class Card {
    constructor(item, caption) {
      this.item = item;
      this.root = element("article", "card loading");
      this.root.setAttribute("aria-label", item.name);
      this.canvas = element("canvas", "card-image");
      const stamps = Object.entries(STAMPS).map(([verdict, words]) => element("span", `stamp stamp-${verdict}`, words));
      this.root.append(this.canvas, ...stamps, element("p", "card-name", caption));
      this.view = { scale: 1, x: 0, y: 0 };
    }

    /** Draw a decoded picture. */
    fill(bitmap, look) {
      this.bitmap = bitmap;
      draw(this.canvas, bitmap, look);
      this.root.classList.remove("loading", "broken");
    }

    redraw(look) {
      if (this.bitmap) draw(this.canvas, this.bitmap, look);
    }

    move(dx, dy) {
      const { verdict, share } = meaning(dx, dy);
      this.root.style.transform = `translate(${dx}px, ${dy}px) rotate(${(dx / (2 * FAR_PX)) * TILT}deg)`;
      for (const name of Object.keys(STAMPS)) this.root.style.setProperty(`--${name}`, name === verdict ? share : 0);
    }

    rest() {
      this.root.classList.add("settling");
      this.root.style.transform = "";
      for (const name of Object.keys(STAMPS)) this.root.style.removeProperty(`--${name}`);
    }

    /** Leave with an answer; the card goes when it is out of sight. One that was not dragged leaves straight: turned, each frame takes twice as long to draw. */
    fly(verdict) {
      if (calm()) return this.root.remove();
      this.root.classList.remove("held");
      this.root.classList.add("gone");
      this.root.style.setProperty(`--${verdict}`, 1);
      this.root.style.transform = this.root.style.transform ? `${AWAY[verdict]} ${TURN[verdict]}` : AWAY[verdict];
      setTimeout(() => this.root.remove(), FLY_MS);
      return undefined;
    }

    /** Come back from where it flew to. */
    comeFrom(verdict) {
      if (calm()) return;
      this.root.animate([{ transform: AWAY[verdict], opacity: 0 }, { transform: "none", opacity: 1 }], { duration: FLY_MS, easing: "cubic-bezier(.2,.8,.3,1)" });
    }

    look(view) {
      const most = this.root.clientWidth * (view.scale - 1) / 2;
      const tall = this.root.clientHeight * (view.scale - 1) / 2;
      this.view = { scale: view.scale, x: between(view.x, -most, most), y: between(view.y, -tall, tall) };
      this.canvas.style.transform = view.scale === 1 ? "" : `translate(${this.view.x}px, ${this.view.y}px) scale(${view.scale})`;
      this.canvas.classList.toggle("near", view.scale > 3);
    }
  }

  class Deck {
    /** decide : what is called with an answer. looked : with the zoom of the top card. */
    constructor(root, { decide, looked, caption, pictures }) {
      Object.assign(this, { root, decide, looked, caption, pictures, currentLook: PLAIN, cards: [], pointers: new Map(), lastTap: null });
      root.addEventListener("pointerdown", (event) => this.press(event));
      root.addEventListener("pointermove", (event) => this.drag(event));
      for (const end of ["pointerup", "pointercancel"]) root.addEventListener(end, (event) => this.lift(event));
      root.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    }

    get top() {
      return this.cards[0];
    }

    /** Show these items, the first on top; cards that are there already stay as they are. */
    show(items) {
      const known = new Map(this.cards.map((card) => [card.item.number, card]));
      const kept = new Set(items.map(({ number }) => number));
      for (const card of this.cards) if (!kept.has(card.item.number)) card.root.remove();
      this.cards = items.map((item) => known.get(item.number) ?? this.made(item));
      this.cards.forEach((card, place) => {
        card.root.style.setProperty("--place", place);
        card.root.style.zIndex = 10 - place;
        card.root.toggleAttribute("inert", place > 0);
        card.root.setAttribute("aria-hidden", String(place > 0));
        if (!card.root.isConnected) this.root.append(card.root);
      });
      this.looked(this.top?.view.scale ?? 1);
    }

    made(item) {
      const card = new Card(item, this.caption(item));
      this.load(card);
      return card;
    }

    async load(card) {
      try {
        card.fill(await this.pictures.want(card.item.picture), this.currentLook);
        if (card === this.top) this.root.dispatchEvent(new Event("ready"));
      } catch {
        card.root.classList.add("broken");
      }
    }

    retry() {
      for (const card of this.cards) if (!card.bitmap) this.load(card);
    }

    /** The top card leaves with an answer; the next is on top at once. One that still flies is gone: two at a time cost frames. */
    fly(verdict) {
      this.flying?.root.remove();
      this.flying = this.cards.shift();
      this.pointers.clear();
      this.flying.fly(verdict);
    }

    comeBack(verdict) {
      this.top?.comeFrom(verdict);
    }

    setLook(look) {
      this.currentLook = look;
      for (const card of this.cards) card.redraw(look);
    }

    /** Look `factor` times closer at a point of the window, else at the middle. */
    zoom(factor, at = null) {
      const card = this.top;
      if (!card) return;
      const { scale, x, y } = card.view;
      const next = between(scale * factor, 1, MAX_ZOOM);
      const box = card.root.getBoundingClientRect();
      const px = at ? at.x - box.left - box.width / 2 : 0;
      const py = at ? at.y - box.top - box.height / 2 : 0;
      const share = next / scale;
      card.look({ scale: next, x: px - (px - x) * share, y: py - (py - y) * share });
      this.looked(next);
    }

    fit() {
      this.zoom(0);
    }

    wheel(event) {
      if (!this.top) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 300), { x: event.clientX, y: event.clientY });
    }

    press(event) {
      if (!this.top || event.button > 0 || !this.top.root.contains(event.target)) return;
      this.root.setPointerCapture(event.pointerId);
      this.top.root.classList.remove("settling");
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      this.start = { x: event.clientX, y: event.clientY, at: performance.now(), view: this.top.view };
      this.last = { ...this.start, speed: 0 };
      if (this.pointers.size > 1) this.top.rest();
      else if (this.top.view.scale === 1) this.top.root.classList.add("held");
    }

    drag(event) {
      const before = this.pointers.get(event.pointerId);
      if (!before || !this.top) return;
      const now = { x: event.clientX, y: event.clientY };
      if (this.pointers.size > 1) this.pinch(event.pointerId, now);
      else if (this.top.view.scale > 1) this.pan(before, now);
      else this.carry(now);
      this.pointers.set(event.pointerId, now);
    }

    carry(now) {
      const at = performance.now();
      const speed = (now.x - this.last.x) / Math.max(at - this.last.at, 1);
      this.last = { ...now, at, speed: 0.6 * speed + 0.4 * this.last.speed };
      this.top.move(now.x - this.start.x, Math.max(now.y - this.start.y, -40));
    }

    pan(before, now) {
      const { scale, x, y } = this.top.view;
      this.top.look({ scale, x: x + now.x - before.x, y: y + now.y - before.y });
    }

    pinch(id, now) {
      const [other] = [...this.pointers].filter(([each]) => each !== id).map(([, point]) => point);
      const before = this.pointers.get(id);
      const reach = (point) => Math.hypot(point.x - other.x, point.y - other.y);
      this.zoom(reach(now) / Math.max(reach(before), 1), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
    }

    lift(event) {
      if (!this.pointers.delete(event.pointerId) || !this.top) return;
      const card = this.top;
      const many = this.pointers.size > 0;
      card.root.classList.remove("held");
      if (many || card.view.scale > 1 || event.type === "pointercancel") return this.settle(card, event);
      const dx = event.clientX - this.start.x;
      const dy = event.clientY - this.start.y;
      const far = Math.min(FAR_PX, card.root.clientWidth * FAR_SHARE);
      const { verdict } = meaning(dx, dy);
      const isFar = verdict === "unsure" ? dy > far : Math.abs(dx) > far;
      const isMoving = performance.now() - this.last.at < STILL_MS;
      const isFlick = isMoving && verdict !== "unsure" && Math.abs(dx) > FLICK_PX && Math.abs(this.last.speed) > FLICK && Math.sign(this.last.speed) === Math.sign(dx);
      if (isFar || isFlick) return this.decide(verdict);
      return this.settle(card, event);
    }

    settle(card, event) {
      card.rest();
      const isTap = event.type === "pointerup" && Math.hypot(event.clientX - this.start.x, event.clientY - this.start.y) < TAP_PX;
      if (!isTap) return;
      const tap = { x: event.clientX, y: event.clientY, at: performance.now() };
      const isSecond = this.lastTap && tap.at - this.lastTap.at < TAP_MS && Math.hypot(tap.x - this.lastTap.x, tap.y - this.lastTap.y) < 3 * TAP_PX;
      this.lastTap = isSecond ? null : tap;
      if (isSecond) this.zoom(card.view.scale > 1 ? 0 : TAP_ZOOM, tap);
    }
  }

  window.swipe = { ...window.swipe, Deck };
})();
