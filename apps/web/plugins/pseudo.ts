/**
 * Two languages that nobody speaks, made of the English one, to see what a translation would break. In `en-XA` every letter has
 * an accent, every text is longer and stands in brackets: what has none was never translated, and what is cut off has no room.
 * In `ar-XB` English is written from right to left.
 */
import type { MessageFormatElement, PluralOrSelectOption } from "@formatjs/icu-messageformat-parser";

type Change = (text: string) => string;

const PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ACCENTED = "áƀçđéƒǧĥíĵķłɱñóƥɋřšťúṽŵẋýžÁƁÇĐÉƑǦĤÍĴĶŁṀÑÓƤɊŘŠŤÚṼŴẊÝŽ";
const ACCENTS = new Map([...PLAIN].map((letter, i) => [letter, [...ACCENTED][i] ?? letter]));

/** Translations of short texts grow by half and more, of long ones by a third. */
const GROWTH = 0.4;
const RIGHT_TO_LEFT_OVERRIDE = "\u202e";
const END_OF_OVERRIDE = "\u202c";

export const PSEUDO: Readonly<
  Record<string, (elements: readonly MessageFormatElement[]) => readonly MessageFormatElement[]>
> = {
  "en-XA": (elements) => {
    const extra = "~".repeat(Math.ceil(lengthOf(elements) * GROWTH));
    return [literal("["), ...changed(elements, accented), literal(`${extra}]`)];
  },
  "ar-XB": (elements) => changed(elements, (text) => text.replace(/\p{L}[\p{L}\p{P}\d]*/gu, overridden)),
};

const accented: Change = (text) => [...text].map((letter) => ACCENTS.get(letter) ?? letter).join("");
const overridden: Change = (word) => `${RIGHT_TO_LEFT_OVERRIDE}${word}${END_OF_OVERRIDE}`;

function literal(value: string): MessageFormatElement {
  return { type: 0, value };
}

function changed(elements: readonly MessageFormatElement[], change: Change): MessageFormatElement[] {
  return elements.map((element) => {
    if (element.type === 0) return { ...element, value: change(element.value) };
    if (element.type === 8) return { ...element, children: changed(element.children, change) };
    if (element.type !== 5 && element.type !== 6) return element;
    const options = Object.fromEntries(
      Object.entries(element.options).map(([name, option]): [string, PluralOrSelectOption] => [
        name,
        { ...option, value: changed(option.value, change) },
      ]),
    );
    return { ...element, options };
  });
}

function lengthOf(elements: readonly MessageFormatElement[]): number {
  return elements.reduce((sum, element) => sum + (element.type === 0 ? element.value.length : 8), 0);
}
