/** What the watch says when something is wrong, and the rows that it looks at. */

export class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Violation";
  }
}

export interface JobRow {
  readonly id: string;
  readonly user_id: string;
  readonly kind: string;
  readonly state: string;
  readonly conversation_id: string | null;
  readonly attempts: number;
  readonly tries: number;
  readonly lost_leases: number;
  readonly lease_epoch: number;
  readonly lease_until: number | null;
  readonly due_at: number;
  readonly failure_class: string | null;
  readonly reason_code: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly progress: Readonly<Record<string, unknown>> | null;
  readonly result: Readonly<Record<string, unknown>> | null;
}

export function nameOf(job: JobRow): string {
  return `${job.id.slice(0, 8)} (${job.kind}, ${job.state}, conversation ${job.conversation_id})`;
}

export interface ConversationRow {
  readonly id: string;
  readonly user_id: string;
  readonly origin: string;
  readonly status: string;
  readonly upload_job_id: string | null;
  readonly discarded: boolean;
  readonly finalization_job_id: string | null;
  readonly finalization_revision: number;
  readonly started_at: number;
  readonly finished_at: number;
  readonly silence_timeout_ms: number;
}

export interface SessionRow {
  readonly id: string;
  readonly epoch: number;
  readonly durable_messages: number;
  readonly transcribed_messages: number;
  readonly lease_until: number | null;
}
