/** The outline of an area given by runs, as the path of an SVG in image pixels. */

/** (y, start, stop), half-open. */
export type Run = readonly [number, number, number];

/** Every pixel border between the area and what is not: an "M … H …" or "M … V …" each. Runs may come in any order, tile by tile. */
export function outlinePath(runs: readonly Run[]): string {
  const rows = new Map<number, [number, number][]>();
  for (const [y, start, stop] of [...runs].sort((a, b) => a[0] - b[0] || a[1] - b[1])) addRun(rows, y, start, stop);
  const lines: string[] = [];
  for (const [y, row] of rows) {
    for (const [start, stop] of row) lines.push(`M${start} ${y}V${y + 1}`, `M${stop} ${y}V${y + 1}`);
    for (const [start, stop] of unlike(rows.get(y - 1) ?? [], row)) lines.push(`M${start} ${y}H${stop}`);
    if (!rows.has(y + 1)) for (const [start, stop] of row) lines.push(`M${start} ${y + 1}H${stop}`);
  }
  return lines.join("");
}

/** Runs that meet at a tile's border are one. */
function addRun(rows: Map<number, [number, number][]>, y: number, start: number, stop: number): void {
  const row = rows.get(y);
  const last = row?.at(-1);
  if (row === undefined) rows.set(y, [[start, stop]]);
  else if (last !== undefined && last[1] === start) last[1] = stop;
  else row.push([start, stop]);
}

/** Where one of two rows is and the other is not. */
function unlike(one: readonly [number, number][], two: readonly [number, number][]): [number, number][] {
  const ends = [...one, ...two].flat().sort((a, b) => a - b);
  const parts: [number, number][] = [];
  for (let i = 0; i + 1 < ends.length; i += 2) if (ends[i] < ends[i + 1]) parts.push([ends[i], ends[i + 1]]);
  return parts;
}
