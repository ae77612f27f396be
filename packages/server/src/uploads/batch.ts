/**
 * What can be said about a batch of recordings without looking into them: its identity, its lane, its age, where it comes
 * from. Pure.
 */
import { createHash } from "node:crypto";
import { HoldfastError, type RecordingName } from "@holdfast/contract";

/** Recordings newer than this are worked on before older ones. */
export const FRESH_MS: number = 6 * 3_600_000;
/** Older recordings are refused on the Omi route (reference offline-sync 3.4). */
export const LOOKBACK_MS: number = 30 * 86_400_000;

/** Identity of a batch: the same user, names and bytes in any order give the same id. */
export function contentIdOf(
  userId: string,
  files: readonly { readonly name: string; readonly sha256: string }[],
): string {
  const parts = files.map((file) => `${file.name}:${file.sha256}`).sort();
  return createHash("sha256")
    .update(JSON.stringify([userId, ...parts]))
    .digest("hex");
}

export function laneOf(newestMs: number | null, nowMs: number): "fresh" | "backfill" {
  return newestMs === null || nowMs - newestMs <= FRESH_MS ? "fresh" : "backfill";
}

/** Whole seconds since the recording began, or null where nobody knows. */
export function ageSeconds(oldestMs: number | null, nowMs: number): number | null {
  return oldestMs === null ? null : Math.max(0, Math.floor((nowMs - oldestMs) / 1000));
}

/** Throws the refusal clients know as final where the recording is too old. */
export function refuseTooOld(startedAtMs: number, nowMs: number): void {
  if (nowMs - startedAtMs <= LOOKBACK_MS) return;
  throw new HoldfastError("recordings older than 30 days are not taken", {
    code: "backfill_lookback_exceeded",
    class: "permanent_input",
  });
}

/** The first name with a marker of its own decides (reference offline-sync 2.1). */
export function sourceOf(names: readonly RecordingName[]): RecordingName["source"] {
  return names.find((name) => name.source !== "omi")?.source ?? "omi";
}

export interface ClientDevice {
  readonly deviceId: string | null;
  readonly platform: string | null;
}

const PLATFORM = /^[a-z0-9_-]{1,32}$/;
const DEVICE_HASH = /^[a-z0-9_-]{1,64}$/;

/** `{platform}_{hash}` in lower case; unknown unless both headers say something (reference offline-sync 3.1). */
export function clientDevice(headers: Readonly<Record<string, string | string[] | undefined>>): ClientDevice {
  const platform = String(headers["x-app-platform"] ?? "").toLowerCase();
  const hash = String(headers["x-device-id-hash"] ?? "").toLowerCase();
  if (!PLATFORM.test(platform)) return { deviceId: null, platform: null };
  const known = DEVICE_HASH.test(hash) && hash !== "default";
  return { deviceId: known ? `${platform}_${hash}` : null, platform };
}
