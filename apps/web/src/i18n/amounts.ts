/**
 * Lengths, sizes and times of day as a person reads them. Digits, units, separators and the style of the clock come from `Intl`;
 * an amount is data until it is said, so that whoever decides on words needs no language.
 */

export type Amount =
  /** `12 sec`, `4 min`, `1 hr 20 min`. */
  | { readonly as: "duration"; readonly ms: number }
  /** Whole seconds with their unit: `7 sec`. */
  | { readonly as: "seconds"; readonly ms: number }
  /** `1:02` or `1:02:03`, for a running clock and positions in a transcript. */
  | { readonly as: "clock"; readonly ms: number }
  | { readonly as: "bytes"; readonly bytes: number }
  /** A share of 1 as a percentage. */
  | { readonly as: "share"; readonly share: number }
  | { readonly as: "time_of_day"; readonly atMs: number }
  | { readonly as: "date_and_time"; readonly atMs: number }
  /** With the year: `Nov 23, 2026`. */
  | { readonly as: "date"; readonly atMs: number }
  /** By the clock on the same day, with seconds where it is less than two minutes away; with the date otherwise. */
  | { readonly as: "moment"; readonly atMs: number; readonly nowMs: number }
  | { readonly as: "list"; readonly items: readonly string[]; readonly type: "conjunction" | "disjunction" };

export const duration = (ms: number): Amount => ({ as: "duration", ms });
export const wholeSeconds = (ms: number): Amount => ({ as: "seconds", ms });
export const clockTime = (ms: number): Amount => ({ as: "clock", ms });
export const fileSize = (bytes: number): Amount => ({ as: "bytes", bytes });
export const timeOfDay = (date: Date): Amount => ({ as: "time_of_day", atMs: date.getTime() });
export const dateAndTime = (date: Date): Amount => ({ as: "date_and_time", atMs: date.getTime() });
export const date = (date: Date): Amount => ({ as: "date", atMs: date.getTime() });

/**
 * When something happens, for a message with `{day, select, today {…at {at}…} other {…on {at}…}}`: which words go before a time and
 * which before a date differs from language to language.
 */
export function moment(atMs: number, nowMs: number): { readonly day: "today" | "other"; readonly at: Amount } {
  return { day: isSameDay(atMs, nowMs) ? "today" : "other", at: { as: "moment", atMs, nowMs } };
}

export function formatAmount(amount: Amount, locale: string): string {
  switch (amount.as) {
    case "duration":
      return formatDuration(amount.ms, locale);
    case "seconds":
      return unit(Math.round(amount.ms / 1000), "second", locale);
    case "clock":
      return formatClock(amount.ms, locale);
    case "bytes":
      return formatBytes(amount.bytes, locale);
    case "share":
      return numbers(locale, { style: "percent" }).format(amount.share);
    case "time_of_day":
      return dates(locale, { hour: "numeric", minute: "2-digit" }).format(amount.atMs);
    case "date_and_time":
      return dates(locale, { dateStyle: "full", timeStyle: "short" }).format(amount.atMs);
    case "date":
      return dates(locale, { dateStyle: "medium" }).format(amount.atMs);
    case "moment":
      return dates(locale, {
        ...(isSameDay(amount.atMs, amount.nowMs) ? {} : { day: "numeric", month: "long" }),
        ...{ hour: "numeric", minute: "2-digit" },
        ...(Math.abs(amount.atMs - amount.nowMs) < 120_000 ? { second: "2-digit" } : {}),
      }).format(amount.atMs);
    case "list":
      return new Intl.ListFormat(locale, { type: amount.type }).format(amount.items);
    default:
      return amount satisfies never;
  }
}

function isSameDay(aMs: number, bMs: number): boolean {
  return new Date(aMs).toDateString() === new Date(bMs).toDateString();
}

function formatClock(ms: number, locale: string): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  // `Intl.DurationFormat` would put a zero before the first number, as nobody counts a recording.
  const digits = (value: number, least: number): string =>
    numbers(locale, { minimumIntegerDigits: least, useGrouping: false }).format(value);
  return h > 0 ? `${digits(h, 1)}:${digits(m, 2)}:${digits(s, 2)}` : `${digits(m, 1)}:${digits(s, 2)}`;
}

function formatDuration(ms: number, locale: string): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return unit(Math.max(1, seconds), "second", locale);
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return unit(minutes, "minute", locale);
  const rest = minutes % 60;
  const hours = unit(Math.floor(minutes / 60), "hour", locale);
  if (rest === 0) return hours;
  return new Intl.ListFormat(locale, { type: "unit", style: "narrow" }).format([hours, unit(rest, "minute", locale)]);
}

function formatBytes(bytes: number, locale: string): string {
  if (bytes < 999_500) return unit(Math.max(1, Math.round(bytes / 1000)), "kilobyte", locale);
  if (bytes < 999_950_000) return unit(Math.round(bytes / 100_000) / 10, "megabyte", locale);
  return unit(Math.round(bytes / 100_000_000) / 10, "gigabyte", locale);
}

type Unit = "second" | "minute" | "hour" | "kilobyte" | "megabyte" | "gigabyte";

function unit(value: number, name: Unit, locale: string): string {
  return numbers(locale, { style: "unit", unit: name, unitDisplay: "short" }).format(value);
}

// To make one of these takes a hundred times as long as to use it, and a transcript has thousands of times.
const made = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

function numbers(locale: string, options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  return kept(`n ${locale} ${JSON.stringify(options)}`, () => new Intl.NumberFormat(locale, options));
}

function dates(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return kept(`d ${locale} ${JSON.stringify(options)}`, () => new Intl.DateTimeFormat(locale, options));
}

function kept<T extends Intl.NumberFormat | Intl.DateTimeFormat>(key: string, make: () => T): T {
  const known = made.get(key) ?? make();
  made.set(key, known);
  return known as T;
}
