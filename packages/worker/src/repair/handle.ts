/**
 * Gap repair: live audio that is durable but was never transcribed becomes words of its conversation, and the finalisation
 * that waited for them goes on. Chunks that are gone already were not needed any more: the job completes with what is there.
 * Ids are functions of session, message and position, so a repeated run overwrites its own words.
 */
import type { Segment } from "@holdfast/contract";
import {
  commitRepair,
  deterministicUuid,
  failRepair,
  findConversation,
  type Job,
  loadChunks,
  type RepairPayload,
  type StoredChunk,
} from "@holdfast/store";
import { createDecodeDesk, type DecodeDesk } from "../decode/desk.ts";
import { SHORTEST_SPEECH_SAMPLES } from "../decode/lengths.ts";
import type { JobDeps } from "../deps.ts";
import { LeaseLost } from "../lease-lost.ts";
import { failureToRecord } from "../settle-failure.ts";
import { type SpokenSpan, spokenSpans } from "../speech/timeline.ts";
import { readRepairPayload } from "./payload.ts";
import { type AudioRun, audioRuns } from "./runs.ts";

/** Messages read from the store at a time: a minute or so. */
const PAGE_MESSAGES = 3_000;

interface RepairedSpan extends SpokenSpan {
  readonly id: string;
  readonly sttProvider: string;
}

interface RepairRun {
  readonly deps: JobDeps;
  readonly job: Job;
  readonly range: RepairPayload;
  readonly language: string | undefined;
  readonly desk: DecodeDesk;
  readonly signal: AbortSignal;
}

export async function handleRepair(deps: JobDeps, job: Job, signal: AbortSignal): Promise<void> {
  const { db, clock, log } = deps;
  const desk = createDecodeDesk({ clock });
  const stopDecoding = (): void => void desk.close();
  signal.addEventListener("abort", stopDecoding, { once: true });
  try {
    const range = readRepairPayload(job.payload);
    const home = await findConversation(db, job.userId, job.conversationId ?? "");
    const run = { deps, job, range, language: home?.language ?? undefined, desk, signal };
    // Words of a deleted conversation have no home; the job is then done.
    const spans = home === undefined ? [] : await repairedSpans(run);
    signal.throwIfAborted();
    const segmentsAt = (startedAtMs: number): Segment[] => spans.map((span) => segmentOf(span, startedAtMs));
    const stored = await commitRepair(db, job, spans[0]?.startMs, segmentsAt, clock.now());
    if (!stored) throw new LeaseLost();
    log.info({ jobId: job.id, segments: spans.length }, "repair ended");
  } catch (error) {
    const failure = failureToRecord(error, signal);
    if (failure === undefined) return;
    const state = await failRepair(db, job, failure, clock.now(), deps.random.next());
    log.warn({ jobId: job.id, code: failure.code, class: failure.class, state }, "repair failed");
  } finally {
    signal.removeEventListener("abort", stopDecoding);
    await desk.close();
  }
}

async function repairedSpans(run: RepairRun): Promise<RepairedSpan[]> {
  const spans: RepairedSpan[] = [];
  for await (const audio of audioRuns(chunksOf(run))) spans.push(...(await runSpans(run, audio)));
  return spans.sort((a, b) => a.startMs - b.startMs);
}

/** Chunks of the job's conversation, page by page; a range may span another conversation of the same session. */
async function* chunksOf({ deps, job, range }: RepairRun): AsyncGenerator<StoredChunk> {
  for (let from = range.from_message; from < range.to_message; from += PAGE_MESSAGES) {
    const to = Math.min(from + PAGE_MESSAGES, range.to_message);
    const chunks = await loadChunks(deps.db, job.userId, range.recording_session_id, from, to);
    yield* chunks.filter((chunk) => chunk.conversationId === job.conversationId);
  }
}

async function runSpans(run: RepairRun, audio: AudioRun): Promise<RepairedSpan[]> {
  const spans: RepairedSpan[] = [];
  for await (const piece of run.desk.decode({ kind: "messages", ...audio }, 0)) {
    run.signal.throwIfAborted();
    if (piece.type !== "piece" || !piece.usable || piece.sampleCount < SHORTEST_SPEECH_SAMPLES) continue;
    const { utterances, engine } = await run.deps.transcriber.transcribe(piece.wav, run.language, run.signal);
    const spoken = spokenSpans({ ...piece, sourceStartMs: audio.startMs }, utterances);
    for (const [index, span] of spoken.entries()) {
      const id = deterministicUuid(
        run.job.userId,
        run.range.recording_session_id,
        "repair",
        audio.firstMessage,
        piece.startSample,
        index,
      );
      spans.push({ ...span, id, sttProvider: engine });
    }
  }
  return spans;
}

function segmentOf(span: RepairedSpan, startedAtMs: number): Segment {
  return {
    id: span.id,
    text: span.text,
    speaker: "SPEAKER_00",
    speaker_id: 0,
    is_user: false,
    person_id: null,
    start: (span.startMs - startedAtMs) / 1000,
    end: (span.endMs - startedAtMs) / 1000,
    translations: [],
    speech_profile_processed: true,
    stt_provider: span.sttProvider,
  };
}
