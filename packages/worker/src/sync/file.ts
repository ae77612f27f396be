/**
 * One file of an offline job: decode, transcribe piece by piece, and store the words of each piece together with the progress
 * that says so. A run that takes the job over begins behind the last stored piece, so no word is written twice and none is
 * missing, whatever the engine answers the second time (law L7).
 */
import { type HoldfastError, isHoldfastError, JOBS, parseRecordingName } from "@holdfast/contract";
import { assignFile, deterministicUuid, type Job, type SpokenStretch, type UploadedFile } from "@holdfast/store";
import type { DecodeDesk } from "../decode/desk.ts";
import { SHORTEST_SPEECH_SAMPLES } from "../decode/lengths.ts";
import type { DecodedPiece, DecodeEnd, SoundToDecode } from "../decode/protocol.ts";
import type { JobDeps } from "../deps.ts";
import { LeaseLost } from "../lease-lost.ts";
import { spokenSpans } from "../speech/timeline.ts";
import type { PieceTranscript } from "../speech/transcriber.ts";
import { codeOfDamage, codeOfDecodeFailure, codeOfSpeechFailure, type FileErrorCode } from "./codes.ts";
import { partitionOf, type SyncPayload } from "./payload.ts";
import { fileDone, pieceDone, pieceLost, progressRow, type SyncProgress, withTouched } from "./progress.ts";

export interface FileRun {
  readonly deps: JobDeps;
  readonly job: Job;
  readonly payload: SyncPayload;
  readonly desk: DecodeDesk;
  readonly signal: AbortSignal;
}

/** Finishes the file and returns the progress behind it. Throws what must be tried again later. */
export async function processFile(run: FileRun, file: UploadedFile, before: SyncProgress): Promise<SyncProgress> {
  let progress = before;
  for await (const item of decodedItems(run, file, before.doneSamples)) {
    run.signal.throwIfAborted();
    if (item.type === "piece") progress = await processPiece(run, file, item, progress);
    else progress = fileDone(progress, item.type === "end" ? item.damage && codeOfDamage(item.damage) : item.code);
  }
  run.signal.throwIfAborted();
  return progress;
}

/** The file can not be read, or not to its end, and another try would not change that. */
interface Undecodable {
  readonly type: "undecodable";
  readonly code: FileErrorCode;
}

/** What the decoder gives. Only its own failures, and those of fetching the bytes, are judged here. */
async function* decodedItems(
  run: FileRun,
  file: UploadedFile,
  fromSample: number,
): AsyncGenerator<DecodedPiece | DecodeEnd | Undecodable> {
  try {
    yield* run.desk.decode(await loadSource(run, file), fromSample);
  } catch (error) {
    run.signal.throwIfAborted();
    if (!isHoldfastError(error) || !isLastWord(run.job, error)) throw error;
    const code = codeOfDecodeFailure(error.code);
    run.deps.log.warn({ jobId: run.job.id, code, reason: error.code }, "a file cannot be decoded");
    yield { type: "undecodable", code };
  }
}

async function loadSource({ deps, payload }: FileRun, file: UploadedFile): Promise<SoundToDecode> {
  const bytes = await deps.blobs.read(file.blobKey);
  if (payload.kind === "sound") return { kind: "sound", bytes };
  // The gateway checked the time against its own clock; another machine's may be behind.
  return { kind: "recording", bytes, name: parseRecordingName(file.name, Number.POSITIVE_INFINITY) };
}

async function processPiece(
  run: FileRun,
  file: UploadedFile,
  piece: DecodedPiece,
  before: SyncProgress,
): Promise<SyncProgress> {
  const doneSamples = piece.startSample + piece.sampleCount;
  // Nothing in it was decoded: the end of the file counts what is lost, once.
  if (!piece.usable) return { ...before, doneSamples };
  const spoken = await transcribe(run, file, piece);
  return typeof spoken === "string"
    ? await assign(run, file, [], pieceLost(before, doneSamples, spoken))
    : await assign(run, file, spoken, pieceDone(before, doneSamples));
}

/** The words of a piece with wall times, or why there will never be any. */
async function transcribe(
  run: FileRun,
  file: UploadedFile,
  piece: DecodedPiece,
): Promise<SpokenStretch[] | FileErrorCode> {
  if (piece.sampleCount < SHORTEST_SPEECH_SAMPLES) return [];
  const { job, payload, deps } = run;
  let answer: PieceTranscript;
  try {
    answer = await deps.transcriber.transcribe(piece.wav, payload.language ?? undefined, run.signal);
  } catch (error) {
    run.signal.throwIfAborted();
    if (!isHoldfastError(error) || !isLastWord(job, error)) throw error;
    const code = codeOfSpeechFailure(error.code);
    deps.log.warn({ jobId: job.id, code, reason: error.code }, "a piece cannot be transcribed");
    return code;
  }
  const sourceStartMs = file.capturedAtMs ?? payload.startedAtMs ?? job.createdMs;
  return spokenSpans({ ...piece, sourceStartMs }, answer.utterances).map((span, index) => ({
    ...span,
    // The start is part of the name: the same bytes recorded twice are two recordings.
    id: deterministicUuid(job.userId, file.sha256, Math.round(sourceStartMs), piece.startSample, index),
    sttProvider: answer.engine,
  }));
}

async function assign(
  run: FileRun,
  file: UploadedFile,
  stretches: readonly SpokenStretch[],
  next: SyncProgress,
): Promise<SyncProgress> {
  const { deps, job, payload } = run;
  const touched = await assignFile(deps.db, job, {
    source: payload.source,
    clientDeviceId: partitionOf(payload, file),
    clientPlatform: payload.clientPlatform,
    language: payload.language,
    stretches,
    progress: (reached) => progressRow(withTouched(next, reached)),
    stage: "stt_llm",
    nowMs: deps.clock.now(),
  });
  if (touched === undefined) throw new LeaseLost();
  return withTouched(next, touched);
}

/**
 * True where trying again is pointless: the input itself is refused, or this is the job's last attempt, on which a part that
 * failed each time is given up so that the rest of the batch is not lost with it (law L10).
 */
function isLastWord(job: Job, error: HoldfastError): boolean {
  if (error.class === "permanent_input") return true;
  return error.class === "content" && job.attempts + 1 >= JOBS.maxAttempts;
}
