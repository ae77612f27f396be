/** Small words that several outputs share. */

/** As the clock on the wall shows it; with the day where that is another one than `nowMs`. */
export function clockTime(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
  return at.toDateString() === new Date(nowMs).toDateString() ? time : `${localDay(at)} ${time}`;
}

/** In an order that can be sorted. */
export function localDay(at: Date): string {
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(two).join("-");
}

export function two(number: number): string {
  return String(number).padStart(2, "0");
}

/** Codes are made of words. */
export function spaced(code: string): string {
  return code.replaceAll("_", " ");
}

const BAR_LENGTH = 24;

/** `share` of 1 as a bar. */
export function barOf(share: number): string {
  const filled = Math.round(Math.max(0, Math.min(1, share)) * BAR_LENGTH);
  return `${"█".repeat(filled)}${"░".repeat(BAR_LENGTH - filled)}`;
}
