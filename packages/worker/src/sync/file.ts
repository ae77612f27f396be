/**
 * One file of an offline job: decode, transcribe piece by piece, and store the words of each piece together with the progress
 * that says so. A run that takes the job over begins behind the last stored piece, so no word is written twice and none is
 * missing, whatever the engine answers the second time (law L7). A piece that any upload brought before is not asked for again.
 */
import { type HoldfastError, isHoldfastError, JOBS, parseRecordingName } from "@holdfast/contract";
import {
  assignPiece,
  deterministicUuid,
  findPiece,
  type Job,
  type PieceSound,
  type SpokenStretch,
  type UploadedFile,
} from "@holdfast/store";
import type { DecodeDesk } from "../decode/desk.ts";
import { SAMPLES_PER_MS, SHORTEST_SPEECH_SAMPLES } from "../decode/lengths.ts";
import type { DecodedPiece, DecodeEnd, SoundToDecode } from "../decode/protocol.ts";
import type { JobDeps } from "../deps.ts";
import { LeaseLost } from "../lease-lost.ts";
import { spokenSpans } from "../speech/timeline.ts";
import type { PieceTranscript } from "../speech/transcriber.ts";
import { codeOfDamage, codeOfDecodeFailure, codeOfSpeechFailure, type FileErrorCode } from "./codes.ts";
import { claimedStartMs, partitionOf, type SyncPayload } from "./payload.ts";
import { fileDone, pieceDone, pieceLost, progressRow, type SyncProgress, withTouched } from "./progress.ts";

export interface FileRun {
  readonly deps: JobDeps;
  readonly job: Job;
  readonly payload: SyncPayload;
  /** What the times of the batch are wrong by. */
  readonly shiftMs: number;
  readonly desk: DecodeDesk;
  readonly signal: AbortSignal;
}

/** Finishes the file and returns the progress behind it. Throws what must be tried again later. */
export async function processFile(run: FileRun, file: UploadedFile, before: SyncProgress): Promise<SyncProgress> {
  let progress = before;
  for await (const item of decodedItems(run, file, before.doneSamples)) {
    run.signal.throwIfAborted();
    if (item.type === "piece") progress = await processPiece(run, file, item, progress);
    else if (item.type === "end") progress = fileDone(progress, item.damage && codeOfDamage(item.damage), item);
    else progress = fileDone(progress, item.code);
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
  const id = pieceId(run, file, piece);
  const spoken = await hear(run, file, piece, id);
  return typeof spoken === "string"
    ? await assign(run, file, { id: null, spoken: [] }, pieceLost(before, doneSamples, spoken))
    : await assign(run, file, { id, spoken, sound: soundOf(run, file, piece) }, pieceDone(before, doneSamples));
}

/** Where it lies in the upload, for whoever keeps it. */
function soundOf({ job, payload, shiftMs }: FileRun, file: UploadedFile, piece: DecodedPiece): PieceSound {
  const { startSample: fromSample, sampleCount: samples } = piece;
  const startedAtMs = claimedStartMs(file, payload, job.createdMs) + shiftMs + fromSample / SAMPLES_PER_MS;
  return { file: file.blobKey, fromSample, samples, startedAtMs };
}

/** The same samples recorded twice are two recordings; the same recording in two files is one. */
function pieceId({ job, payload }: FileRun, file: UploadedFile, piece: DecodedPiece): string {
  const atMs = claimedStartMs(file, payload, job.createdMs) + piece.startSample / SAMPLES_PER_MS;
  return deterministicUuid(job.userId, "piece", Math.round(atMs), piece.sha256);
}

/** The words of a piece with wall times, or why there will never be any. */
async function hear(
  run: FileRun,
  file: UploadedFile,
  piece: DecodedPiece,
  id: string,
): Promise<SpokenStretch[] | FileErrorCode> {
  const { job, payload, deps } = run;
  if (piece.silent || piece.sampleCount < SHORTEST_SPEECH_SAMPLES) return [];
  // Its words are stored; what became of them is for the store to say.
  if ((await findPiece(deps.db, job.userId, id)) !== undefined) return [];
  let answer: PieceTranscript;
  try {
    answer = await transcribe(run, piece);
  } catch (error) {
    run.signal.throwIfAborted();
    if (!isHoldfastError(error) || !isLastWord(job, error)) throw error;
    const code = codeOfSpeechFailure(error.code);
    deps.log.warn({ jobId: job.id, code, reason: error.code }, "a piece cannot be transcribed");
    return code;
  }
  const claimedMs = claimedStartMs(file, payload, job.createdMs);
  const spoken = spokenSpans({ ...piece, sourceStartMs: claimedMs + run.shiftMs }, answer.utterances);
  const place = { origin: `${file.sha256}/${Math.round(claimedMs)}`, position: piece.startSample + piece.sampleCount };
  await deps.fairUse.count(job, place, spoken);
  return spoken.map((span, index) => ({
    ...span,
    id: deterministicUuid(id, index),
    sttProvider: answer.engine,
  }));
}

/** An engine that hears nothing is asked once more, and then believed: it is silence (reference offline-sync 5.2). */
async function transcribe({ deps, job, payload, signal }: FileRun, piece: DecodedPiece): Promise<PieceTranscript> {
  await deps.fairUse.admit(job);
  const ask = () => deps.transcriber.transcribe(piece.wav, payload.language ?? undefined, signal);
  const answer = await ask();
  return answer.utterances.length === 0 ? await ask() : answer;
}

interface AssignedPiece {
  readonly id: string | null;
  readonly spoken: readonly SpokenStretch[];
  readonly sound?: PieceSound;
}

async function assign(
  run: FileRun,
  file: UploadedFile,
  { id, spoken, sound }: AssignedPiece,
  next: SyncProgress,
): Promise<SyncProgress> {
  const { deps, job, payload } = run;
  const { source, isLocked, clientPlatform, language, geolocation, target } = payload;
  const touched = await assignPiece(deps.db, job, {
    pieceId: id,
    partition: { source, clientDeviceId: partitionOf(payload, file), isLocked },
    ...{ clientPlatform, language, geolocation, target },
    stretches: spoken,
    ...(sound === undefined ? {} : { sound }),
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
