/**
 * Times in English speech: "tomorrow", "by Friday", "next Monday at 5 pm", "in two weeks", "on March 5th at 17:30". Everything
 * is in UTC and relative to the moment given. Only what is clear is taken: "at five" without am or pm is no time, and a text
 * with nothing clear in it gives undefined. A day without a time means its end, 23:59.
 */

export interface When {
  /** Unix milliseconds. */
  readonly ms: number;
  readonly hasDay: boolean;
  readonly hasTime: boolean;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const END_OF_DAY = 23 * 60 + 59;
const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS = "january february march april may june july august september october november december".split(" ");
const NUMBERS = ["a", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

const IN_AMOUNT =
  /\b(?:in|within) (?:the next )?(an?|one|two|three|four|five|six|seven|eight|nine|ten|\d{1,3}) (minute|hour|day|week|month)s?\b/iu;
const WEEKDAY = /\b(next |this |coming )?(sunday|monday|tuesday|wednesday|thursday|friday|saturday)\b/iu;
const MONTH_DAY = new RegExp(`\\b(${MONTHS.join("|")}) (?:the )?(\\d{1,2})(?:st|nd|rd|th)?\\b(?! ?(?:am|pm|:))`, "iu");
const DAY_MONTH = new RegExp(`\\b(?:the )?(\\d{1,2})(?:st|nd|rd|th)?(?: of)? (${MONTHS.join("|")})\\b`, "iu");
const TWELVE_HOURS = /\b(1[0-2]|0?[1-9])(?:[:.]([0-5]\d))? ?([ap])\.?m\b/iu;
const CLOCK_24 = /\b(?:at|by|from|until|before) ([01]?\d|2[0-3]):([0-5]\d)\b/iu;
const CLOCK_WORD = /\b(?:at|by|before) (noon|midday|midnight)\b/iu;
const PART_OF_DAY = /\b(?:in the |this |tomorrow |day )?(morning|afternoon|evening|tonight)\b/iu;
const PART_MINUTES: Readonly<Record<string, number>> = {
  morning: 9 * 60,
  afternoon: 15 * 60,
  evening: 20 * 60,
  tonight: 20 * 60,
};

export function findWhen(text: string, nowMs: number): When | undefined {
  const amount = inAmount(text, nowMs);
  if (amount !== undefined) return amount;
  const today = nowMs - (((nowMs % DAY_MS) + DAY_MS) % DAY_MS);
  const day = findDay(text, today);
  const minutes = findMinutes(text);
  if (day === undefined && minutes === undefined) return undefined;
  if (day === undefined) {
    // A time alone is the next moment at which the clock shows it; a part of the day alone is too vague.
    if (minutes === undefined || !minutes.exact) return undefined;
    const at = today + minutes.minutes * MINUTE_MS;
    return { ms: at > nowMs ? at : at + DAY_MS, hasDay: false, hasTime: true };
  }
  const within = minutes?.minutes ?? END_OF_DAY;
  return { ms: day + within * MINUTE_MS, hasDay: true, hasTime: minutes?.exact === true };
}

function inAmount(text: string, nowMs: number): When | undefined {
  const match = IN_AMOUNT.exec(text);
  const unit = match?.[2]?.toLowerCase();
  const said = match?.[1]?.toLowerCase() ?? "";
  if (unit === undefined) return undefined;
  const named = NUMBERS.indexOf(said === "an" ? "a" : said);
  const count = named === -1 ? Number(said) : Math.max(1, named);
  if (unit === "minute") return { ms: nowMs + count * MINUTE_MS, hasDay: true, hasTime: true };
  if (unit === "hour") return { ms: nowMs + count * 60 * MINUTE_MS, hasDay: true, hasTime: true };
  const days = count * (unit === "day" ? 1 : unit === "week" ? 7 : 30);
  const today = nowMs - (((nowMs % DAY_MS) + DAY_MS) % DAY_MS);
  const minutes = findMinutes(text);
  const within = minutes?.minutes ?? END_OF_DAY;
  return { ms: today + days * DAY_MS + within * MINUTE_MS, hasDay: true, hasTime: minutes?.exact === true };
}

/** Midnight of the day meant. */
function findDay(text: string, today: number): number | undefined {
  if (/\bday after tomorrow\b/iu.test(text)) return today + 2 * DAY_MS;
  if (/\btomorrow\b/iu.test(text)) return today + DAY_MS;
  if (/\b(?:today|tonight|end of (?:the )?day|this (?:morning|afternoon|evening))\b/iu.test(text)) return today;
  const weekday = WEEKDAY.exec(text);
  if (weekday !== null) return weekdayAfter(today, weekday[2] ?? "", /^next/iu.test(weekday[1] ?? ""));
  const date = monthDay(text, today);
  if (date !== undefined) return date;
  if (/\b(?:by |before )?(?:the )?end of (?:the |this )?week\b/iu.test(text))
    return weekdayAfter(today, "friday", false);
  if (/\bnext week\b/iu.test(text)) return weekdayAfter(today, "monday", true);
  return undefined;
}

/** "Friday" is the next one after today; "next Friday" is that of the week after this one (weeks begin on Monday). */
function weekdayAfter(today: number, name: string, nextWeek: boolean): number {
  const wanted = WEEKDAYS.indexOf(name.toLowerCase());
  const current = new Date(today).getUTCDay();
  if (!nextWeek) return today + (((wanted - current + 6) % 7) + 1) * DAY_MS;
  const monday = today - ((current + 6) % 7) * DAY_MS;
  return monday + (7 + ((wanted + 6) % 7)) * DAY_MS;
}

/** This year's date, or next year's where it has passed. */
function monthDay(text: string, today: number): number | undefined {
  const forward = MONTH_DAY.exec(text);
  const backward = DAY_MONTH.exec(text);
  const month = MONTHS.indexOf((forward?.[1] ?? backward?.[2] ?? "").toLowerCase());
  const day = Number(forward?.[2] ?? backward?.[1] ?? 0);
  if (month === -1 || day < 1 || day > 31) return undefined;
  const year = new Date(today).getUTCFullYear();
  const at = Date.UTC(year, month, day);
  if (new Date(at).getUTCMonth() !== month) return undefined;
  return at >= today ? at : Date.UTC(year + 1, month, day);
}

/** Minutes after midnight; `exact` where a clock time was said rather than a part of the day. */
function findMinutes(text: string): { readonly minutes: number; readonly exact: boolean } | undefined {
  const twelve = TWELVE_HOURS.exec(text);
  if (twelve !== null) {
    const hour = (Number(twelve[1]) % 12) + (twelve[3]?.toLowerCase() === "p" ? 12 : 0);
    return { minutes: hour * 60 + Number(twelve[2] ?? 0), exact: true };
  }
  const full = CLOCK_24.exec(text);
  if (full !== null) return { minutes: Number(full[1]) * 60 + Number(full[2]), exact: true };
  const word = CLOCK_WORD.exec(text)?.[1]?.toLowerCase();
  if (word !== undefined) return { minutes: word === "midnight" ? END_OF_DAY : 12 * 60, exact: true };
  const part = PART_OF_DAY.exec(text)?.[1]?.toLowerCase();
  return part === undefined ? undefined : { minutes: PART_MINUTES[part] ?? END_OF_DAY, exact: false };
}
