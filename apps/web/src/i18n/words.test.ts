/** Messages in several languages, as the build has parsed them; English stands in, and nothing is ever blank. */
import { describe, expect, it } from "vitest";
import { builtCatalogue, english, wordsIn } from "../../test/english.ts";
import { message, sentences } from "./message.ts";
import { createWords } from "./words.ts";

describe("a message", () => {
  it("has the plural of its language", () => {
    const inArabic = [0, 1, 2, 3, 11, 100].map((count) => wordsIn("ar").t("sync.count", { count }));
    expect(inArabic).toEqual(["لا تسجيلات", "تسجيل واحد", "تسجيلان", "3 تسجيلات", "11 تسجيلًا", "100 تسجيل"]);
    expect([1, 2].map((count) => wordsIn("de").t("sync.count", { count }))).toEqual(["1 Aufnahme", "2 Aufnahmen"]);
  });

  it("has the numbers and amounts of the person's region", () => {
    expect(wordsIn("de").t("sync.count", { count: 12_345 })).toBe("12.345 Aufnahmen");
    expect(wordsIn("de", "de-CH").t("sync.count", { count: 12_345 })).toMatch(/^12['’]345 Aufnahmen$/);
    const size = { as: "bytes", bytes: 12_345_678 } as const;
    expect(wordsIn("de").t("upload.copying", { size })).toBe("Wird auf diesem Gerät gespeichert, 12,3 MB");
  });

  it("may hold another one, which is in the same language", () => {
    const both = sentences(
      message("why.busy"),
      message("upload.trying_again", { length: { as: "seconds", ms: 3_000 } }),
    );
    expect(english.say(both)).toBe("The server is busy. Trying again in 3 sec.");
    expect(wordsIn("de").say(both)).toBe("Der Server ist ausgelastet. Neuer Versuch in 3 Sek.");
  });

  it("with elements gives them in their places", () => {
    const link = (inside: readonly unknown[]): object => ({ inside });
    expect(wordsIn("de").parts("capture.earlier", { link })).toEqual([
      "Nach einer langen Stille wurden die Worte davor zu ",
      { inside: ["einem eigenen Gespräch"] },
      ".",
    ]);
  });

  it("that is a name or a code is shown as it is", () => expect(english.say("moon phase")).toBe("moon phase"));
});

describe("where a translation fails", () => {
  const german = { name: "de", locale: "de", direction: "ltr" } as const;
  const withBroken = (broken: Record<string, unknown>): ReturnType<typeof createWords> =>
    createWords({ ...german, messages: { ...builtCatalogue("de"), ...broken } as never }, builtCatalogue("en"));

  it("English is said", () => {
    expect(withBroken({ "shell.skip": undefined }).t("shell.skip")).toBe("Skip to content");
    const needsMore = [{ type: 1, value: "nobody" }];
    expect(withBroken({ "sync.count": needsMore }).t("sync.count", { count: 2 })).toBe("2 recordings");
  });

  it("and English too, at least something is", () => {
    expect(english.t("sync.count")).toBe("sync.count");
  });
});

describe("a pseudo-locale", () => {
  it("accents, lengthens and brackets every message, and leaves its facts alone", () => {
    const text = wordsIn("en-XA", "en").t("sync.count", { count: 1_200 });
    expect(text).toMatch(/^\[1,200 řéçóřđíñǧš~+\]$/);
    expect(text.length).toBeGreaterThan("1,200 recordings".length * 1.3);
    expect(wordsIn("en-XA", "en").t("shell.skip")).toMatch(/^\[Šķíƥ ŧ?ťó/);
  });

  it("turns the words round, from right to left", () => {
    expect(wordsIn("ar-XB", "en").t("sync.created.open")).toBe("\u202eOpen\u202c \u202eit\u202c");
  });
});
