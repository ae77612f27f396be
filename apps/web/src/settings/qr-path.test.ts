/** The path is the code that the library made, module for module, within its quiet zone. */
import { encode } from "uqr";
import { describe, expect, it } from "vitest";
import { qrPath } from "./qr-path.ts";

const LINK = `http://192.168.1.20:8787/#token=hf_${"a1B2".repeat(11)}`;

/** The modules that a path covers, drawn again. */
function drawn(size: number, path: string): boolean[][] {
  const modules = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) {
    const row = modules[Number(y)] ?? [];
    row.fill(true, Number(x), Number(x) + Number(width));
  }
  return modules;
}

describe("the path of a code", () => {
  const { size, path } = qrPath(LINK);

  it("covers the dark modules and no other ones", () => {
    expect(drawn(size, path)).toEqual(encode(LINK, { ecc: "M", border: 4 }).data);
  });

  it("leaves four modules free on each side", () => {
    const rows = drawn(size, path);
    const isFree = (index: number): boolean => index < 4 || index >= size - 4;
    const dark = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [[x, y]] : [])));
    expect(dark.length).toBeGreaterThan(100);
    expect(dark.filter((place) => place.some(isFree))).toEqual([]);
  });

  it("begins with the corner that every code has", () => expect(path).toMatch(/^M4 4h7v1h-7z/));
});
