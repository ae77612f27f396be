/**
 * What happens in the life of a pusher, as typed events; logs, metrics and tests listen to the same ones. No event carries a
 * word anybody said, and user ids travel under a `pii` key.
 */
import type { FailureClass } from "@holdfast/contract";
import type { FairUseStage, Log } from "@holdfast/core";
import type { FinishOutcome } from "@holdfast/store";

interface OfJob {
  readonly jobId: string;
  readonly conversationId: string;
  readonly trigger: string;
}

export type PusherEvent =
  | { readonly type: "link_opened"; readonly link: number; readonly pii: { readonly userId: string } }
  | ({
      readonly type: "link_closed";
      readonly link: number;
      readonly code: number;
      readonly bound: boolean;
    } & LinkCounts)
  | {
      readonly type: "link_consumer_failed";
      readonly link: number;
      readonly kind: "transcript" | "audio" | "sample" | "closed";
      readonly error: string;
    }
  | { readonly type: "link_refused"; readonly status: number; readonly reason: string }
  | ({ readonly type: "finalization_started"; readonly segments: number; readonly tries: number } & OfJob)
  | ({
      readonly type: "finalization_finished";
      readonly outcome: FinishOutcome | "gone" | "obsolete" | "postponed" | "gave_up";
      readonly summaryKind: "basic" | "llm" | null;
      readonly discarded: boolean;
      readonly stateReason: string | null;
      readonly tookMs: number;
    } & OfJob)
  | ({ readonly type: "finalization_stopped"; readonly reason: "lease_lost_or_draining" } & OfJob)
  | ({
      readonly type: "finalization_failed";
      readonly code: string;
      readonly class: FailureClass;
      readonly state: string | null;
      readonly error: string;
    } & OfJob)
  | ({
      readonly type: "summary_fell_back";
      readonly code: string;
      readonly class: FailureClass;
      readonly error: string;
    } & OfJob)
  | {
      readonly type: "fanout_finished";
      readonly jobId: string;
      readonly conversationId: string;
      readonly outcome: "fenced" | "completed" | "refused" | "gave_up" | "postponed" | "stopped";
      readonly reason: string | null;
      readonly delivered: number;
      readonly tries: number;
      readonly tookMs: number;
    }
  | {
      readonly type: "fanout_failed" | "audio_job_failed";
      readonly jobId: string;
      readonly conversationId: string;
      readonly kind?: string;
      readonly code: string;
      readonly class: FailureClass;
      readonly state: string | null;
    }
  | {
      readonly type: "webhook_delivered" | "webhook_failed";
      readonly webhook: string;
      readonly deliveryId: string;
      readonly status: number | null;
      readonly code: string | null;
    }
  | {
      readonly type: "photo_finished";
      readonly jobId: string;
      readonly conversationId: string;
      readonly outcome: "described" | "without_description" | "gone" | "lease_lost";
      readonly tookMs: number;
    }
  | {
      readonly type: "photo_failed";
      readonly jobId: string;
      readonly conversationId: string;
      readonly code: string;
      readonly class: FailureClass;
      readonly state: string | null;
    }
  | {
      readonly type: "fair_use_verdict";
      readonly jobId: string;
      readonly judgedBy: string;
      readonly caseRef: string;
      readonly score: number;
      readonly previousStage: FairUseStage;
      readonly stage: FairUseStage;
      readonly tookMs: number;
    }
  | {
      readonly type: "fair_use_undecided";
      readonly jobId: string;
      readonly reason: "superseded" | "not_limited" | "within_limits" | "lease_lost";
    }
  | {
      readonly type: "fair_use_failed";
      readonly jobId: string;
      readonly code: string;
      readonly class: FailureClass;
      readonly state: string | null;
    }
  | {
      readonly type: "audio_job_finished";
      readonly jobId: string;
      readonly conversationId: string;
      readonly kind: string;
      readonly outcome: "stored" | "gone" | "lease_lost" | "postponed";
      readonly parts: number;
      readonly bytes: number;
      readonly tookMs: number;
    };

/** What one connection brought. */
export interface LinkCounts {
  readonly frames: number;
  readonly invalidFrames: number;
  readonly audioBytes: number;
  readonly segments: number;
  readonly requests: number;
  readonly dropped: number;
  /** What consumers were too slow to take. */
  readonly droppedBatches: number;
  readonly droppedAudioBytes: number;
}

export type OnPusherEvent = (event: PusherEvent) => void;

const WARN = new Set<PusherEvent["type"]>([
  ...(["summary_fell_back", "finalization_failed", "link_refused", "link_consumer_failed"] as const),
  ...(["fanout_failed", "webhook_failed", "audio_job_failed", "fair_use_failed"] as const),
]);

export function logEvents(log: Log): OnPusherEvent {
  return (event) => {
    const { type, ...fields } = event;
    const line = { event: type, ...fields };
    const text = type.replaceAll("_", " ");
    if (WARN.has(type)) log.warn(line, text);
    else log.info(line, text);
  };
}
