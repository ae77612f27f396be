/**
 * The queue in words: what a job does, why it waits, and how long the recordings that wait will need. A kind or a reason that is
 * not known yet is shown as it is, never hidden; nothing is said that the server did not say.
 */
import type { QueueJob, QueueView } from "@holdfast/contract";
import { duration } from "../shell/amounts.ts";

export interface JobWords {
  readonly what: string;
  readonly state: string;
  readonly tone: "live" | "waiting" | "attention" | "quiet";
}

const KINDS: Readonly<Record<string, string>> = {
  finalization: "Writing up a conversation",
  enrichment: "Writing a better summary",
  sync: "Transcribing a recording",
  repair: "Filling a gap in a transcript",
  fanout: "Telling those who asked to be told",
  audio_export: "Keeping the sound of a conversation",
  audio_render: "Preparing sound to listen to",
  audio_removal: "Removing sound of a deleted conversation",
  photo: "Describing a photo",
  fair_use: "Looking at fair use",
  speech_sample: "Keeping a sample of a voice",
};

const REASONS: Readonly<Record<string, string>> = {
  awaiting_transcription: "some of its sound is still being transcribed",
  database_unavailable: "the database could not be reached",
  fair_use_restricted: "the limit of fair use is reached",
  llm_unavailable: "the language model could not be reached",
  llm_invalid_answer: "the language model's answer could not be used",
  stt_bad_answer: "the speech engine's answer could not be used",
  stt_busy: "the speech engine was busy",
  stt_none: "no speech engine is set up",
  stt_refused: "the speech engine refused the sound",
  stt_throttled: "the speech engine asked us to slow down",
  stt_timeout: "the speech engine did not answer in time",
  stt_unauthorized: "the speech engine refused our key",
  stt_unreachable: "the speech engine could not be reached",
  sound_not_kept_yet: "the sound of its conversation is not kept yet",
  storage_full: "the disk is full",
  sync_audio_too_long: "the recording is too long",
  sync_decode_failed: "nothing in it could be read as sound",
  sync_invalid_audio: "nothing in it could be read as sound",
  sync_staged_audio_expired: "the server no longer has the file",
  unsupported_audio: "this kind of sound cannot be read",
  webhook_paused: "the receiver failed too often and is left in peace for now",
  worker_died: "the processes that worked on it ended without a word",
};

export function kindWords(kind: string): string {
  return KINDS[kind] ?? asItIs(kind);
}

export function reasonWords(code: string): string {
  return REASONS[code] ?? asItIs(code);
}

export function jobWords(job: QueueJob, nowMs: number): JobWords {
  return { what: kindWords(job.kind), ...stateOf(job, nowMs) };
}

function stateOf(job: QueueJob, nowMs: number): Pick<JobWords, "state" | "tone"> {
  const why = job.reason_code === null ? "" : reasonWords(job.reason_code);
  switch (job.state) {
    case "leased":
      return { state: job.stage === null ? "In work" : `In work: ${asItIs(job.stage)}`, tone: "live" };
    case "blocked":
      return { state: `Waits: ${why === "" ? "for other work" : why}`, tone: "waiting" };
    case "queued": {
      const restMs = job.waits_until === null ? 0 : Date.parse(job.waits_until) - nowMs;
      const again = restMs > 0 ? `tried again in ${duration(restMs)}` : "waits for its turn";
      return {
        state: why === "" ? sentence(again) : `${sentence(why)}; ${again}`,
        tone: why === "" ? "quiet" : "waiting",
      };
    }
    case "failed":
    case "dead_letter":
      return { state: why === "" ? "Gave up" : `Gave up: ${why}`, tone: "attention" };
    case "completed":
    case "partial_failure":
      return { state: "Done", tone: "quiet" };
    default:
      return { state: asItIs(job.state satisfies never), tone: "quiet" };
  }
}

/** One sentence for the whole page. */
export function headline(queue: QueueView): string {
  const open = queue.jobs.length + queue.more;
  if (open === 0) return "Nothing waits, and nothing is in work.";
  const inWork = queue.jobs.filter(({ state }) => state === "leased").length;
  const waiting = open - inWork;
  if (waiting === 0) return `${counted(inWork, "thing")} in work, nothing waits.`;
  const waits = waiting === 1 ? "waits" : "wait";
  return inWork === 0
    ? `${counted(waiting, "thing")} ${waits}.`
    : `${counted(inWork, "thing")} in work, ${waiting} ${waits}.`;
}

/** How the recordings of a lane stand; undefined where none waits. */
export function laneWords(queue: QueueView, lane: "fresh" | "backfill"): string | undefined {
  const { waiting, sound_seconds, oldest_age_seconds, done_in_seconds } = queue[lane];
  if (waiting === 0) return undefined;
  const what = counted(waiting, lane === "fresh" ? "new recording" : "old recording");
  const sound = duration(sound_seconds * 1_000);
  const oldest = duration(oldest_age_seconds * 1_000);
  const speed = queue.speed_is_measured ? "At the present speed" : "By a first guess";
  return `${what} ${waiting === 1 ? "waits" : "wait"}: ${sound} of sound, the first for ${oldest}. ${speed} all are done in about ${duration(done_in_seconds * 1_000)}.`;
}

function counted(count: number, what: string): string {
  return `${new Intl.NumberFormat().format(count)} ${what}${count === 1 ? "" : "s"}`;
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

function asItIs(code: string): string {
  return code.replaceAll("_", " ");
}
