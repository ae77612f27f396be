/** Names and start times of ordinary sound files that a person drops on the page. A name is a label and never a path. */
import { HoldfastError, SYNC } from "@holdfast/contract";
import { parseTime } from "../rest/input.ts";

const EARLIEST_MS = Date.UTC(1970, 0, 2);
/** Clocks differ a little. */
const FUTURE_SKEW_MS = 300_000;

/** Throws `upload_invalid_name` for an empty or overlong name, separators, `..` and control characters. */
export function checkSoundName(name: string): void {
  const tooLong = Buffer.byteLength(name) > SYNC.maxNameBytes;
  if (name !== "" && !tooLong && !/[/\\]|\p{Cc}/u.test(name) && !name.includes("..")) return;
  throw new HoldfastError("a file needs a plain name without path separators, '..' or control characters", {
    code: "upload_invalid_name",
    class: "permanent_input",
  });
}

/** `started_at` as ISO 8601 or Unix milliseconds; throws `invalid_started_at` where it is unreadable or in the future. */
export function parseStartedAt(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined || value.trim() === "") return undefined;
  const ms = /^\d{1,16}$/.test(value.trim()) ? Number(value) : parseTime(value.trim());
  if (ms !== undefined && ms >= EARLIEST_MS && ms <= nowMs + FUTURE_SKEW_MS) return Math.min(ms, nowMs);
  throw new HoldfastError("started_at must be a time in ISO 8601 or Unix milliseconds, and not in the future", {
    code: "invalid_started_at",
    class: "permanent_input",
  });
}
