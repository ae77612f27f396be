import { describe, expect, it } from "vitest";
import { type Amount, clockTime, date, duration, fileSize, formatAmount, moment, wholeSeconds } from "./amounts.ts";

describe("amounts", () => {
  it.each([
    [0, "0:00"],
    [61_999, "1:01"],
    [3_723_000, "1:02:03"],
    [-5, "0:00"],
  ])("clock of %i ms is %s", (ms, text) => expect(formatAmount(clockTime(ms), "en")).toBe(text));

  it.each([
    [0, "1 sec"],
    [12_400, "12 sec"],
    [59_400, "59 sec"],
    [59_600, "1 min"],
    [240_000, "4 min"],
    [3_580_000, "1 hr"],
    [7_140_000, "1 hr 59 min"],
    [3_600_000, "1 hr"],
    [4_800_000, "1 hr 20 min"],
  ])("%i ms last %s", (ms, text) => expect(formatAmount(duration(ms), "en")).toBe(text));

  it("sizes are in units of a person", () => {
    expect([10, 352_078, 12_345_678].map((bytes) => formatAmount(fileSize(bytes), "en"))).toEqual([
      "1 kB",
      "352 kB",
      "12.3 MB",
    ]);
  });

  it.each([
    [999_499, "999 kB"],
    [999_500, "1 MB"],
    [1_049_000, "1 MB"],
    [200_000_000, "200 MB"],
    [999_949_999, "999.9 MB"],
    [4_294_967_296, "4.3 GB"],
  ])("%i bytes are %s", (bytes, text) => expect(formatAmount(fileSize(bytes), "en")).toBe(text));

  it("numbers follow the language of the person", () => {
    expect(formatAmount(fileSize(12_345_678), "de")).toBe("12,3 MB");
    expect(formatAmount(duration(4_800_000), "de")).toBe("1 Std., 20 Min.");
    expect(formatAmount(clockTime(3_723_000), "fa")).toBe("۱:۰۲:۰۳");
    expect(formatAmount({ as: "share", share: 0.25 }, "fa")).toBe("۲۵٪");
    const list: Amount = { as: "list", items: ["a", "b", "c"], type: "disjunction" };
    expect(["de", "es"].map((locale) => formatAmount(list, locale))).toEqual(["a, b oder c", "a, b o c"]);
  });

  it("a date has its year", () => {
    const made = date(new Date(2026, 10, 23, 14, 30));
    expect(["en", "de"].map((locale) => formatAmount(made, locale))).toEqual(["Nov 23, 2026", "23.11.2026"]);
  });

  it("no seconds are zero seconds", () => expect(formatAmount(wholeSeconds(0), "en")).toBe("0 sec"));
});

describe("a moment", () => {
  const now = new Date(2026, 10, 23, 14, 30, 0).getTime();
  it.each([
    [new Date(2026, 10, 23, 14, 31, 5), "today 2:31:05 PM"],
    [new Date(2026, 10, 23, 16, 2, 0), "today 4:02 PM"],
    [new Date(2026, 10, 24, 9, 0, 0), "other November 24 at 9:00 AM"],
  ])("%s", (at, words) => {
    const { day, at: amount } = moment(at.getTime(), now);
    expect(`${day} ${formatAmount(amount, "en")}`.replaceAll("\u202f", " ")).toBe(words);
  });

  it("follows the language of the person", () => {
    expect(formatAmount(moment(new Date(2026, 10, 23, 16, 2, 0).getTime(), now).at, "de")).toBe("16:02");
  });
});
