/**
 * Waiting for an outcome: asks for a job or a conversation until its state is final. The pace is the server's
 * (`poll_after_ms`, `Retry-After`); failures to ask are waited out; only the caller's deadline ends the waiting early, with
 * the code `gave_up_waiting`, which says nothing about the work itself.
 */
import { type Conversation, HoldfastError, type SyncAccepted, type SyncJobView } from "@holdfast/contract";
import { sleep } from "@holdfast/core";
import type { HoldfastApi } from "./api.ts";
import { type RetryOptions, retrying } from "./retry.ts";

export interface FollowOptions extends RetryOptions {
  /** Time between two questions; the server's own wish goes first. */
  readonly pollMs?: number;
}

const MIN_POLL_MS = 250;
const MAX_POLL_MS = 30_000;
const CONVERSATION_POLL_MS = 500;

export function isTerminalJob(job: Pick<SyncJobView, "status">): boolean {
  return job.status === "completed" || job.status === "partial_failure" || job.status === "failed";
}

/** Waits for a job to end. Throws what `getJob` throws (404: the server forgot it), or `gave_up_waiting`. */
export async function followJob(
  api: Pick<HoldfastApi, "getJob">,
  accepted: Pick<SyncAccepted, "job_id" | "poll_after_ms">,
  options: FollowOptions & { readonly onJob?: (job: SyncJobView) => void },
): Promise<SyncJobView> {
  let pause = accepted.poll_after_ms;
  for (;;) {
    await pauseBefore(options, pause);
    const { job, retryAfterMs } = await retrying(() => api.getJob(accepted.job_id, options.signal), options);
    options.onJob?.(job);
    if (isTerminalJob(job)) return job;
    pause = retryAfterMs ?? options.pollMs ?? accepted.poll_after_ms;
  }
}

/**
 * Waits until a conversation is `completed` or `failed`. Throws `not_found` for one that was removed because nothing was said
 * in it, or `gave_up_waiting`.
 */
export async function followConversation(
  api: Pick<HoldfastApi, "getConversation">,
  id: string,
  options: FollowOptions & { readonly until?: (conversation: Conversation) => boolean },
): Promise<Conversation> {
  const until = options.until ?? ((conversation) => ["completed", "failed"].includes(conversation.status));
  for (;;) {
    const conversation = await retrying(() => api.getConversation(id, options.signal), options);
    if (until(conversation)) return conversation;
    await pauseBefore(options, options.pollMs ?? CONVERSATION_POLL_MS);
  }
}

async function pauseBefore(options: FollowOptions, wishedMs: number): Promise<void> {
  const pause = wishedMs === 0 ? 0 : Math.min(Math.max(wishedMs, MIN_POLL_MS), MAX_POLL_MS);
  if (options.clock.now() + pause > options.deadlineMs || options.signal?.aborted === true) {
    throw new HoldfastError("the server is still at work; waiting was given up", {
      code: "gave_up_waiting",
      class: "capacity",
      scope: "service",
    });
  }
  await sleep(options.clock, pause, options.signal);
}
