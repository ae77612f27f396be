/**
 * What happens in the life of a pusher, as typed events; logs, metrics and tests listen to the same ones. No event carries a
 * word anybody said, and user ids travel under a `pii` key.
 */
import type { FailureClass } from "@holdfast/contract";
import type { Log } from "@holdfast/core";
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
    } & OfJob);

/** What one connection brought. */
export interface LinkCounts {
  readonly frames: number;
  readonly invalidFrames: number;
  readonly audioBytes: number;
  readonly segments: number;
  readonly requests: number;
  readonly dropped: number;
}

export type OnPusherEvent = (event: PusherEvent) => void;

const WARN = new Set<PusherEvent["type"]>(["summary_fell_back", "finalization_failed", "link_refused"]);

export function logEvents(log: Log): OnPusherEvent {
  return (event) => {
    const { type, ...fields } = event;
    const line = { event: type, ...fields };
    const text = type.replaceAll("_", " ");
    if (WARN.has(type)) log.warn(line, text);
    else log.info(line, text);
  };
}
