/** Whose wish counts first, and which catalogue a language tag leads to. */
import { describe, expect, it } from "vitest";
import { chooseLocale, directionOf, localeOf, ownName, type Wishes } from "./locales.ts";

const NONE: Wishes = { address: null, chosen: null, browser: [] };

describe("the language of the page", () => {
  it.each([
    ["the address", { address: "de", chosen: "ar", browser: ["en"] }, "de"],
    ["the settings", { address: null, chosen: "ar", browser: ["de"] }, "ar"],
    ["the browser", { address: null, chosen: null, browser: ["de-AT", "en"] }, "de"],
    [
      "the browser, where the first wish has no catalogue",
      { address: null, chosen: null, browser: ["xx", "ar"] },
      "ar",
    ],
    ["nobody", NONE, "en"],
  ] as const)("is that of %s", (_who, wishes, name) => expect(chooseLocale(wishes).name).toBe(name));

  it.each(["xx", "not a tag", "", "../de"])("is not %j, which leads nowhere", (address) => {
    expect(chooseLocale({ address, chosen: address, browser: ["de"] }).name).toBe("de");
  });

  it("writes dates as in the region of the browser, where it is of the same language", () => {
    expect(chooseLocale({ ...NONE, browser: ["en-GB", "de-AT"] }).locale).toBe("en-GB");
    expect(chooseLocale({ address: null, chosen: "de", browser: ["en-GB", "de-AT"] }).locale).toBe("de-AT");
    expect(chooseLocale({ address: null, chosen: "ar", browser: ["en-GB"] }).locale).toBe("ar");
  });

  it("is a pseudo-locale only by the address, with the plurals of English", () => {
    expect(chooseLocale({ ...NONE, address: "en-XA" })).toEqual({ name: "en-XA", locale: "en" });
    expect(chooseLocale({ ...NONE, address: "ar-XB" })).toEqual({ name: "ar-XB", locale: "en" });
    expect(chooseLocale({ address: null, chosen: "en-XA", browser: [] }).name).toBe("en");
  });
});

it.each([
  ["DE", "de"],
  ["de-CH-1996", "de"],
  ["ar-EG", "ar"],
  ["en-AU", "en"],
  ["tlh", undefined],
])("the tag %s leads to %s", (tag, locale) => expect(localeOf(tag)).toBe(locale));

it.each([
  ["ar", "rtl"],
  ["ar-XB", "rtl"],
  ["fa", "rtl"],
  ["en-XA", "ltr"],
  ["de", "ltr"],
])("%s is written %s", (name, direction) => expect(directionOf(name)).toBe(direction));

it("a language is named in its own words", () => {
  expect(["de", "en", "ar", "fr"].map(ownName)).toEqual(["Deutsch", "English", "العربية", "Français"]);
});
