/* Points on a canvas, twenty thousand of them without a wait: each look is drawn once as a small stamp and put where its points lie. A drag
   draws a lasso or moves the points, the wheel looks closer. What is chosen and how it looks is said by curate_map.js. */
(() => {
  const PAD_PX = 16;
  const NEAR_PX = 10; // from the pointer to a point that is meant
  const DRAG_PX = 4; // a press that moves less is a click
  const STEP_PX = 3; // between two corners of a lasso
  const ZOOM = { step: 1.5, most: 200, wheel: 400 };
  const SHADES = 24; // of a colour that tells a number
  const FAINT = 0.15; // what a lasso has left out

  const between = (value, least, most) => Math.min(Math.max(value, least), most);
  const TAU = 2 * Math.PI;

  /** The least and the largest of many values: too many to be arguments. */
  function ends(values) {
    let [least, largest] = [Infinity, -Infinity];
    for (const value of values) {
      if (value < least) least = value;
      if (value > largest) largest = value;
    }
    return [least, largest];
  }

  /** A marker alone: {symbol: "dot" | "ring" | "cross", color, size}; `over` is a second colour, so far laid over the first. */
  function stamp({ symbol, color, size, over = null, share = 0, opacity = 1 }, ratio) {
    const side = Math.ceil((size + 3) * ratio);
    const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
    const context = canvas.getContext("2d");
    context.translate(side / 2, side / 2);
    context.scale(ratio, ratio);
    for (const [paint, alpha] of [[color, 1], [over, share]]) {
      if (!paint || alpha === 0) continue;
      Object.assign(context, { globalAlpha: opacity * alpha, fillStyle: paint, strokeStyle: paint, lineWidth: symbol === "cross" ? 2 : 1.5 });
      mark(context, symbol, size / 2);
    }
    return canvas;
  } // prettier-ignore

  function mark(context, symbol, radius) {
    context.beginPath();
    if (symbol !== "cross") context.arc(0, 0, radius, 0, TAU);
    else for (const way of [1, -1]) (context.moveTo(-radius, -way * radius), context.lineTo(radius, way * radius));
    if (symbol === "dot") context.fill();
    else context.stroke();
  }

  /** Which of the points lie inside a polygon: the even-odd rule, for those alone within its box. */
  function inside(polygon, xs, ys) {
    const box = [0, 1].map((axis) => [Math.min(...polygon.map((at) => at[axis])), Math.max(...polygon.map((at) => at[axis]))]);
    const found = [];
    for (let number = 0; number < xs.length; number++) {
      const [x, y] = [xs[number], ys[number]];
      if (x < box[0][0] || x > box[0][1] || y < box[1][0] || y > box[1][1]) continue;
      let isIn = false;
      for (let one = 0, other = polygon.length - 1; one < polygon.length; other = one++) {
        const [x1, y1] = polygon[one];
        const [x2, y2] = polygon[other];
        if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) isIn = !isIn;
      }
      if (isIn) found.push(number);
    }
    return found;
  }

  class Points {
    /** choose : called with the numbers of points, none after a click beside all; hover : with one and the event, or null. */
    constructor(root, { choose, hover }) {
      Object.assign(this, { root, choose, hover, view: { scale: 1, x: 0, y: 0 }, moves: false, chosen: null, hovered: null, stamps: new Map(), groups: [] });
      this.canvas = document.createElement("canvas");
      this.lasso = Object.assign(document.createElement("canvas"), { className: "curate-lasso" });
      root.replaceChildren(this.canvas, this.lasso);
      this.lasso.setAttribute("role", "img");
      new ResizeObserver(() => this.fit()).observe(root);
      this.lasso.addEventListener("pointerdown", (event) => this.press(event));
      this.lasso.addEventListener("pointermove", (event) => event.buttons === 0 && this.look(event));
      this.lasso.addEventListener("pointerleave", () => this.tell(null));
      this.lasso.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
      this.lasso.addEventListener("dblclick", () => this.whole());
    }

    /** points : {x, y}, of the same length. groups : [{numbers, markerOf(place)}], the last on top. name : another one begins with all in view. */
    show({ x, y, groups, name, words }) {
      if (name !== this.name) Object.assign(this, { name, chosen: null, view: { scale: 1, x: 0, y: 0 } });
      const [[left, right], [low, high]] = [ends(x), ends(y)];
      this.u = Float32Array.from(x, (value) => (right > left ? (value - left) / (right - left) : 0.5));
      this.v = Float32Array.from(y, (value) => (high > low ? (high - value) / (high - low) : 0.5));
      this.stamps.clear();
      this.groups = groups.map(({ numbers, markerOf }) => ({ numbers, markers: numbers.map((_, place) => this.stampOf(markerOf(place))) }));
      this.lasso.setAttribute("aria-label", words);
      this.fit();
    }

    /** Only these stay bright; null: all do. */
    light(numbers) {
      this.chosen = numbers && numbers.length > 0 ? new Set(numbers) : null;
      this.paint();
    }

    stampOf(marker) {
      const rounded = { ...marker, size: Math.round(marker.size), share: Math.round((marker.share ?? 0) * SHADES) / SHADES };
      const key = Object.values(rounded).join();
      if (!this.stamps.has(key)) this.stamps.set(key, stamp(rounded, devicePixelRatio));
      return this.stamps.get(key);
    }

    /** As large as its place. */
    fit() {
      const { clientWidth: width, clientHeight: height } = this.root;
      if (width === 0) return;
      for (const canvas of [this.canvas, this.lasso]) Object.assign(canvas, { width: width * devicePixelRatio, height: height * devicePixelRatio });
      Object.assign(this, { width, height });
      this.paint();
    }

    // ---- drawing ----

    place() {
      const { scale, x, y } = this.view;
      const [wide, high] = [(this.width - 2 * PAD_PX) * scale, (this.height - 2 * PAD_PX) * scale];
      this.xs = this.u.map((u) => PAD_PX + u * wide + x);
      this.ys = this.v.map((v) => PAD_PX + v * high + y);
    }

    paint() {
      if (!this.width || !this.u) return;
      this.place();
      const context = this.canvas.getContext("2d");
      context.clearRect(0, 0, this.canvas.width, this.canvas.height);
      for (const isBright of this.chosen ? [false, true] : [true]) {
        context.globalAlpha = isBright ? 1 : FAINT;
        for (const group of this.groups) this.put(context, group, isBright);
      }
    }

    put(context, { numbers, markers }, isBright) {
      const ratio = devicePixelRatio;
      const [right, bottom] = [this.canvas.width + PAD_PX, this.canvas.height + PAD_PX];
      for (let place = 0; place < numbers.length; place++) {
        const number = numbers[place];
        if (this.chosen && this.chosen.has(number) !== isBright) continue;
        const marker = markers[place];
        const x = Math.round(this.xs[number] * ratio - marker.width / 2);
        const y = Math.round(this.ys[number] * ratio - marker.height / 2);
        if (x > -PAD_PX && y > -PAD_PX && x < right && y < bottom) context.drawImage(marker, x, y);
      }
    }

    trace(polygon) {
      const context = this.lasso.getContext("2d");
      context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
      context.clearRect(0, 0, this.width, this.height);
      if (polygon.length < 2) return;
      const accent = getComputedStyle(this.root).getPropertyValue("--accent");
      context.beginPath();
      polygon.forEach(([x, y]) => context.lineTo(x, y));
      Object.assign(context, { strokeStyle: accent, fillStyle: accent, lineWidth: 1.5, globalAlpha: 0.12 });
      context.fill();
      context.globalAlpha = 1;
      context.stroke();
    }

    // ---- hands ----

    at({ clientX, clientY }) {
      const box = this.lasso.getBoundingClientRect();
      return [clientX - box.left, clientY - box.top];
    }

    press(event) {
      if (event.button > 1) return;
      event.preventDefault();
      const start = this.at(event);
      const { view } = this;
      const carries = this.moves || event.button === 1;
      const polygon = [start];
      let far = false;
      const move = (now) => {
        const at = this.at(now);
        far ||= Math.hypot(at[0] - start[0], at[1] - start[1]) > DRAG_PX;
        if (!far) return;
        if (carries) return this.see({ ...view, x: view.x + at[0] - start[0], y: view.y + at[1] - start[1] });
        const last = polygon.at(-1);
        if (Math.hypot(at[0] - last[0], at[1] - last[1]) < STEP_PX) return;
        polygon.push(at);
        this.trace(polygon);
      };
      const end = ({ type }) => {
        for (const [name, act] of [["pointermove", move], ["pointerup", end], ["pointercancel", end]]) this.lasso.removeEventListener(name, act);
        this.trace([]);
        if (type === "pointercancel" || (far && carries)) return;
        this.choose(far ? inside(polygon, this.xs, this.ys) : [this.nearest(start)].filter((number) => number !== null));
      };
      this.lasso.setPointerCapture(event.pointerId);
      for (const [name, act] of [["pointermove", move], ["pointerup", end], ["pointercancel", end]]) this.lasso.addEventListener(name, act);
      this.tell(null);
    } // prettier-ignore

    /** The point that is meant by a place, or null. */
    nearest([x, y]) {
      let [best, least] = [null, NEAR_PX ** 2];
      for (let number = 0; number < (this.xs?.length ?? 0); number++) {
        const apart = (this.xs[number] - x) ** 2 + (this.ys[number] - y) ** 2;
        if (apart < least) [best, least] = [number, apart];
      }
      return best;
    }

    look(event) {
      this.tell(this.nearest(this.at(event)), event);
    }

    tell(number, event = null) {
      if (number === this.hovered) return;
      this.hovered = number;
      this.lasso.style.cursor = number === null ? "" : "pointer";
      this.hover(number, event);
    }

    wheel(event) {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / ZOOM.wheel), this.at(event));
    }

    /** So many times closer, at a place, else at the middle. */
    zoom(factor, at = [this.width / 2, this.height / 2]) {
      const { scale, x, y } = this.view;
      const next = between(scale * factor, 1, ZOOM.most);
      const moved = (place, before) => place - PAD_PX - ((place - PAD_PX - before) * next) / scale;
      this.see(next === 1 ? { scale: 1, x: 0, y: 0 } : { scale: next, x: moved(at[0], x), y: moved(at[1], y) });
    }

    closer() {
      this.zoom(ZOOM.step);
    }

    farther() {
      this.zoom(1 / ZOOM.step);
    }

    whole() {
      this.see({ scale: 1, x: 0, y: 0 });
    }

    /** With the next frame, whatever comes before it. */
    see(view) {
      this.view = view;
      this.tell(null);
      this.due ??= requestAnimationFrame(() => ((this.due = null), this.paint()));
    }
  }

  Object.assign(window.curate, { Points, stamp });
})();
