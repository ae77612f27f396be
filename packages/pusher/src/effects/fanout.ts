/**
 * Tells those who want to know that a conversation is finished. Before each delivery the store is asked whether it may still
 * happen (`claimFanout`); after each, the ending is stored, so that a pusher which takes the job over repeats at most the one
 * that was on its way, under the same delivery id.
 *
 * A receiver that refuses a message (4xx, a private address) gets it no more. One that cannot be reached is tried again with
 * growing distances, at no cost of attempts, and given up for this conversation after a day.
 */
import { type Conversation, isHoldfastError, messageOf } from "@holdfast/contract";
import type { Clock, Random } from "@holdfast/core";
import {
  asDatabaseError,
  claimFanout,
  completeJob,
  type Db,
  deliveryId,
  ensureSecret,
  failJob,
  type Job,
  type JobFailure,
  recordDelivery,
  type Webhook,
} from "@holdfast/store";
import type { OnPusherEvent } from "../events.ts";
import type { SendOutcome } from "../webhooks/answer.ts";
import type { WebhookDesk } from "../webhooks/desk.ts";

const GIVE_UP_AFTER_MS = 86_400_000;

export interface FanoutDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  readonly desk: WebhookDesk;
  readonly onEvent: OnPusherEvent;
}

type Ending =
  | "fenced"
  | "completed"
  | "refused"
  | "gave_up"
  | "postponed"
  /** The lease was lost or the process drains: somebody else goes on. */
  | "stopped";

interface Undelivered {
  readonly webhook: Webhook;
  readonly failure: Extract<SendOutcome, { outcome: "failed" }>;
}

export async function handleFanout(deps: FanoutDeps, job: Job, signal: AbortSignal): Promise<void> {
  const startedMs = deps.clock.now();
  const of = { jobId: job.id, conversationId: job.conversationId ?? "" };
  try {
    const { ending, reason, delivered } = await fanOut(deps, job, signal);
    const tookMs = deps.clock.now() - startedMs;
    deps.onEvent({ type: "fanout_finished", ...of, outcome: ending, reason, delivered, tries: job.tries, tookMs });
  } catch (error) {
    if (signal.aborted) return;
    const known = asDatabaseError(error);
    const failure: JobFailure = isHoldfastError(known)
      ? { class: known.class, code: known.code, message: known.message }
      : { class: "content", code: "fanout_failed", message: messageOf(known) };
    const state = await failJob(deps.db, job, failure, deps.clock.now(), deps.random.next());
    deps.onEvent({ type: "fanout_failed", ...of, code: failure.code, class: failure.class, state: state ?? null });
  }
}

interface FanoutEnd {
  readonly ending: Ending;
  readonly reason: string | null;
  readonly delivered: number;
}

async function fanOut(deps: FanoutDeps, job: Job, signal: AbortSignal): Promise<FanoutEnd> {
  const tried = new Set<string>();
  const undelivered: Undelivered[] = [];
  let delivered = 0;
  for (;;) {
    const claim = await claimFanout(deps.db, job, deps.clock.now());
    if (claim.outcome === "lease_lost") return { ending: "stopped", reason: "lease_lost", delivered };
    if (claim.outcome === "fenced") return { ending: "fenced", reason: claim.reason, delivered };
    const webhook = claim.targets.find((target) => !tried.has(target.type));
    if (webhook === undefined || claim.conversation === undefined) break;
    tried.add(webhook.type);
    const outcome = await tell(deps, job, { webhook, conversation: claim.conversation }, signal);
    if (outcome.outcome === "delivered") {
      // Stored even while draining: the message is out, and whoever comes next must know.
      const end = {
        type: webhook.type,
        outcome: "delivered",
        status: outcome.status,
        nowMs: deps.clock.now(),
      } as const;
      if (!(await recordDelivery(deps.db, job, end))) return { ending: "stopped", reason: "lease_lost", delivered };
      delivered += 1;
    } else undelivered.push({ webhook, failure: outcome });
    if (signal.aborted) return { ending: "stopped", reason: "lease_lost_or_draining", delivered };
  }
  return { ...(await settle(deps, job, undelivered, delivered)), delivered };
}

async function tell(
  deps: FanoutDeps,
  job: Job,
  { webhook, conversation }: { readonly webhook: Webhook; readonly conversation: Conversation },
  signal: AbortSignal,
): Promise<SendOutcome> {
  const { userId } = job;
  const conversationId = job.conversationId ?? "";
  const secret = await ensureSecret(deps.db, userId, deps.clock.now());
  const id = deliveryId(userId, conversationId, webhook.type);
  const body = Buffer.from(JSON.stringify(conversation));
  const message = { deliveryId: id, contentType: "application/json", body, query: { uid: userId } } as const;
  const outcome = await deps.desk.send({ userId, webhook, secret }, message, signal);
  const { status } = outcome;
  deps.onEvent({
    type: outcome.outcome === "delivered" ? "webhook_delivered" : "webhook_failed",
    webhook: webhook.type,
    deliveryId: id,
    status,
    code: outcome.outcome === "delivered" ? null : outcome.code,
  });
  return outcome;
}

/** Stores what became of those that were not reached and ends the job, or puts it back. */
async function settle(
  deps: FanoutDeps,
  job: Job,
  undelivered: readonly Undelivered[],
  delivered: number,
): Promise<Omit<FanoutEnd, "delivered">> {
  const nowMs = deps.clock.now();
  const isOld = nowMs - job.createdMs >= GIVE_UP_AFTER_MS;
  const lost = undelivered.filter(({ failure }) => isOld || failure.class === "permanent_input");
  for (const { webhook, failure } of lost) {
    const outcome = failure.class === "permanent_input" ? "refused" : "gave_up";
    await recordDelivery(deps.db, job, { type: webhook.type, outcome, status: failure.status, nowMs });
  }
  const waiting = undelivered.find((one) => !lost.includes(one));
  if (waiting !== undefined) {
    const { class: failureClass, code, status, retryAfterMs } = waiting.failure;
    const message = status === null ? code : `the receiver answered ${status}`;
    await failJob(deps.db, job, { class: failureClass, code, message, retryAfterMs }, nowMs, deps.random.next());
    return { ending: "postponed", reason: code };
  }
  const [first] = lost;
  if (first === undefined) {
    await completeJob(deps.db, job, { outcome: "completed", result: { delivered }, nowMs });
    return { ending: "completed", reason: null };
  }
  const { code } = first.failure;
  const result = { delivered, lost: lost.map(({ webhook, failure }) => ({ type: webhook.type, code: failure.code })) };
  await completeJob(deps.db, job, { outcome: "failed", result, reasonCode: code, lastError: code, nowMs });
  return { ending: first.failure.class === "permanent_input" ? "refused" : "gave_up", reason: code };
}
