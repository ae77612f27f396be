/** A QR code as the path of an SVG: one unit for each module, each run of dark ones in a row as one bar. */
import { encode } from "uqr";

/** The quiet zone that the standard asks for, in modules. */
const BORDER = 4;

export interface QrPath {
  /** Modules along one side, with the quiet zone. */
  readonly size: number;
  readonly path: string;
}

export function qrPath(text: string): QrPath {
  const { size, data } = encode(text, { ecc: "M", border: BORDER });
  const bars = data.flatMap((row, y) => runsOf(row).map(([from, to]) => `M${from} ${y}h${to - from}v1h${from - to}z`));
  return { size, path: bars.join("") };
}

/** Where each run of dark modules begins, and where the next light one is. */
function runsOf(row: readonly boolean[]): readonly (readonly [from: number, to: number])[] {
  const runs: [number, number][] = [];
  for (const [x, isDark] of row.entries()) {
    const last = runs.at(-1);
    if (!isDark) continue;
    if (last?.[1] === x) last[1] = x + 1;
    else runs.push([x, x + 1]);
  }
  return runs;
}
