/**
 * The `Range` header of one request (RFC 9110 section 14, reference offline-sync section 10): `bytes=a-b`, `a-` or `-n`, one range
 * only. An end beyond the file is clamped. Several ranges, and whatever cannot be read or lies outside, are unsatisfiable; a
 * unit other than bytes is not ours and is ignored.
 */

export type RangeChoice =
  | { readonly kind: "whole" }
  /** From `start` up to and without `end`. */
  | { readonly kind: "part"; readonly start: number; readonly end: number }
  | { readonly kind: "unsatisfiable" };

export function chooseRange(header: string | undefined, size: number): RangeChoice {
  const [, unit = "", spec = ""] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(header ?? "") ?? [];
  if (header === undefined || (unit !== "" && unit.toLowerCase() !== "bytes")) return { kind: "whole" };
  const [, first = "", last = ""] = /^(\d{0,15})\s*-\s*(\d{0,15})$/.exec(spec) ?? [];
  if (first === "") {
    const suffix = Math.min(Number(last), size);
    return last === "" || suffix === 0 ? { kind: "unsatisfiable" } : { kind: "part", start: size - suffix, end: size };
  }
  const start = Number(first);
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  return start < size && end > start ? { kind: "part", start, end } : { kind: "unsatisfiable" };
}
