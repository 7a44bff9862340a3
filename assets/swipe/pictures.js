/* The pictures of cards: fetched and decoded before they are needed, drawn with the contrast that was chosen. */
(() => {
  const LEVELS = 256;
  const LOOK = "swipe-look";
  const PLAIN = { contrast: 0, brightness: 0, equalise: false };

  const isPlain = ({ contrast, brightness, equalise }) => contrast === 0 && brightness === 0 && !equalise;

  function rememberedLook() {
    try {
      return { ...PLAIN, ...JSON.parse(localStorage.getItem(LOOK) ?? "{}") };
    } catch {
      return PLAIN;
    }
  }

  function rememberLook(look) {
    try {
      localStorage.setItem(LOOK, JSON.stringify(look));
    } catch {
      // it lasts as long as the page
    }
  }

  /** How large pictures are asked for: as many pixels as a card has, in few sizes so that they are made once. */
  function wantedPx() {
    const side = Math.min(innerWidth, innerHeight, 900) * Math.min(devicePixelRatio, 2);
    return [512, 768, 1024, 1536].find((px) => px >= side) ?? 1536;
  }

  const brightnessOf = (data, at) => (data[at] * 54 + data[at + 1] * 183 + data[at + 2] * 19) >> 8;

  /** Grey to grey such that all greys are about as frequent (histogram equalisation). */
  function equalising(data) {
    const counts = new Uint32Array(LEVELS);
    for (let at = 0; at < data.length; at += 4) counts[brightnessOf(data, at)]++;
    const total = data.length / 4;
    const table = new Float32Array(LEVELS);
    let below = 0;
    for (let grey = 0; grey < LEVELS; grey++) {
      table[grey] = ((below + counts[grey] / 2) / total) * (LEVELS - 1);
      below += counts[grey];
    }
    return table;
  }

  /** One table for all: equalise first, then contrast around the middle, then brightness. */
  function tableOf(data, { contrast, brightness, equalise }) {
    const even = equalise ? equalising(data) : null;
    const slope = contrast >= 0 ? 1 + contrast / 25 : 1 + contrast / 125;
    return Uint8ClampedArray.from({ length: LEVELS }, (_, grey) => ((even ? even[grey] : grey) - 127.5) * slope + 127.5 + brightness * 1.2);
  }

  /** Draw a decoded picture; what is stored stays as it is. */
  function draw(canvas, bitmap, look) {
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
    const context = canvas.getContext("2d", { willReadFrequently: !isPlain(look) });
    context.drawImage(bitmap, 0, 0);
    if (isPlain(look)) return;
    const image = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const { data } = image;
    const table = tableOf(data, look);
    for (let at = 0; at < data.length; at += 4) {
      data[at] = table[data[at]];
      data[at + 1] = table[data[at + 1]];
      data[at + 2] = table[data[at + 2]];
    }
    context.putImageData(image, 0, 0);
  }

  /** Decoded pictures by address, the newest few. */
  class Pictures {
    constructor(most = 24) {
      this.most = most;
      this.kept = new Map();
    }

    /** A promise of the decoded picture; a second question for the same one costs nothing. */
    want(address) {
      const kept = this.kept.get(address) ?? this.fetch(address);
      this.kept.delete(address);
      this.kept.set(address, kept);
      for (const old of [...this.kept.keys()].slice(0, -this.most)) this.kept.delete(old);
      return kept;
    }

    fetch(address) {
      const coming = fetch(`${address}/${wantedPx()}`)
        .then((answer) => (answer.ok ? answer.blob() : Promise.reject(new Error(`${answer.status}`))))
        .then((blob) => createImageBitmap(blob));
      coming.catch(() => this.kept.delete(address)); // another try when it is wanted again
      return coming;
    }
  }

  window.swipe = { ...window.swipe, Pictures, draw, rememberedLook, rememberLook, PLAIN };
})();
