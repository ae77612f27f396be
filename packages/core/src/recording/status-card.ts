/**
 * The one sentence that says how syncing stands, in the order of precedence of reference client-sync 7.2.3. A pause is never
 * shown as "ready" (D4), has no spinner and no button, and says when it ends.
 */
import type { ActiveLimit } from "./cooldown.ts";
import type { SyncCounts } from "./display.ts";

export type SyncPhase = "idle" | "downloading" | "waiting_internet" | "uploading" | "working";

export type StatusCardState =
  | "downloading"
  | "waiting_internet"
  | "uploading"
  | "working"
  | "limited_fair_use"
  | "limited_busy"
  | "processing"
  | "attention"
  | "ready"
  | "all_synced";

export interface StatusCard {
  readonly state: StatusCardState;
  readonly spinner: boolean;
  readonly button: "cancel" | "sync" | null;
  /** When the pause ends, Unix milliseconds; null where there is none. */
  readonly resumesAtMs: number | null;
}

export function statusCard(phase: SyncPhase, limit: ActiveLimit | null, counts: SyncCounts): StatusCard {
  const card = (state: StatusCardState, spinner: boolean, button: StatusCard["button"]): StatusCard => ({
    ...{ state, button, resumesAtMs: limit?.untilMs ?? null },
    spinner: spinner && limit === null,
  });
  if (phase !== "idle") return card(phase, true, "cancel");
  if (limit !== null) return card(limit.reason === "fair_use" ? "limited_fair_use" : "limited_busy", false, null);
  // Whatever sends outside of a pass is no less under way, and never "all synced" (D9).
  if (counts.sending > 0) return card("uploading", true, "cancel");
  if (counts.uploaded > 0) return card("processing", true, null);
  if (counts.attention > 0) return card("attention", false, "sync");
  if (counts.waiting + counts.retrying > 0) return card("ready", false, "sync");
  return card("all_synced", false, null);
}
