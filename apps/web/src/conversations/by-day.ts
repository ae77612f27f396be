/** Groups conversations by the day they began, in the order given (the server lists the newest first). */
import type { Conversation } from "@holdfast/contract";

export interface Day {
  /** `2026-11-23`, in the person's own time zone. */
  readonly key: string;
  readonly title: string;
  readonly conversations: readonly Conversation[];
}

export function beganAt(conversation: Conversation): Date {
  return new Date(conversation.started_at ?? conversation.created_at);
}

export function byDay(conversations: readonly Conversation[], now: Date, locale: string): readonly Day[] {
  const days = new Map<string, Conversation[]>();
  for (const conversation of conversations) {
    const key = dayKey(beganAt(conversation));
    days.set(key, [...(days.get(key) ?? []), conversation]);
  }
  return [...days].map(([key, list]) => ({ key, title: dayTitle(key, now, locale), conversations: list }));
}

export function dayKey(date: Date): string {
  const pad = (n: number): string => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** Today and yesterday by name, the last week by weekday, older days by date; the year only where it is another one. */
export function dayTitle(key: string, now: Date, locale: string): string {
  const midnight = (text: string): Date => new Date(`${text}T00:00:00`);
  const day = midnight(key);
  const ago = Math.round((midnight(dayKey(now)).getTime() - day.getTime()) / 86_400_000);
  if (ago === 0 || ago === 1) {
    const name = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-ago, "day");
    return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1);
  }
  return new Intl.DateTimeFormat(locale, {
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(day.getFullYear() === now.getFullYear() ? {} : { year: "numeric" }),
  }).format(day);
}
