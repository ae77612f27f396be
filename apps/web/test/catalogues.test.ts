/**
 * Every catalogue says what the English one says: the same messages in the same order, with the same facts in them, in all the
 * plural forms of its language, and translated. `-t "locale de"` checks one.
 */
import { fileURLToPath } from "node:url";
import type { MessageFormatElement } from "@formatjs/icu-messageformat-parser";
import { describe, expect, it } from "vitest";
import { localesWithFile, readMessages } from "../plugins/catalogues.ts";
import { parsed } from "../plugins/compile.ts";
import { LOCALES } from "../src/i18n/locales.ts";
import { literalIds } from "./source-text.ts";
import { UNTRANSLATED } from "./untranslated.ts";

const english = readMessages("en");
const ids = Object.keys(english);

/** More than this share of equal messages is a catalogue that was not translated. */
const MOST_EQUAL = 0.1;

describe.each(localesWithFile())("locale %s", (locale) => {
  const messages = readMessages(locale);

  it("has the messages of English in their order, no more, and no fewer than is known", () => {
    expect(Object.keys(messages)).toEqual(ids.filter((id) => id in messages));
    expect(ids.length - Object.keys(messages).length).toBe(UNTRANSLATED[locale] ?? 0);
  });

  it("has messages that can be read, with the arguments, choices and tags of English", () => {
    const wrong = Object.entries(messages).flatMap(([id, text]) => {
      const [theirs, ours] = [structureOf(parsed(id, text)), structureOf(parsed(id, english[id] ?? ""))];
      return theirs.join() === ours.join() ? [] : [`${id}: ${theirs.join(" ")} instead of ${ours.join(" ")}`];
    });
    expect(wrong).toEqual([]);
  });

  it("has the plural forms of its language, and exact numbers only where English has them", () => {
    const needed = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
    const wrong = Object.entries(messages).flatMap(([id, text]) => {
      const exact = new Set(pluralsOf(parsed(id, english[id] ?? "")).flat());
      return pluralsOf(parsed(id, text)).flatMap((forms) => {
        const named = forms.filter((form) => !form.startsWith("="));
        const extra = forms.filter((form) => form.startsWith("=") && !exact.has(form));
        const isRight = [...named].sort().join() === [...needed].sort().join() && extra.length === 0;
        return isRight ? [] : [`${id}: ${forms.join(" ")} instead of ${needed.join(" ")}`];
      });
    });
    expect(wrong).toEqual([]);
  });

  it("has nothing that is empty or begins or ends with a space", () => {
    expect(Object.entries(messages).filter(([, text]) => text === "" || text !== text.trim())).toEqual([]);
  });
});

describe.each(localesWithFile().filter((locale) => locale !== "en"))("locale %s", (locale) => {
  const messages = readMessages(locale);

  it("is translated", () => {
    const translatable = ids.filter((id) => /\p{L}/u.test(wordsOf(parsed(id, english[id] ?? ""))));
    const equal = translatable.filter((id) => messages[id] === english[id]);
    expect(equal.length / translatable.length, equal.join()).toBeLessThan(MOST_EQUAL);
  });
});

it("the languages of the page are those that have a catalogue", () => {
  expect([...LOCALES].sort()).toEqual(localesWithFile());
});

it("every message is said somewhere", () => {
  const used = literalIds(fileURLToPath(new URL("../src", import.meta.url)));
  expect(ids.filter((id) => !used.some((pattern) => pattern.test(id)))).toEqual([]);
});

/** `kind:name` of everything a message takes, with the options of a select; sorted, each once. */
function structureOf(elements: readonly MessageFormatElement[]): readonly string[] {
  const found = new Set<string>();
  walk(elements, (element) => {
    if (element.type === 0 || element.type === 7) return;
    const options = element.type === 5 ? `(${Object.keys(element.options).sort().join("|")})` : "";
    found.add(`${KINDS[element.type]}:${element.value}${options}`);
  });
  return [...found].sort();
}

const KINDS = ["", "argument", "number", "date", "time", "select", "plural", "", "tag"] as const;

/** The forms of each plural, in the order in which they are written. */
function pluralsOf(elements: readonly MessageFormatElement[]): readonly (readonly string[])[] {
  const plurals: string[][] = [];
  walk(elements, (element) => void (element.type === 6 && plurals.push(Object.keys(element.options))));
  return plurals;
}

/** What is left for a translator, without the name of the program. */
function wordsOf(elements: readonly MessageFormatElement[]): string {
  let words = "";
  walk(elements, (element) => {
    if (element.type === 0) words += element.value;
  });
  return words.replaceAll("Holdfast", "");
}

function walk(elements: readonly MessageFormatElement[], see: (element: MessageFormatElement) => void): void {
  for (const element of elements) {
    see(element);
    if (element.type === 8) walk(element.children, see);
    if (element.type === 5 || element.type === 6)
      for (const { value } of Object.values(element.options)) walk(value, see);
  }
}
