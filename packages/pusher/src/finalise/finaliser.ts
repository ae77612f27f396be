/**
 * Works on one leased finalisation job, to its end: read the conversation, summarise, write everything in one fenced
 * transaction. It never touches the transcript (law L10).
 *
 * Where the language model fails, the conversation is completed at once with the basic summary and the model's failure as its
 * reason; a later job, planned before that write, tries the model again. That later job (an enrichment) never changes the
 * state of the conversation: it either replaces the basic summary or leaves it.
 *
 * An aborted signal means that the lease was lost or the process drains: nothing is written any more. Any other failure is
 * recorded with its class, which decides whether it costs an attempt.
 */

import type { Clock, Random } from "@holdfast/core";
import {
  adoptEnrichment,
  completeJob,
  type Db,
  failFinalization,
  failJob,
  finishConversation,
  type Job,
  type JobFailure,
  requestEnrichment,
} from "@holdfast/store";
import type { OnPusherEvent, PusherEvent } from "../events.ts";
import { jobFailureOf } from "../job-failure.ts";
import { summariseBasic } from "../summary/basic/index.ts";
import { LlmFailure, type Summariser, type Summary, type SummaryInput } from "../summary/port.ts";
import { storable } from "../summary/storable.ts";
import { enrichDelayMs, isEnrichment, shouldGiveUp } from "./enrich.ts";
import { loadInput } from "./load.ts";

export interface FinaliserDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  /** The language model that counts now, if there is one; asked for with each job. */
  readonly llm: () => Promise<Summariser | undefined>;
  readonly onEvent: OnPusherEvent;
}

export type Finalise = (job: Job, signal: AbortSignal) => Promise<void>;

type Ending = Omit<
  Extract<PusherEvent, { type: "finalization_finished" }>,
  "type" | "tookMs" | keyof ReturnType<typeof nameOf>
>;

/** What was summarised and by whom; `failure` where the model should have and could not. */
interface Summarised {
  readonly summary: Summary;
  readonly kind: "basic" | "llm";
  readonly failure: LlmFailure | undefined;
}

export function createFinaliser(deps: FinaliserDeps): Finalise {
  const { db, clock, random, onEvent } = deps;
  return async (job, signal) => {
    const startedMs = clock.now();
    const named = nameOf(job);
    try {
      const ending = isEnrichment(job.payload) ? await enrich(deps, job, signal) : await finalise(deps, job, signal);
      if (ending === undefined) onEvent({ type: "finalization_stopped", ...named, reason: "lease_lost_or_draining" });
      else onEvent({ type: "finalization_finished", ...named, ...ending, tookMs: clock.now() - startedMs });
    } catch (error) {
      if (signal.aborted) return onEvent({ type: "finalization_stopped", ...named, reason: "lease_lost_or_draining" });
      const failure = jobFailureOf(error, "processing_failed");
      const fail = isEnrichment(job.payload) ? failJob : failFinalization;
      const state = await fail(db, job, failure, clock.now(), random.next());
      onEvent({
        type: "finalization_failed",
        ...named,
        ...codeAndClass(failure),
        state: state ?? null,
        error: failure.message,
      });
    }
  };
}

async function finalise(deps: FinaliserDeps, job: Job, signal: AbortSignal): Promise<Ending | undefined> {
  const input = await loadInput(deps.db, job);
  if (input === undefined) return await closeWithout(deps, job, "gone", { fenced: true });
  announce(deps, job, input);
  const made = await summarise(deps, job, input, signal);
  if (signal.aborted) return undefined;
  if (made.failure !== undefined && !made.summary.discard) {
    const delayMs = enrichDelayMs(0, made.failure.retryAfterMs);
    const { userId } = job;
    const request = {
      userId,
      conversationId: input.conversationId,
      afterJobId: job.id,
      delayMs,
      nowMs: deps.clock.now(),
    };
    await requestEnrichment(deps.db, request);
  }
  return await write(deps, job, made);
}

async function enrich(deps: FinaliserDeps, job: Job, signal: AbortSignal): Promise<Ending | undefined> {
  const llm = await deps.llm();
  if (llm === undefined) return await closeWithout(deps, job, "gave_up", { gave_up: "llm_not_configured" });
  const adoption = await adoptEnrichment(deps.db, job, deps.clock.now());
  if (adoption === "obsolete") return await closeWithout(deps, job, "obsolete", { fenced: true });
  if (adoption === "early")
    return await postpone(deps, job, new LlmFailure("llm_unavailable", "transport", "too early"));
  const input = await loadInput(deps.db, job);
  if (input === undefined) return await closeWithout(deps, job, "obsolete", { fenced: true });
  announce(deps, job, input);
  try {
    const summary = await llm.summarise(input, signal);
    if (signal.aborted) return undefined;
    return await write(deps, job, { summary, kind: llm.kind, failure: undefined });
  } catch (error) {
    if (signal.aborted || !(error instanceof LlmFailure)) throw error;
    return await postpone(deps, job, error);
  }
}

/** The model's summary, or the basic one where there is no model or it failed. */
async function summarise(deps: FinaliserDeps, job: Job, input: SummaryInput, signal: AbortSignal): Promise<Summarised> {
  const wordless = input.segments.every((segment) => segment.text.trim() === "");
  const silent = wordless && (input.pictures ?? []).length === 0;
  const unasked = silent || input.fillersOnly === true;
  const llm = unasked ? undefined : await deps.llm();
  if (llm === undefined) return { summary: summariseBasic(input), kind: "basic", failure: undefined };
  try {
    return { summary: await llm.summarise(input, signal), kind: llm.kind, failure: undefined };
  } catch (error) {
    if (signal.aborted || !(error instanceof LlmFailure)) throw error;
    deps.onEvent({ type: "summary_fell_back", ...nameOf(job), ...codeAndClass(error), error: error.message });
    // Model error: keep (reference 6.3).
    return { summary: summariseBasic({ ...input, mayDiscard: false }), kind: "basic", failure: error };
  }
}

async function write(deps: FinaliserDeps, job: Job, made: Summarised): Promise<Ending> {
  const nowMs = deps.clock.now();
  const { structured, memories, discard } = storable(made.summary);
  const stamp = new Date(nowMs).toISOString();
  const stamped = { created_at: stamp, updated_at: stamp, conversation_id: job.conversationId };
  const stateReason = made.failure?.code ?? null;
  const outcome = await finishConversation(deps.db, job, {
    structured: { ...structured, action_items: structured.action_items.map((item) => ({ ...item, ...stamped })) },
    summaryKind: made.kind,
    stateReason,
    discarded: discard,
    memories,
    nowMs,
  });
  return { outcome, summaryKind: made.kind, discarded: discard, stateReason };
}

/** Another try later, or the end of trying; the conversation keeps what it has. */
async function postpone(deps: FinaliserDeps, job: Job, failure: LlmFailure): Promise<Ending> {
  const nothing = { summaryKind: null, discarded: false, stateReason: failure.code } as const;
  if (shouldGiveUp(job.tries + 1)) {
    await closeWithout(deps, job, "gave_up", { gave_up: failure.code });
    return { outcome: "gave_up", ...nothing };
  }
  const delayMs = enrichDelayMs(job.tries + 1, failure.retryAfterMs);
  const recorded = { code: failure.code, class: failure.class, message: failure.message, retryAfterMs: delayMs };
  const state = await failJob(deps.db, job, recorded, deps.clock.now(), deps.random.next());
  if (state === undefined) return { outcome: "lease_lost", ...nothing };
  return { outcome: state === "queued" ? "postponed" : "gave_up", ...nothing };
}

/** Ends a job that has nothing to write. */
async function closeWithout(
  deps: FinaliserDeps,
  job: Job,
  outcome: "gone" | "obsolete" | "gave_up",
  result: Readonly<Record<string, unknown>>,
): Promise<Ending> {
  const held = await completeJob(deps.db, job, { outcome: "completed", result, nowMs: deps.clock.now() });
  return { outcome: held ? outcome : "lease_lost", summaryKind: null, discarded: false, stateReason: null };
}

function announce(deps: FinaliserDeps, job: Job, input: SummaryInput): void {
  const { tries } = job;
  deps.onEvent({ type: "finalization_started", ...nameOf(job), segments: input.segments.length, tries });
}

function nameOf(job: Job) {
  const trigger = job.payload.trigger;
  return {
    jobId: job.id,
    conversationId: job.conversationId ?? "",
    trigger: typeof trigger === "string" ? trigger : "unknown",
  };
}

function codeAndClass<T extends { readonly code: string; readonly class: JobFailure["class"] }>({
  code,
  class: kind,
}: T) {
  return { code, class: kind };
}
