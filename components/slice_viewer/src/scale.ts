/** Lengths for the scale bar: round in micrometres, readable on the screen. */

const UNITS: [string, number][] = [
  ["mm", 1000],
  ["µm", 1],
  ["nm", 0.001],
];

export interface ScaleBar {
  /** "500 µm" */
  text: string;
  /** CSS pixels. */
  width: number;
}

/** The longest bar of 1, 2 or 5 times a power of ten that is at most `maxWidth` CSS pixels wide. */
export function scaleBar(umPerCssPx: number, maxWidth: number): ScaleBar {
  const longest = umPerCssPx * maxWidth;
  const power = 10 ** Math.floor(Math.log10(longest) + 1e-9);
  const digit = [5, 2, 1].find((candidate) => candidate * power <= longest * (1 + 1e-9)) ?? 1;
  const length = digit * power;
  const [unit, size] = UNITS.find(([, um]) => length >= um * (1 - 1e-9)) ?? UNITS[UNITS.length - 1];
  return { text: `${Number((length / size).toPrecision(3))} ${unit}`, width: length / umPerCssPx };
}
