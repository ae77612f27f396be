/**
 * The queue in words: what a job does, why it waits, and how long the recordings that wait will need. A kind or a reason that is
 * not known yet is shown as it is, never hidden; nothing is said that the server did not say.
 */
import type { QueueJob, QueueView } from "@holdfast/contract";
import { duration } from "../i18n/amounts.ts";
import { type Message, type MessageId, message, sentences, type Text } from "../i18n/message.ts";

export type QueueTone = "live" | "waiting" | "attention" | "quiet";

export interface JobWords {
  readonly what: Text;
  readonly state: Message;
  readonly tone: QueueTone;
}

const KINDS: Readonly<Record<string, MessageId>> = {
  finalization: "queue.kind.finalization",
  enrichment: "queue.kind.enrichment",
  sync: "queue.kind.sync",
  repair: "queue.kind.repair",
  fanout: "queue.kind.fanout",
  audio_export: "queue.kind.audio_export",
  audio_render: "queue.kind.audio_render",
  audio_removal: "queue.kind.audio_removal",
  photo: "queue.kind.photo",
  fair_use: "queue.kind.fair_use",
  speech_sample: "queue.kind.speech_sample",
};

const REASONS: Readonly<Record<string, MessageId>> = {
  awaiting_transcription: "queue.reason.awaiting_transcription",
  database_unavailable: "queue.reason.database_unavailable",
  fair_use_restricted: "queue.reason.fair_use_restricted",
  llm_unavailable: "queue.reason.llm_unavailable",
  llm_invalid_answer: "queue.reason.llm_invalid_answer",
  stt_bad_answer: "queue.reason.stt_bad_answer",
  stt_busy: "queue.reason.stt_busy",
  stt_none: "queue.reason.stt_none",
  stt_refused: "queue.reason.stt_refused",
  stt_throttled: "queue.reason.stt_throttled",
  stt_timeout: "queue.reason.stt_timeout",
  stt_unauthorized: "queue.reason.stt_unauthorized",
  stt_unreachable: "queue.reason.stt_unreachable",
  sound_not_kept_yet: "queue.reason.sound_not_kept_yet",
  storage_full: "queue.reason.storage_full",
  sync_audio_too_long: "queue.reason.too_long",
  sync_decode_failed: "queue.reason.no_sound",
  sync_invalid_audio: "queue.reason.no_sound",
  sync_staged_audio_expired: "queue.reason.file_expired",
  unsupported_audio: "queue.reason.unsupported_audio",
  webhook_paused: "queue.reason.webhook_paused",
  worker_died: "queue.reason.worker_died",
};

const STAGES: Readonly<Record<string, MessageId>> = {
  decoding: "queue.state.in_work.decoding",
  processing: "queue.state.in_work.processing",
};

const REFUSALS: Readonly<Record<string, MessageId>> = {
  job_not_found: "queue.again.missing",
  job_not_retryable: "queue.again.not_retryable",
  job_awaiting_repair: "queue.again.awaiting_repair",
  job_superseded: "queue.again.superseded",
};

export function kindWords(kind: string): Text {
  const id = KINDS[kind];
  return id === undefined ? asItIs(kind) : message(id);
}

export function reasonWords(code: string): Message {
  const id = REASONS[code];
  return id === undefined ? message("queue.reason.unknown", { code: asItIs(code) }) : message(id);
}

/** Why asking again for a job did not work. */
export function refusalWords(code: string | undefined): MessageId {
  return REFUSALS[code ?? ""] ?? "queue.again.failed";
}

export function jobWords(job: QueueJob, nowMs: number): JobWords {
  return { what: kindWords(job.kind), ...stateOf(job, nowMs) };
}

function stateOf(job: QueueJob, nowMs: number): Pick<JobWords, "state" | "tone"> {
  const why = job.reason_code === null ? null : reasonWords(job.reason_code);
  switch (job.state) {
    case "leased":
      return { state: stageWords(job.stage), tone: "live" };
    case "blocked":
      return {
        state: why === null ? message("queue.state.waits_for_work") : sentences(message("queue.state.waits"), why),
        tone: "waiting",
      };
    case "queued": {
      const restMs = job.waits_until === null ? 0 : Date.parse(job.waits_until) - nowMs;
      const again =
        restMs > 0
          ? message("queue.state.tried_again", { length: duration(restMs) })
          : message("queue.state.waits_for_turn");
      return { state: why === null ? again : sentences(why, again), tone: why === null ? "quiet" : "waiting" };
    }
    case "failed":
    case "dead_letter": {
      const gaveUp = message("queue.state.gave_up");
      return { state: why === null ? gaveUp : sentences(gaveUp, why), tone: "attention" };
    }
    case "completed":
    case "partial_failure":
      return { state: message("queue.state.done"), tone: "quiet" };
    default:
      return job.state satisfies never;
  }
}

function stageWords(stage: string | null): Message {
  if (stage === null) return message("queue.state.in_work");
  const id = STAGES[stage];
  return id === undefined ? message("queue.state.in_work.unknown", { stage: asItIs(stage) }) : message(id);
}

/** For whom it is, since when, and what it has cost. */
export function jobFacts(job: QueueJob, nowMs: number): Message {
  const length = duration(Math.max(0, nowMs - Date.parse(job.created_at)));
  const since = message("queue.job.since", { length, attempts: job.attempts });
  return job.user_id === null ? since : sentences(message("queue.job.for_user", { user: job.user_id }), since);
}

/** One sentence for the whole page. */
export function headline(queue: QueueView): Message {
  const open = queue.jobs.length + queue.more;
  if (open === 0) return message("queue.headline.none");
  const working = queue.jobs.filter(({ state }) => state === "leased").length;
  const waiting = open - working;
  if (waiting === 0) return message("queue.headline.working", { working });
  return working === 0
    ? message("queue.headline.waiting", { waiting })
    : message("queue.headline.both", { working, waiting });
}

/** How the recordings of a lane stand; undefined where none waits. */
export function laneWords(queue: QueueView, lane: "fresh" | "backfill"): Message | undefined {
  const { waiting, sound_seconds, oldest_age_seconds, done_in_seconds } = queue[lane];
  if (waiting === 0) return undefined;
  const sound = duration(sound_seconds * 1_000);
  const oldest = duration(oldest_age_seconds * 1_000);
  return sentences(
    message(`queue.lane.${lane}`, { count: waiting, sound, oldest }),
    message(queue.speed_is_measured ? "queue.lane.measured" : "queue.lane.guessed", {
      length: duration(done_in_seconds * 1_000),
    }),
  );
}

function asItIs(code: string): string {
  return code.replaceAll("_", " ");
}
