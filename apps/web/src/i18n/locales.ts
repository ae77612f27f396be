/** The languages of the page, and which of them a person is shown. */

/** Each has its catalogue in `locales/`. */
export const LOCALES = [
  "ar",
  "be",
  "bg",
  "bn",
  "bs",
  "ca",
  "cs",
  "da",
  "de",
  "el",
  "en",
  "es",
  "et",
  "fa",
  "fi",
  "fr",
  "he",
  "hi",
  "hr",
  "hu",
  "id",
  "it",
  "ja",
  "kn",
  "ko",
  "lt",
  "lv",
  "mk",
  "mr",
  "ms",
  "nl",
  "no",
  "pl",
  "pt",
  "ro",
  "ru",
  "sk",
  "sl",
  "sr",
  "sv",
  "ta",
  "te",
  "th",
  "tl",
  "tr",
  "uk",
  "ur",
  "vi",
  "zh",
] as const;

export type Locale = (typeof LOCALES)[number];

/** Made of English to try the page out; no person chooses them, only `?lang=` does. */
const PSEUDO_LOCALES = ["en-XA", "ar-XB"] as const;

export type ShownLocale = Locale | (typeof PSEUDO_LOCALES)[number];

const RIGHT_TO_LEFT: ReadonlySet<string> = new Set(["ar", "fa", "he", "ur"]);

/** Languages that have another name in the catalogue's folder; both kinds of Norwegian read the one that is there. */
const NAMED_OTHERWISE: Readonly<Record<string, string>> = { nb: "no", nn: "no", fil: "tl" };

export interface Wishes {
  /** `?lang=` of the address, and what an address of this visit said before. */
  readonly address: string | null;
  /** What the person chose in the settings. */
  readonly chosen: string | null;
  /** What the browser is set to, the dearest first. */
  readonly browser: readonly string[];
}

export interface Choice {
  readonly name: ShownLocale;
  /** For `Intl`: the browser's own tag where it is of the same language, since it knows the region. */
  readonly locale: string;
}

/** The first wish that can be met, else English. */
export function chooseLocale({ address, chosen, browser }: Wishes): Choice {
  const pseudo = PSEUDO_LOCALES.find((name) => name === address);
  // Numbers and plurals of a pseudo-locale are those of the language that its words are made of.
  if (pseudo !== undefined) return { name: pseudo, locale: "en" };
  for (const wish of [address, chosen, ...browser]) {
    const name = wish === null ? undefined : localeOf(wish);
    if (name !== undefined) return { name, locale: browser.find((tag) => localeOf(tag) === name) ?? name };
  }
  return { name: "en", locale: "en" };
}

/** The language of the page for a language tag; undefined where there is none. */
export function localeOf(tag: string): Locale | undefined {
  let language: string;
  try {
    ({ language } = new Intl.Locale(tag));
  } catch {
    return undefined;
  }
  const name = NAMED_OTHERWISE[language] ?? language;
  return LOCALES.find((locale) => locale === name);
}

export function directionOf(name: string): "ltr" | "rtl" {
  return RIGHT_TO_LEFT.has(name.slice(0, 2)) ? "rtl" : "ltr";
}

/** A language in its own words, as a heading of its own: `Deutsch`, `Français`. */
export function ownName(locale: string): string {
  const name = new Intl.DisplayNames([locale], { type: "language" }).of(locale) ?? locale;
  return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1);
}
