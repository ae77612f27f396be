/**
 * Where a conversation stands, for whoever follows it over several sockets and reads: a phase, and a number that grows with
 * each change and orders the changes of all conversations of a recording session (reference listen-and-pusher 4.4). The
 * database sets the number (migration 0003).
 */
import type { ConversationRow } from "./read.ts";

export type LifecyclePhase = "in_progress" | "processing" | "completed" | "failed" | "discarded";

export interface Lifecycle {
  readonly version: 1;
  readonly phase: LifecyclePhase;
  readonly sequence: number;
}

export function lifecycleOf(row: Pick<ConversationRow, "status" | "discarded" | "lifecycle_sequence">): Lifecycle {
  return { version: 1, phase: phaseOf(row.status, row.discarded), sequence: row.lifecycle_sequence };
}

/** Discarding is a verdict of the finalisation: what is summarised anew is in work again. */
function phaseOf(status: string, discarded: boolean): LifecyclePhase {
  switch (status) {
    case "in_progress":
      return "in_progress";
    case "processing":
    case "merging":
      return "processing";
    case "failed":
      return discarded ? "discarded" : "failed";
    default:
      return discarded ? "discarded" : "completed";
  }
}
