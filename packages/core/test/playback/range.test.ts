/** One `Range` header: the table of the forms, and the property that every answer lies inside the file. */
import { chooseRange } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const part = (start: number, end: number) => ({ kind: "part", start, end });
const WHOLE = { kind: "whole" };
const NONE = { kind: "unsatisfiable" };

describe("a file of 1,000 bytes", () => {
  it.each([
    [undefined, WHOLE],
    ["bytes=0-0", part(0, 1)],
    ["bytes=0-999", part(0, 1000)],
    ["bytes=10-19", part(10, 20)],
    ["bytes=990-5000", part(990, 1000)],
    ["bytes=500-", part(500, 1000)],
    ["bytes=-1", part(999, 1000)],
    ["bytes=-5000", part(0, 1000)],
    ["Bytes = 1 - 2 ", part(1, 3)],
    ["bytes=-0", NONE],
    ["bytes=-", NONE],
    ["bytes=", NONE],
    ["bytes=1000-", NONE],
    ["bytes=1000-2000", NONE],
    ["bytes=20-10", NONE],
    ["bytes=0-1,5-6", NONE],
    ["bytes=a-b", NONE],
    ["bytes=0-1-2", NONE],
    ["bytes=99999999999999999999-", NONE],
    ["bytes", NONE],
    ["", NONE],
    ["items=0-1", WHOLE],
  ])("%j", (header, expected) => expect(chooseRange(header, 1000)).toEqual(expected));
});

it("an empty file has no part", () => {
  for (const header of ["bytes=0-", "bytes=-5", "bytes=0-0"]) expect(chooseRange(header, 0)).toEqual(NONE);
});

it("every part lies inside the file and is what was asked for", () => {
  const number = fc.integer({ min: 0, max: 3_000 });
  fc.assert(
    fc.property(number, number, number, (size, first, last) => {
      const choice = chooseRange(`bytes=${first}-${last}`, size);
      expect(choice).toEqual(first > last || first >= size ? NONE : part(first, Math.min(last + 1, size)));
    }),
  );
});

it("never throws and never leaves the file, whatever the header", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(5_000), (header, size) => {
      const choice = chooseRange(`bytes=${header}`, size);
      if (choice.kind !== "part") return;
      expect(choice.start).toBeGreaterThanOrEqual(0);
      expect(choice.end).toBeLessThanOrEqual(size);
      expect(choice.end).toBeGreaterThan(choice.start);
    }),
  );
});
