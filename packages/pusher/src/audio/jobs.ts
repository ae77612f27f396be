/**
 * Kept sound as jobs: live audio and sound of uploads become Opus files (`audio_export`, planned when a conversation is finished
 * and when an upload ends), those become bare samples while somebody listens (`audio_render`), a person's voice is cut out of
 * them (`speech_sample`), and all of it goes when the conversation is deleted (`audio_removal`). Audio comes from the store, never from a link. Bytes are durable before a row
 * names them, names are functions of what they hold, and whoever finds the conversation deleted at the end removes what it
 * made, so no order of crashes leaves bytes behind that nobody can find.
 */
import { Readable } from "node:stream";
import { HoldfastError } from "@holdfast/contract";
import type { Clock, Random } from "@holdfast/core";
import {
  audioFolder,
  type BlobStore,
  completeJob,
  completeRender,
  type Db,
  exportedUpload,
  failJob,
  failRender,
  findAudioFile,
  type Job,
  type JobFailure,
  pcmKey,
} from "@holdfast/store";
import type { OnPusherEvent } from "../events.ts";
import { jobFailureOf } from "../job-failure.ts";
import { createSoundDesk, type SoundDesk } from "./desk.ts";
import { exportSound } from "./export.ts";
import { sampleVoice } from "./sample.ts";

/** A sound file of an upload is decoded as a whole before the first answer. */
const UPLOAD_TIMEOUT_MS = 300_000;

export interface AudioDeps {
  readonly db: Db;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: OnPusherEvent;
}

export interface AudioRun extends AudioDeps {
  readonly job: Job;
  readonly desk: SoundDesk;
  readonly signal: AbortSignal;
}

export async function handleAudio(deps: AudioDeps, job: Job, signal: AbortSignal): Promise<void> {
  const { clock } = deps;
  const desk = createSoundDesk({
    clock,
    ...(exportedUpload(job) === undefined ? {} : { timeoutMs: UPLOAD_TIMEOUT_MS }),
  });
  const stop = (): void => void desk.close();
  signal.addEventListener("abort", stop, { once: true });
  const startedMs = clock.now();
  const of = { jobId: job.id, conversationId: job.conversationId ?? "", kind: job.kind };
  try {
    const ended = await work({ ...deps, job, desk, signal });
    deps.onEvent({ type: "audio_job_finished", ...of, ...ended, tookMs: clock.now() - startedMs });
  } catch (error) {
    if (signal.aborted) return;
    const failure = jobFailureOf(error, "audio_job_failed");
    const state = await failAudio(deps, job, failure);
    deps.onEvent({ type: "audio_job_failed", ...of, code: failure.code, class: failure.class, state: state ?? null });
  } finally {
    signal.removeEventListener("abort", stop);
    await desk.close();
  }
}

export interface AudioEnd {
  readonly outcome: "stored" | "gone" | "lease_lost" | "postponed";
  /** Files that were made. */
  readonly parts: number;
  readonly bytes: number;
}

async function work(run: AudioRun): Promise<AudioEnd> {
  switch (run.job.kind) {
    case "audio_export":
      return await exportSound(run);
    case "audio_render":
      return await renderSound(run);
    case "speech_sample":
      return await sampleVoice(run);
    default:
      return await removeSound(run);
  }
}

async function renderSound(run: AudioRun): Promise<AudioEnd> {
  const { db, blobs, job, clock } = run;
  const fileId = fileIdOf(job);
  const file = await findAudioFile(db, job.userId, fileId);
  // Of a file that is gone, an earlier run may have left samples.
  const key = file === undefined ? keyOf(job) : pcmKey(file);
  let bytes = 0;
  if (file !== undefined && key !== undefined) {
    const samples = Readable.from(pcmOf(run, await blobs.read(file.blobKey), file.samples));
    const staged = await blobs.stage(samples, { maxBytes: file.samples * 2, signal: run.signal });
    await blobs.commit(staged, key);
    bytes = staged.bytes;
  }
  run.signal.throwIfAborted();
  const outcome = await completeRender(db, job, fileId, clock.now());
  if (outcome === "gone" && key !== undefined) await blobs.removeAll(key);
  return { outcome, parts: file === undefined ? 0 : 1, bytes };
}

/** Exactly as many samples as the row says: the gateway computes lengths and ranges from that number alone. */
async function* pcmOf({ desk, signal }: AudioRun, file: Uint8Array, samples: number): AsyncGenerator<Uint8Array> {
  await desk.ask({ type: "render", file });
  let left = samples * 2;
  while (left > 0) {
    signal.throwIfAborted();
    const answer = await desk.ask({ type: "render_next" });
    const pcm = answer.type === "pcm" ? answer.pcm : undefined;
    if (pcm === undefined) break;
    yield pcm.subarray(0, left);
    left -= Math.min(left, pcm.length);
  }
  if (left > 0) yield new Uint8Array(left);
}

async function removeSound({ db, blobs, job, clock }: AudioRun): Promise<AudioEnd> {
  for (const folder of foldersOf(job)) await blobs.removeAll(folder);
  const held = await completeJob(db, job, { outcome: "completed", result: {}, nowMs: clock.now() });
  return { outcome: held ? "gone" : "lease_lost", parts: 0, bytes: 0 };
}

/** Records a failed try of an audio job, and what it means for the file it is about. */
export async function failAudio(
  { db, clock, random }: Pick<AudioDeps, "db" | "clock" | "random">,
  job: Job,
  failure: JobFailure,
): Promise<Job["state"] | undefined> {
  return job.kind === "audio_render"
    ? await failRender(db, job, fileIdOf(job), failure, clock.now(), random.next())
    : await failJob(db, job, failure, clock.now(), random.next());
}

function fileIdOf(job: Job): string {
  const id = job.payload.audio_file_id;
  if (typeof id === "string") return id;
  throw new HoldfastError("the job names no file", { code: "invalid_payload", class: "permanent_input" });
}

function keyOf({ payload }: Job): string | undefined {
  return typeof payload.blob_key === "string" ? pcmKey({ blobKey: payload.blob_key }) : undefined;
}

/** One that an older version planned names none. */
function foldersOf({ userId, conversationId, payload }: Job): string[] {
  const { folders } = payload;
  if (!Array.isArray(folders)) return [audioFolder(userId, conversationId ?? "")];
  return folders.filter((folder): folder is string => typeof folder === "string");
}
