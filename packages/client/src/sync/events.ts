/**
 * What happens while recordings are synced, as typed events. Their names and fields are those of the diagnostic log that Omi's
 * clients write (reference client-sync 4.7, 6.2), so that a reader of one can read the other; logs, tests and user interfaces
 * listen to the same ones. A listener that throws hurts nobody else.
 */
import type { CooldownReason, WakeReason } from "@holdfast/core";
import { Listeners } from "../listeners.ts";

export interface SyncEvents {
  /** Something that a person is shown may have changed. */
  changed: Readonly<Record<never, never>>;
  /** Conversations that came of these recordings. */
  conversations: {
    readonly walIds: readonly string[];
    readonly created: readonly string[];
    readonly updated: readonly string[];
  };
  pass_started: { readonly reason: WakeReason };
  pass_finished: { readonly reason: WakeReason; readonly outcome: "clean" | "failed" | "limited" };
  /** The disk failed under the pass; it is tried again. */
  pass_broken: { readonly reason: string };
  local_upload_started: { readonly walCount: number };
  local_upload_finished: {
    readonly batchesUploaded: number;
    readonly batchesFailed: number;
    readonly corrupted: number;
    readonly newConversations: number;
    readonly updatedConversations: number;
    readonly permanentFailures: number;
  };
  /** A cooldown stands, so nothing was sent. */
  local_upload_rate_limited: { readonly until: number; readonly reason: CooldownReason };
  local_upload_batch: {
    readonly walIds: readonly string[];
    readonly bytes: number;
    readonly outcome: string;
    readonly reason: string | null;
    readonly durationMs: number;
  };
  local_upload_outside_recovery_window: {
    readonly batchWalIds: readonly string[];
    readonly retiredWalIds: readonly string[];
  };
  local_upload_terminal_http_refusal: { readonly reason: string; readonly walCount: number };
  fetch_sync_job_status: {
    readonly jobId: string;
    readonly httpStatus: number | null;
    readonly outcome: "transient" | "not_found" | "signed_out";
  };
  reconcile_poll: {
    readonly jobId: string;
    readonly memberWalIds: readonly string[];
    readonly outcome: "transient" | "non_terminal" | "completed";
    readonly serverStatus?: string;
    readonly processedSegments?: number;
    readonly totalSegments?: number;
    readonly newConversations?: number;
    readonly updatedConversations?: number;
  };
  reconcile_revert: {
    readonly walId: string;
    readonly jobId: string;
    readonly outcome: "not_found" | "failed" | "partial_failure" | "overdue" | "completed";
    readonly newStatus: string;
    readonly retryCount: number;
    readonly retryCountBumped: boolean;
    readonly fileExists?: boolean;
    readonly serverError?: string | null;
    readonly failedSegments?: number;
    readonly totalSegments?: number;
    readonly capacityLimited?: boolean;
    readonly reasonCode?: string;
    readonly permanentInput?: boolean;
  };
  cooldown_started: { readonly reason: CooldownReason; readonly until: number; readonly simulated: boolean };
  cooldown_ended: Readonly<Record<never, never>>;
  fair_use_checked: { readonly restricted: boolean | "unknown" };
  signed_out: { readonly reason: string };
  /** More recordings wait than should; nothing is refused for it. */
  wal_admission_pressure: {
    readonly policy: "warn_only";
    readonly cap: number;
    readonly retained_count: number;
    readonly blocked_count: number;
  };
  wal_synced_copy_autoremove: { readonly policy: "synced_age_days"; readonly days: number; readonly removed: number };
}

export type SyncEventName = keyof SyncEvents;

export type SyncListener = <N extends SyncEventName>(name: N, detail: SyncEvents[N]) => void;

/** Hands events to listeners. */
export class SyncEmitter {
  readonly #listeners = new Listeners<Parameters<SyncListener>>();

  /** Hears every event from now on; returns the way out. */
  on(listener: SyncListener): () => void {
    return this.#listeners.on(listener);
  }

  emit<N extends SyncEventName>(name: N, detail: SyncEvents[N]): void {
    this.#listeners.tell(name, detail);
  }
}
