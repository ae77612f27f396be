/** The language of a page over its life: chosen before anything is drawn, changed by the person, and English where all else fails. */
import { ENGLISH, LAZY } from "virtual:catalogues";
import { describe, expect, it } from "vitest";
import { PageLanguage } from "./language.ts";
import { LOCALES } from "./locales.ts";

interface Setting {
  readonly search?: string;
  readonly chosen?: string;
  readonly visit?: string;
  readonly browser?: readonly string[];
  readonly lazy?: typeof LAZY;
}

function store(key: string, value: string | undefined) {
  const kept = new Map<string, string>(value === undefined ? [] : [[key, value]]);
  return {
    kept,
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, text: string) => void kept.set(name, text),
    removeItem: (name: string) => void kept.delete(name),
  };
}

function page({ search = "", chosen, visit, browser = ["en"], lazy = LAZY }: Setting = {}) {
  const stored = store("holdfast.language", chosen);
  const ofVisit = store("holdfast.language.visit", visit);
  const root = { lang: "", dir: "" };
  const addresses: string[] = [];
  const elsewhere: ((key: string | null) => void)[] = [];
  const language = new PageLanguage({
    ...{ english: ENGLISH, lazy, stored, visit: ofVisit, root, browser: () => browser },
    onStoredElsewhere: (listener) => void elsewhere.push(listener),
    location: { search, pathname: "/settings", hash: "" },
    history: {
      state: null,
      replaceState: (_state: unknown, _title: string, url?: string | URL | null) => void addresses.push(String(url)),
    },
  });
  const writeElsewhere = (key: string, value: string): void => {
    stored.setItem(key, value);
    for (const listener of elsewhere) listener(key);
  };
  return { language, stored, visit: ofVisit, root, addresses, writeElsewhere };
}

describe("the language of a page", () => {
  it("is written on the page before anything is drawn, with its direction", async () => {
    const { language, root } = page({ browser: ["ar-EG"] });
    await language.start();
    expect(root).toEqual({ lang: "ar", dir: "rtl" });
    expect(language.snapshot().t("settings.title")).toBe("الإعدادات");
  });

  it("of the address holds for the visit, and beats what was chosen", async () => {
    const { language, visit, stored } = page({ search: "?lang=de", chosen: "ar" });
    await language.start();
    expect(language.snapshot().name).toBe("de");
    expect(stored.getItem("holdfast.language")).toBe("ar");
    const next = page({ visit: visit.getItem("holdfast.language.visit") ?? "", chosen: "ar" });
    await next.language.start();
    expect(next.language.snapshot().name).toBe("de");
  });

  it("that is chosen in another tab is taken up, except where the address named one", async () => {
    const { language, writeElsewhere, root } = page();
    await language.start();
    writeElsewhere("holdfast.language", "he");
    await expect.poll(() => root).toEqual({ lang: "he", dir: "rtl" });
    writeElsewhere("holdfast.token", "t");
    const visit = page({ search: "?lang=de" });
    await visit.language.start();
    visit.writeElsewhere("holdfast.language", "he");
    await Promise.resolve();
    expect(visit.language.snapshot().name).toBe("de");
  });

  it("that nobody knows is English", async () => {
    const { language, root } = page({ search: "?lang=xx" });
    await language.start();
    expect(root).toEqual({ lang: "en", dir: "ltr" });
  });

  it("whose catalogue cannot be loaded is English", async () => {
    const { language, root } = page({ browser: ["de"], lazy: { de: () => Promise.reject(new TypeError("offline")) } });
    await language.start();
    expect(root).toEqual({ lang: "en", dir: "ltr" });
    expect(language.snapshot().t("settings.title")).toBe("Settings");
  });

  it("is chosen by the person, told to who listens, and kept; the address says no other any more", async () => {
    const { language, root, stored, addresses } = page({ search: "?lang=ar&a=1" });
    await language.start();
    let told = 0;
    language.subscribe(() => {
      told += 1;
    });
    await language.choose("de");
    expect([root, language.chosen(), told]).toEqual([{ lang: "de", dir: "ltr" }, "de", 1]);
    expect(addresses).toEqual(["/settings?a=1"]);
    const next = page({ chosen: stored.getItem("holdfast.language") ?? "" });
    await next.language.start();
    expect(next.language.snapshot().name).toBe("de");
  });

  it("follows the browser again when the choice is taken back", async () => {
    const { language, stored } = page({ chosen: "de", browser: ["ar"] });
    await language.start();
    await language.choose(null);
    expect([language.snapshot().name, stored.kept.size]).toEqual(["ar", 0]);
    expect(language.ofBrowser()).toBe("ar");
  });

  it("stays as it is where another one cannot be loaded", async () => {
    const { language, root, stored } = page({ lazy: { de: () => Promise.reject(new TypeError("offline")) } });
    await language.start();
    await expect(language.choose("de")).rejects.toThrow("offline");
    expect([root.lang, stored.kept.size]).toEqual(["en", 0]);
  });
});

it("every language beside English, and both pseudo-locales, are loaded when they are wanted", async () => {
  const names = [...LOCALES.filter((locale) => locale !== "en"), "en-XA", "ar-XB"];
  expect(Object.keys(LAZY).sort()).toEqual([...names].sort());
  const { default: german } = (await LAZY.de?.()) ?? { default: {} };
  expect(Object.keys(german)).toEqual(Object.keys(ENGLISH));
});
