/**
 * Says messages in one language. The catalogue holds ICU messages as the build has parsed them; where one has no translation, or
 * does not go with its facts, the English one is said, and never nothing.
 */
import { type Formatters, formatToParts, IntlMessageFormat } from "intl-messageformat";
import { type Amount, formatAmount } from "./amounts.ts";
import type { Message, MessageId, Text, Value, Values } from "./message.ts";

type Elements = Parameters<typeof formatToParts>[0];

/** Messages by id: plain words, or the elements of a parsed ICU message. */
export type Catalogue = Readonly<Record<string, string | Elements>>;

export interface Language {
  /** As in the catalogue's name: `de`, `en-XA`. */
  readonly name: string;
  /** For `Intl`, with the region of the person where it is known: `de-AT`. */
  readonly locale: string;
  readonly direction: "ltr" | "rtl";
  readonly messages: Catalogue;
}

/** What a tag of a message encloses, made into something that can be drawn. */
export type Wrap<T> = (inside: readonly (string | T)[]) => T;

export interface Words extends Omit<Language, "messages"> {
  t(id: MessageId, values?: Values): string;
  say(text: Text): string;
  amount(amount: Amount): string;
  /** The parts of a message with something in it that is more than text. */
  parts<T extends object>(
    id: MessageId,
    values: Readonly<Record<string, Value | T | Wrap<T>>>,
  ): readonly (string | T)[];
}

export function createWords({ messages, ...language }: Language, english: Catalogue): Words {
  const { locale } = language;
  const formatters = createFormatters();

  function partsOf<T extends object>(
    id: MessageId,
    values: Readonly<Record<string, unknown>>,
  ): readonly (string | T)[] {
    for (const [catalogue, language] of [
      [messages, locale],
      [english, "en"],
    ] as const) {
      try {
        const parts = inLanguage<T>(catalogue[id], language, values);
        if (parts !== undefined) return parts;
      } catch {
        // It does not go with its facts: the next one may.
      }
    }
    return [id];
  }

  function inLanguage<T extends object>(
    found: string | Elements | undefined,
    language: string,
    values: Readonly<Record<string, unknown>>,
  ): readonly (string | T)[] | undefined {
    if (found === undefined || typeof found === "string") return found === undefined ? undefined : [found];
    return formatToParts<T>(found, language, formatters, IntlMessageFormat.formats, values as never).map(
      ({ value }) => value,
    );
  }

  function plain(value: unknown): unknown {
    if (isMessage(value)) return words.say(value);
    return isAmount(value) ? formatAmount(value, locale) : value;
  }

  const words: Words = {
    ...language,
    t: (id, values = {}) => partsOf(id, mapped(values, plain)).join(""),
    say: (text) => (typeof text === "string" ? text : words.t(text.id, text.values)),
    amount: (amount) => formatAmount(amount, locale),
    parts: (id, values) => partsOf(id, mapped(values, plain)),
  };
  return words;
}

function mapped(
  values: Readonly<Record<string, unknown>>,
  change: (value: unknown) => unknown,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}

function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null && "id" in value && typeof value.id === "string";
}

function isAmount(value: unknown): value is Amount {
  return typeof value === "object" && value !== null && "as" in value && typeof value.as === "string";
}

/** As the formatter wants them: one of a kind for each set of options. */
function createFormatters(): Formatters {
  const kept = new Map<string, unknown>();
  const once = <T>(kind: string, options: unknown, make: () => T): T => {
    const key = `${kind} ${JSON.stringify(options)}`;
    const known = (kept.get(key) as T | undefined) ?? make();
    kept.set(key, known);
    return known;
  };
  return {
    getNumberFormat: (locale, options) =>
      once("number", [locale, options], () => new Intl.NumberFormat(locale, options as Intl.NumberFormatOptions)),
    getDateTimeFormat: (...of) => once("date", of, () => new Intl.DateTimeFormat(...of)),
    getPluralRules: (...of) => once("plural", of, () => new Intl.PluralRules(...of)),
  };
}
