/** Which languages can be chosen, and which of them some engine knows. */
import type { SpeechEngineSetting } from "@holdfast/contract";
import { describe, expect, it } from "vitest";
import { LOCALES } from "../i18n/locales.ts";
import { canHear, isKnown, languagesToChoose } from "./speech-words.ts";

const own: SpeechEngineSetting = {
  ...{ kind: "embedded", host: null, model: "base", languages: ["en"], live: true, batch: true },
  ...{ key: "embedded", answers: true },
};
const hosted: SpeechEngineSetting = { ...own, kind: "deepgram", languages: "any", batch: false, key: "a" };
const setting = (engines: readonly SpeechEngineSetting[], language: string | null) => ({
  ...{ engines: [...engines], language, preferred: null, may_choose_engine: false },
});

describe("the languages to choose from", () => {
  it("are those that the engines know, and what was chosen", () => {
    expect(languagesToChoose(setting([own], null), "en")).toEqual(["en"]);
    expect(languagesToChoose(setting([own], "de"), "en")).toEqual(["en", "de"]);
    expect(languagesToChoose(setting([own], "multi"), "en")).toEqual(["en"]);
    expect([...languagesToChoose(setting([own, hosted], "de"), "en")].sort()).toEqual([...LOCALES].sort());
  });

  it("are in the order of their names", () => {
    const names = languagesToChoose(setting([hosted], null), "de");
    expect(names.indexOf("fr")).toBeLessThan(names.indexOf("ja"));
    expect(names.indexOf("de")).toBeLessThan(names.indexOf("fr"));
  });
});

it.each([
  [null, true],
  ["multi", true],
  ["en-GB", true],
  ["de", false],
])("%s is known to an engine of English: %s", (language, known) => {
  expect(isKnown([own], language)).toBe(known);
  expect(isKnown([own, hosted], language)).toBe(true);
});

it("what an engine hears is said", () => {
  expect([own, hosted, { ...own, live: false }].map(canHear)).toEqual([
    "speech.can.both",
    "speech.can.live",
    "speech.can.batch",
  ]);
});
