/**
 * What can be said about a batch of recordings without looking into them: its identity, its lane, its age, where it comes
 * from. Pure.
 *
 * Decision: the lane says how soon a batch is worked on, so the newest file decides and no proof is asked for. In the original an
 * upload without proof is historical, because its queue for fresh work cannot take more; ours serves both lanes, and proof of
 * the device only raises the trust in the times.
 */
import { createHmac } from "node:crypto";
import { HoldfastError, type RecordingName, SYNC } from "@holdfast/contract";

/** Identity of a batch: the same user, names and bytes in any order give the same id (reference offline-sync 5.5). */
export function contentIdOf(
  key: Uint8Array,
  userId: string,
  files: readonly { readonly name: string; readonly sha256: string }[],
): string {
  const parts = files.map((file) => `${file.name}:${file.sha256}`).sort();
  return createHmac("sha256", key)
    .update(JSON.stringify([userId, ...parts]))
    .digest("hex");
}

export interface Lane {
  readonly lane: "fresh" | "backfill";
  readonly trust: "device_bound" | "legacy" | "untrusted";
  readonly reason:
    | "missing_capture_time"
    | "future_capture_time"
    | "historical_capture"
    | "unbound_capture_time"
    | "recent_capture";
}

/** Reference offline-sync 7.1, with the decision above. A file without a time counts as recorded now. */
export function laneOf(times: readonly (number | null)[], isProven: boolean, nowMs: number): Lane {
  const known = times.filter((ms) => ms !== null);
  if (known.length === 0 || known.length < times.length) {
    return { lane: "fresh", trust: "untrusted", reason: "missing_capture_time" };
  }
  const newestMs = Math.max(...known);
  if (newestMs > nowMs + SYNC.futureSkewMs) {
    return { lane: "backfill", trust: "untrusted", reason: "future_capture_time" };
  }
  const trust = isProven ? "device_bound" : "legacy";
  if (nowMs - newestMs > SYNC.freshMs) return { lane: "backfill", trust, reason: "historical_capture" };
  return { lane: "fresh", trust, reason: isProven ? "recent_capture" : "unbound_capture_time" };
}

/** Whole seconds since the oldest recording began, or null where nobody knows. */
export function ageSeconds(times: readonly (number | null)[], nowMs: number): number | null {
  const known = times.filter((ms) => ms !== null);
  return known.length === 0 ? null : Math.max(0, Math.floor((nowMs - Math.min(...known)) / 1000));
}

/** Throws the refusal clients know as final where the recording is too old. */
export function refuseTooOld(startedAtMs: number, nowMs: number): void {
  if (nowMs - startedAtMs <= SYNC.lookbackMs) return;
  throw new HoldfastError("recordings older than 30 days are not taken", {
    code: "backfill_lookback_exceeded",
    class: "permanent_input",
  });
}

/** The first name with a marker of its own decides (reference offline-sync 2.1). */
export function sourceOf(names: readonly RecordingName[]): RecordingName["source"] {
  return names.find((name) => name.source !== "omi")?.source ?? "omi";
}
