/** Lengths, sizes and times of day as a person reads them. Plurals, separators and clock style come from `Intl`. */

/** `1:02` or `1:02:03`, for a running clock and positions in a transcript. */
export function clockTime(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const pad = (n: number): string => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

/** `12 sec`, `4 min`, `1 hr 20 min`. */
export function duration(ms: number, locale?: string): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return unit(Math.max(1, seconds), "second", locale);
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return unit(minutes, "minute", locale);
  const rest = minutes % 60;
  const hours = unit(Math.floor(minutes / 60), "hour", locale);
  return rest === 0 ? hours : `${hours} ${unit(rest, "minute", locale)}`;
}

/** Whole seconds with their unit: `7 sec`. */
export function wholeSeconds(ms: number, locale?: string): string {
  return unit(Math.round(ms / 1000), "second", locale);
}

export function fileSize(bytes: number, locale?: string): string {
  if (bytes < 999_500) return unit(Math.max(1, Math.round(bytes / 1000)), "kilobyte", locale);
  if (bytes < 999_950_000) return unit(Math.round(bytes / 100_000) / 10, "megabyte", locale);
  return unit(Math.round(bytes / 100_000_000) / 10, "gigabyte", locale);
}

export function timeOfDay(date: Date): string {
  return new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" }).format(date);
}

/** When something happens: by the clock today, with seconds where it is less than two minutes away, with the date later. */
export function moment(atMs: number, nowMs: number, locale?: string): string {
  const at = new Date(atMs);
  const isToday = at.toDateString() === new Date(nowMs).toDateString();
  const isSoon = Math.abs(atMs - nowMs) < 120_000;
  const format = new Intl.DateTimeFormat(locale, {
    ...(isToday ? {} : { day: "numeric", month: "long" }),
    ...{ hour: "numeric", minute: "2-digit" },
    ...(isSoon ? { second: "2-digit" } : {}),
  });
  return `${isToday ? "at" : "on"} ${format.format(at)}`;
}

export function dateAndTime(date: Date): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" }).format(date);
}

type Unit = "second" | "minute" | "hour" | "kilobyte" | "megabyte" | "gigabyte";

function unit(value: number, name: Unit, locale: string | undefined): string {
  return new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short" }).format(value);
}
