/**
 * What a 201 says about a job, word for word (reference listen-and-pusher 5.2). The job's row after the work is the only
 * source: who did the work, this process or another, makes no difference to the answer.
 */
import type { ProcessRequest, ProcessResult } from "@holdfast/contract";
import type { Job } from "@holdfast/store";

export type Refusal =
  | "durable_job_required"
  | "job_missing"
  | "job_identity_mismatch"
  | "job_leased"
  | "job_not_actionable"
  | "processing_failed";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu;

export function refuse(conversationId: string, error: Refusal): ProcessResult {
  return { conversation_id: conversationId, error };
}

/** What can be said without claiming: undefined where the job must be taken. */
export function answerBefore(request: ProcessRequest, job: Job | undefined): ProcessResult | undefined {
  const conversationId = request.conversation_id;
  if (request.finalization_job_id === undefined || request.dispatch_generation === undefined) {
    return refuse(conversationId, "durable_job_required");
  }
  if (job === undefined) return refuse(conversationId, "job_missing");
  if (job.kind !== "finalization" || job.conversationId !== conversationId) {
    return refuse(conversationId, "job_identity_mismatch");
  }
  const ended = answerOfEnded(conversationId, job);
  if (ended !== undefined) return ended;
  if (job.generation !== request.dispatch_generation) {
    // The generation of the request: a late answer must not be taken for one about a newer request (reference 8.2 no. 12).
    const stale = { error: "job_stale_generation", dispatch_generation: request.dispatch_generation };
    return { conversation_id: conversationId, ...stale };
  }
  return job.state === "blocked" ? refuse(conversationId, "job_not_actionable") : undefined;
}

/** After this process worked on it, or somebody else did. */
export function answerAfter(conversationId: string, job: Job | undefined): ProcessResult {
  if (job === undefined) return refuse(conversationId, "job_missing");
  const ended = answerOfEnded(conversationId, job);
  if (ended !== undefined) return ended;
  // Queued again: the lease was given back, and the job is tried later.
  return refuse(conversationId, job.state === "leased" ? "job_leased" : "processing_failed");
}

function answerOfEnded(conversationId: string, job: Job): ProcessResult | undefined {
  if (job.state === "completed" || job.state === "partial_failure") {
    const fenced = job.result?.fenced === true;
    return fenced
      ? { conversation_id: conversationId, fenced: true }
      : { conversation_id: conversationId, success: true };
  }
  if (job.state === "dead_letter" || job.state === "failed") {
    return { conversation_id: conversationId, error: "job_dead_letter", terminal: true };
  }
  return undefined;
}

/** Job ids are UUIDs; PostgreSQL refuses to compare anything else. */
export function isJobId(id: string): boolean {
  return UUID.test(id);
}
