/**
 * `POST /v1/sync-local-files`, the ancestor that answers with the result itself (reference offline-sync 3.5). It accepts the
 * batch exactly as its successor does and then waits for the job. Whoever does not want to wait any longer (the client, the
 * server that restarts, the bound of a minute) loses nothing: the job goes on, and the same batch again finds it.
 */
import { FAIR_USE, HoldfastError, SYNC, type SyncAccepted, SyncResult } from "@holdfast/contract";
import { isTerminal, sleep } from "@holdfast/core";
import { findJob, type Job } from "@holdfast/store";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { App } from "../http/context.ts";
import { CaptureQuery } from "./capture.ts";
import { jobView } from "./job-view.ts";
import { takeOmiBatch } from "./omi-batch.ts";
import type { UploadContext } from "./routes.ts";

const POLL_MS = 250;
const RETRY_AFTER_MS = 30_000;

const Finished = SyncResult.pick({ new_memories: true, updated_memories: true });
const Partly = SyncResult;

export function registerDeprecatedRoutes(app: App, context: UploadContext): void {
  app.post(
    "/v1/sync-local-files",
    {
      config: { sync: true },
      // Also on refusals, and on those of the token.
      onSend: async (_request, reply) => {
        void reply.header("deprecation", "true").header("link", '</v2/sync-local-files>; rel="successor-version"');
      },
      schema: {
        tags: ["uploads"],
        summary: "Upload .bin recordings and wait for the result; use /v2/sync-local-files",
        deprecated: true,
        consumes: ["multipart/form-data"],
        querystring: CaptureQuery,
        response: { 200: Finished, 207: Partly, 429: z.unknown() },
      },
    },
    async (request, reply) => {
      const accepted = await takeOmiBatch(context, request, request.query);
      return await answerResult(await waitForJob(context, request, accepted), reply, context.clock.now());
    },
  );
}

/** The job as it is when it has ended, when it waits for a budget, or when there is no more time. */
async function waitForJob(
  { db, clock, draining }: UploadContext,
  request: FastifyRequest,
  accepted: SyncAccepted,
): Promise<Job> {
  const untilMs = clock.now() + SYNC.v1WaitMs;
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  request.raw.socket.once("close", leave);
  const signal = AbortSignal.any([gone.signal, draining]);
  try {
    for (;;) {
      const job = await findJob(db, request.userId, accepted.job_id);
      if (job === undefined) throw stillWorking();
      if (isTerminal(job.state) || job.reasonCode === FAIR_USE.syncWaits) return job;
      if (signal.aborted || clock.now() >= untilMs) throw stillWorking();
      await sleep(clock, POLL_MS, signal);
    }
  } finally {
    request.raw.socket.off("close", leave);
  }
}

async function answerResult(job: Job, reply: FastifyReply, nowMs: number): Promise<FastifyReply> {
  const view = jobView(job, nowMs);
  if (job.reasonCode === FAIR_USE.syncWaits) {
    return await reply
      .code(429)
      .header("retry-after", String(view.retry_after ?? 1))
      .header("x-omi-rate-limit-reason", "fair_use")
      .send({
        code: "fair_use_restricted",
        detail: "the speech budget of today is used up; the recordings are kept and transcribed later",
        new_memories: [],
        updated_memories: [],
        credits_exhausted: false,
        dg_budget_exhausted: true,
        skipped_segments: Math.max(0, view.total_segments - view.processed_segments),
      });
  }
  const result = view.result ?? {
    new_memories: [],
    updated_memories: [],
    failed_segments: 0,
    total_segments: 0,
    errors: [],
  };
  const { new_memories, updated_memories } = result;
  if (view.status === "completed") return await reply.code(200).send({ new_memories, updated_memories });
  if (view.status === "partial_failure") return await reply.code(207).send(result);
  return await reply.code(500).send({ detail: view.error ?? "the recordings could not be transcribed" });
}

function stillWorking(): HoldfastError {
  return new HoldfastError("the recordings are kept and still being worked on; send them again to learn the result", {
    code: "sync_still_working",
    class: "capacity",
    scope: "item",
    retryAfterMs: RETRY_AFTER_MS,
  });
}
