/** Colour maps: grey levels, and the perceptually even ones of matplotlib (van der Walt and Smith 2015, CC0) at 33 points. */

/** Red, green, blue of a level between 0 and 1. */
export type Colormap = (level: number) => [number, number, number];

const POINTS: Record<string, string> = {
  viridis:
    "440154 470d60 48186a 482374 472d7b 453781 424086 3e4989 3b528b 375b8d 33638d 2f6b8e 2c728e 297a8e 26828e 23898e 21918c " +
    "1f988b 1fa088 22a785 28ae80 32b67a 3fbc73 4ec36b 5ec962 70cf57 84d44b 98d83e addc30 c2df23 d8e219 ece51b fde725",
  magma:
    "000004 030312 0a0822 130d34 1d1147 29115a 36106b 440f76 51127c 5d177f 6a1c81 762181 832681 902a81 9c2e7f aa337d b73779 " +
    "c43c75 d0416f dc4869 e75263 ef5d5e f56b5c f9795d fc8961 fd9869 fea772 feb67c fec488 fed395 fde2a3 fcf0b2 fcfdbf",
  inferno:
    "000004 040312 0b0724 150b37 210c4a 2f0a5b 3d0965 4a0c6b 57106e 64156e 71196e 7d1e6d 8a226a 972766 a32c61 b0315b bc3754 " +
    "c73e4c d24644 db503b e45a31 eb6628 f1731d f68013 f98e09 fb9d07 fcac11 fbbc21 f9cb35 f5db4c f2ea69 f3f68a fcffa4",
  cividis:
    "00224e 00285b 002e6a 053371 1a386f 273e6e 32436d 3b496c 434e6c 4b546c 535a6d 5a5f6e 61656f 686a71 6f7073 767676 7d7c78 " +
    "848279 8c8878 938e78 9b9476 a39a74 aba072 b4a76f bcae6c c4b468 cdbb63 d5c25e dec958 e7d150 f0d846 f9e03a fee838",
};

const grey: Colormap = (level) => [255 * level, 255 * level, 255 * level];
const inverted: Colormap = (level) => grey(1 - level);

/** Name to map, in the order people see them. */
export const COLORMAPS: Record<string, Colormap> = {
  grey,
  inverted,
  ...Object.fromEntries(Object.entries(POINTS).map(([name, points]) => [name, between(points.split(" ").map(parse))])),
};

function parse(hex: string): [number, number, number] {
  const word = parseInt(hex, 16);
  return [word >> 16, (word >> 8) & 255, word & 255];
}

/** A map through points at equal distances. */
function between(points: [number, number, number][]): Colormap {
  const last = points.length - 1;
  return (level) => {
    const at = level * last;
    const below = Math.min(last - 1, Math.floor(at));
    const [from, to] = [points[below], points[below + 1]];
    return [0, 1, 2].map((channel) => from[channel] + (at - below) * (to[channel] - from[channel])) as [number, number, number];
  };
}

/** The same as a CSS gradient's colours, dark to bright values. */
export function gradient(name: string): string {
  const map = COLORMAPS[name] ?? grey;
  return Array.from({ length: 9 }, (_, at) => `rgb(${map(at / 8).map(Math.round).join(" ")})`).join(", ");
}
