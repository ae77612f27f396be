/**
 * Gap repair: live audio that is durable but was never transcribed becomes words of its conversation, and the finalisation
 * that waited for them goes on. The words of each piece are stored together with the progress that says so; a worker that
 * takes the job over begins behind the last stored piece, so no word is written twice and none is missing (law L7).
 * Chunks that are gone already were not needed any more: the job completes with what is there.
 */
import { channelOf, ONLY_CHANNEL, type Segment, splitMessage } from "@holdfast/contract";
import {
  commitRepair,
  completeRepair,
  deterministicUuid,
  failRepair,
  findConversation,
  type Job,
  loadChunks,
  type RepairPayload,
  type StoredChunk,
} from "@holdfast/store";
import type { DecodeDesk } from "../decode/desk.ts";
import { SHORTEST_SPEECH_SAMPLES } from "../decode/lengths.ts";
import type { DecodedPiece } from "../decode/protocol.ts";
import type { JobDeps } from "../deps.ts";
import { LeaseLost } from "../lease-lost.ts";
import { failureToRecord } from "../settle-failure.ts";
import { type SpokenSpan, spokenSpans } from "../speech/timeline.ts";
import { readRepairPayload } from "./payload.ts";
import { atRun, pieceDone, progressRow, type RepairProgress, readProgress } from "./progress.ts";
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
  const desk = deps.openDesk();
  const stopDecoding = (): void => void desk.close();
  signal.addEventListener("abort", stopDecoding, { once: true });
  try {
    const range = readRepairPayload(job.payload);
    let progress = readProgress(job.progress, range);
    const home = await findConversation(db, job.userId, job.conversationId ?? "");
    if (home !== undefined) {
      const run = { deps, job, range, language: home.language ?? undefined, desk, signal };
      for await (const audio of audioRuns(chunksOf(run, progress.fromMessage))) {
        progress = await repairAudio(run, audio, progress);
      }
    }
    // Words of a deleted conversation have no home; the job is then done.
    signal.throwIfAborted();
    if (!(await completeRepair(db, job, progress.segments, clock.now()))) throw new LeaseLost();
    log.info({ jobId: job.id, segments: progress.segments }, "repair ended");
    await deps.fairUse.check(job);
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

/**
 * Chunks of the job's conversation, page by page; a range may span another conversation of the same session. Pages begin
 * where they began in the first run, so that a run that goes on makes the same runs of sound.
 */
async function* chunksOf({ deps, job, range }: RepairRun, fromMessage: number): AsyncGenerator<StoredChunk> {
  for (let page = range.from_message; page < range.to_message; page += PAGE_MESSAGES) {
    const to = Math.min(page + PAGE_MESSAGES, range.to_message);
    if (to <= fromMessage) continue;
    const from = Math.max(page, fromMessage);
    const chunks = await loadChunks(deps.db, job.userId, range.recording_session_id, from, to);
    const own = chunks.filter((chunk) => chunk.conversationId === job.conversationId);
    yield* own.map((chunk) => ofChannel(chunk, range.channel ?? ONLY_CHANNEL));
  }
}

/** The chunk with the messages of one channel only. It keeps its place in the count that all channels share. */
function ofChannel(chunk: StoredChunk, channel: number): StoredChunk {
  if (chunk.channels < 2) return chunk;
  const parts = chunk.messages.map((message) => splitMessage(message, chunk.channels));
  return { ...chunk, messages: parts.filter((part) => part.channel === channel).map((part) => part.audio) };
}

/** Stores the words of one run, piece by piece, and returns the progress behind it. */
async function repairAudio(run: RepairRun, audio: AudioRun, before: RepairProgress): Promise<RepairProgress> {
  const { deps, job } = run;
  let progress = atRun(before, audio.firstMessage);
  for await (const piece of run.desk.decode({ kind: "messages", ...audio }, progress.doneSamples)) {
    run.signal.throwIfAborted();
    if (piece.type !== "piece") continue;
    const spans = await spansOf(run, audio, piece);
    progress = pieceDone(progress, piece.startSample + piece.sampleCount, spans.length);
    const stored = await commitRepair(deps.db, job, {
      spokenFromMs: spans[0]?.startMs,
      segmentsAt: (startedAtMs) => spans.map((span) => segmentOf(span, startedAtMs, run.range.channel)),
      progress: progressRow(progress),
      nowMs: deps.clock.now(),
    });
    if (!stored) throw new LeaseLost();
  }
  return progress;
}

/** What was said in a piece, in order of time. */
async function spansOf(run: RepairRun, audio: AudioRun, piece: DecodedPiece): Promise<RepairedSpan[]> {
  if (!piece.usable || piece.sampleCount < SHORTEST_SPEECH_SAMPLES) return [];
  const { job, range } = run;
  const { fairUse, transcriber } = run.deps;
  await fairUse.admit(job);
  const { utterances, engine } = await transcriber.transcribe(piece.wav, run.language, run.signal);
  const spoken = spokenSpans({ ...piece, sourceStartMs: audio.startMs }, utterances);
  const position = piece.startSample + piece.sampleCount;
  await fairUse.count(job, { origin: `${job.id}/${audio.firstMessage}`, position }, spoken);
  return spoken.map((span, index) => ({
    ...span,
    id: deterministicUuid(
      job.userId,
      range.recording_session_id,
      "repair",
      audio.firstMessage,
      piece.startSample,
      index,
      ...(range.channel === undefined ? [] : [range.channel]),
    ),
    sttProvider: engine,
  }));
}

function segmentOf(span: RepairedSpan, startedAtMs: number, channelId: number | undefined): Segment {
  const channel = channelId === undefined ? undefined : channelOf(channelId);
  return {
    id: span.id,
    text: span.text,
    speaker: channel?.speaker ?? "SPEAKER_00",
    speaker_id: channel?.speakerId ?? 0,
    is_user: channel?.isUser ?? false,
    person_id: null,
    start: (span.startMs - startedAtMs) / 1000,
    end: (span.endMs - startedAtMs) / 1000,
    translations: [],
    speech_profile_processed: true,
    stt_provider: span.sttProvider,
  };
}
