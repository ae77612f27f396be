/** One line of `holdfast doctor`: what was looked at, how it is, and what to do about it. */
export interface Finding {
  readonly check: string;
  readonly level: "ok" | "warn" | "fail";
  readonly found: string;
  /** What a person can do; only where the level is not `ok`. */
  readonly advice?: string;
}

export const ok = (check: string, found: string): Finding => ({ check, level: "ok", found });
export const warn = (check: string, found: string, advice: string): Finding => ({
  check,
  level: "warn",
  found,
  advice,
});
export const fail = (check: string, found: string, advice: string): Finding => ({
  check,
  level: "fail",
  found,
  advice,
});
