/**
 * Ending one named conversation, asking again for a summary, and looking at the job behind both (reference
 * listen-and-pusher sections 5.8 and 9). These answer at once; `GET …/finalization` says how far it is.
 */
import { Conversation, HoldfastError } from "@holdfast/contract";
import { isTerminal } from "@holdfast/core";
import { type FanoutView, fanoutStatus, findJob, type Job, requestFinalization } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { endConversation } from "./end-conversation.ts";
import { IdParams } from "./input.ts";
import { conversationNotFound, ownConversation, ownConversationView } from "./own-conversation.ts";
import { EndBody, EndedConversation } from "./stop.ts";

const FinalizationView = z.object({
  job_id: z.string(),
  status: z.string(),
  terminal: z.boolean(),
  retryable: z.boolean(),
  attempt_count: z.number().int(),
  task_retry_count: z.number().int(),
  terminal_outcome: z.enum(["success", "failure"]).nullable(),
  reason_code: z.string().nullable(),
  /** Whether those who wanted to hear of it were told; `unknown`: they never will be. */
  fanout_status: z.enum(["pending", "leased", "completed", "fenced", "unknown"]),
  fanout_reason_code: z.string().nullable(),
});

export function registerFinalization(app: App, context: HttpContext): void {
  const { db, clock } = context;
  const tags = ["conversations"];

  app.post(
    "/v1/conversations/:id/finalize",
    {
      schema: {
        tags,
        summary: "End this conversation and return at once",
        params: IdParams,
        body: EndBody,
        response: { 200: EndedConversation },
      },
    },
    async ({ userId, params: { id } }) => {
      const row = await ownConversation(db, userId, id);
      if (row.status === "in_progress") {
        const ended = await endConversation(context, userId, id, "finalize");
        if (ended.outcome === "deleted" || ended.outcome === "missing") throw conversationNotFound();
      }
      return { conversation: await ownConversationView(db, userId, id), messages: [] };
    },
  );

  app.post(
    "/v1/conversations/:id/reprocess",
    {
      schema: {
        tags,
        summary: "Write the summary again",
        params: IdParams,
        body: EndBody,
        response: { 200: Conversation },
      },
    },
    async ({ userId, params: { id } }) => {
      const row = await ownConversation(db, userId, id);
      if (row.status === "in_progress") {
        const message = "Conversation is still in progress";
        throw new HoldfastError(message, { code: "conflict", class: "permanent_input" });
      }
      // One that is being worked on gets its summary anyway.
      if (row.status !== "completed" && row.status !== "failed") return await ownConversationView(db, userId, id);
      const request = { userId, conversationId: id, trigger: "finalize", force: true, nowMs: clock.now() } as const;
      const ticket = await db.transaction().execute(async (trx) => await requestFinalization(trx, request));
      if (ticket === undefined) throw conversationNotFound();
      return await ownConversationView(db, userId, id);
    },
  );

  app.get(
    "/v1/conversations/:id/finalization",
    {
      schema: { tags, summary: "How far the finalisation is", params: IdParams, response: { 200: FinalizationView } },
    },
    async ({ userId, params: { id } }) => {
      const row = await ownConversation(db, userId, id);
      const jobId = row.finalization_job_id;
      const job = jobId === null ? undefined : await findJob(db, userId, jobId);
      if (job !== undefined) return finalizationView(job, await fanoutStatus(db, row, job));
      const message = "Conversation finalization job not found";
      throw new HoldfastError(message, { code: "job_not_found", class: "permanent_input" });
    },
  );
}

function finalizationView(job: Job, fanout: FanoutView): z.output<typeof FinalizationView> {
  const terminal = isTerminal(job.state);
  return {
    job_id: job.id,
    status: job.state,
    terminal,
    retryable: job.state === "queued",
    attempt_count: job.attempts,
    task_retry_count: job.tries,
    terminal_outcome: terminal ? (job.state === "completed" ? "success" : "failure") : null,
    reason_code: job.reasonCode,
    fanout_status: fanout.status,
    fanout_reason_code: fanout.reasonCode,
  };
}
