/**
 * `GET /v1/queue` and asking again for what gave up: for the owner of the server, who sees the work of all its users; everybody
 * else is told `owner_only`. What somebody said is never in it.
 */
import { HoldfastError, type QueueJob, QueueView } from "@holdfast/contract";
import { type QueueLoad, type SyncLane, waitSeconds } from "@holdfast/core";
import {
  type Job,
  listJobs,
  listOpenJobs,
  OWNER_USER_ID,
  queueDepths,
  type RetryOutcome,
  retryJob,
} from "@holdfast/store";
import { z } from "zod";
import { requireOwner } from "../auth/require-owner.ts";
import type { App, HttpContext } from "../http/context.ts";
import type { QueueContext } from "./gate.ts";
import { oldestAgeSeconds, requireLoad, shownRate } from "./load.ts";

const SHOWN = 100;
const GAVE_UP_SHOWN = 50;
const GAVE_UP = ["failed", "dead_letter"] as const;
const tags = ["queue"];
const JobParams = z.object({ id: z.uuid() });
const Retried = z.object({ state: z.literal("queued"), generation: z.number().int() });

/** Why asking again changes nothing. */
const REFUSALS: Readonly<Record<Exclude<RetryOutcome["outcome"], "queued">, string>> = {
  missing: "there is no such job",
  not_retryable: "this job is in work, waits for its turn, or is done",
  awaiting_repair: "this job waits for words that another one brings",
  superseded: "another job has taken its place, or its conversation is gone",
};

export function registerQueue(app: App, context: QueueContext & Pick<HttpContext, "db">): void {
  const { db, clock } = context;
  app.get(
    "/v1/queue",
    { config: { problem: true }, schema: { tags, summary: "All work of this server", response: { 200: QueueView } } },
    async ({ userId }) => {
      requireOwner(userId);
      const load = await requireLoad(context.queueLoad);
      const nowMs = clock.now();
      const jobs = await listOpenJobs(db, SHOWN);
      const open = (await queueDepths(db)).reduce((sum, { count }) => sum + count, 0);
      return {
        ...{ fresh: laneView(load, "fresh", nowMs), backfill: laneView(load, "backfill", nowMs) },
        audio_seconds_per_second: shownRate(load, nowMs),
        speed_is_measured: load.speed !== undefined,
        jobs: jobs.map((job) => jobView(job, nowMs)),
        more: Math.max(0, open - jobs.length),
        gave_up: (await listJobs(db, { states: GAVE_UP, limit: GAVE_UP_SHOWN })).map((job) => jobView(job, nowMs)),
      };
    },
  );

  app.post(
    "/v1/queue/:id/retry",
    {
      config: { problem: true },
      schema: { tags, summary: "Ask again for what gave up", params: JobParams, response: { 202: Retried } },
    },
    async ({ userId, params: { id } }, reply) => {
      requireOwner(userId);
      const answer = await retryJob(db, id, clock.now());
      if (answer.outcome === "queued") {
        return reply.code(202).send({ state: "queued" as const, generation: answer.job.generation });
      }
      const code = answer.outcome === "missing" ? "job_not_found" : `job_${answer.outcome}`;
      throw new HoldfastError(REFUSALS[answer.outcome], { code, class: "permanent_input" });
    },
  );
}

function laneView(load: QueueLoad, lane: SyncLane, nowMs: number): QueueView["fresh"] {
  const { waiting, audioSeconds } = load[lane];
  return {
    waiting,
    sound_seconds: Math.round(audioSeconds),
    oldest_age_seconds: oldestAgeSeconds(load[lane], nowMs),
    done_in_seconds: waiting === 0 ? 0 : Math.ceil(waitSeconds(load, lane, nowMs)),
  };
}

function jobView(job: Job, nowMs: number): QueueJob {
  const rests = job.state === "queued" && job.dueMs > nowMs;
  return {
    ...{
      id: job.id,
      kind: job.payload.trigger === "enrich" ? "enrichment" : job.kind,
      state: job.state,
      lane: job.lane,
    },
    user_id: job.userId === OWNER_USER_ID ? null : job.userId,
    ...{ conversation_id: job.conversationId, stage: job.stage, reason_code: job.reasonCode, attempts: job.attempts },
    created_at: new Date(job.createdMs).toISOString(),
    waits_until: rests ? new Date(job.dueMs).toISOString() : null,
  };
}
