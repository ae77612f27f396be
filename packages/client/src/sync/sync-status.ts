/** How syncing stands, as a user interface shows it: one look at the engine. */
import type { ActiveLimit, StatusCard, SyncCounts, SyncPhase } from "@holdfast/core";
import type { DrainProgress } from "./drain.ts";

export interface SyncStatus {
  readonly card: StatusCard;
  readonly phase: SyncPhase;
  readonly limit: ActiveLimit | null;
  /** Of recordings that are whole and not for the live way. */
  readonly counts: SyncCounts;
  /** Recordings that are being captured, or that the live way may still deliver. */
  readonly capturing: number;
  /** Of the pass that uploads now; null while none does. */
  readonly progress: DrainProgress | null;
  /** When something will be asked or sent next; null where nothing is planned. */
  readonly nextPassAtMs: number | null;
  /** Code of the refusal, where the server does not take this sign-in any more. */
  readonly signedOut: string | null;
  /** Conversations that came of recordings since the start. */
  readonly conversations: { readonly created: readonly string[]; readonly updated: readonly string[] };
}
