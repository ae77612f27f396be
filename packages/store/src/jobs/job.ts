/** A job as workers see it, and the conversion from its row. */
import type { JobKind, JobState } from "@holdfast/core";
import type { Selectable } from "kysely";
import type { JobsTable } from "../schema.ts";

export interface Job {
  readonly userId: string;
  readonly id: string;
  readonly kind: JobKind;
  readonly state: JobState;
  readonly conversationId: string | null;
  readonly lane: "fresh" | "backfill";
  readonly payload: Readonly<Record<string, unknown>>;
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly progress: Readonly<Record<string, unknown>> | null;
  readonly stage: string | null;
  /** Grows with each retry that a person asks for; whoever names an older one is refused. */
  readonly generation: number;
  readonly attempts: number;
  readonly tries: number;
  /** Leases that ran out in a row, without progress or a recorded failure between them. */
  readonly lostLeases: number;
  /** Fencing token: grows with each claim. Every later write must carry it. */
  readonly epoch: number;
  readonly reasonCode: string | null;
  readonly lastError: string | null;
  readonly dueMs: number;
  readonly createdMs: number;
  readonly startedMs: number | null;
  readonly completedMs: number | null;
  /** How much sound it holds, as far as anybody knows. */
  readonly audioSeconds: number;
}

/** What `jobOf` reads of a row. */
export const JOB_COLUMNS = [
  ...(["user_id", "id", "kind", "state", "conversation_id", "lane", "payload", "result", "progress", "stage"] as const),
  ...(["generation", "attempts", "tries", "lost_leases", "lease_epoch", "reason_code", "last_error"] as const),
  ...(["due_at", "created_at", "started_at", "completed_at", "audio_seconds"] as const),
];

export type JobRow = Pick<Selectable<JobsTable>, (typeof JOB_COLUMNS)[number]>;

export function jobOf(row: JobRow): Job {
  return {
    userId: row.user_id,
    id: row.id,
    kind: row.kind as JobKind,
    state: row.state as JobState,
    conversationId: row.conversation_id,
    lane: row.lane === "backfill" ? "backfill" : "fresh",
    payload: row.payload,
    result: row.result,
    progress: row.progress,
    stage: row.stage,
    generation: row.generation,
    attempts: row.attempts,
    tries: row.tries,
    lostLeases: row.lost_leases,
    epoch: row.lease_epoch,
    reasonCode: row.reason_code,
    lastError: row.last_error,
    dueMs: row.due_at,
    createdMs: row.created_at,
    startedMs: row.started_at,
    completedMs: row.completed_at,
    audioSeconds: row.audio_seconds,
  };
}
