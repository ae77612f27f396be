/**
 * Kept sound as jobs: live audio becomes Opus files (`audio_export`, planned when a conversation is finished), those become bare
 * samples while somebody listens (`audio_render`), and all of it goes when the conversation is deleted (`audio_removal`).
 * Audio comes from the store, never from a link. Bytes are durable before a row names them, names are functions of what they
 * hold, and whoever finds the conversation deleted at the end removes what it made, so no order of crashes leaves bytes behind
 * that nobody can find.
 */
import { Readable } from "node:stream";
import { failureClassOf, HoldfastError, isHoldfastError, messageOf } from "@holdfast/contract";
import type { Clock, Random } from "@holdfast/core";
import {
  asDatabaseError,
  audioFolder,
  type BlobStore,
  completeExport,
  completeJob,
  completeRender,
  conversationChunks,
  type Db,
  deterministicUuid,
  type ExportedPart,
  failJob,
  failRender,
  findConversation,
  type Job,
  type JobFailure,
  listAudioFiles,
  opusKey,
  pcmKey,
} from "@holdfast/store";
import type { OnPusherEvent } from "../events.ts";
import { createSoundDesk, type SoundDesk } from "./desk.ts";
import type { ExportItem } from "./protocol.ts";

/** Chunks read at a time: a minute or so. */
const PAGE_CHUNKS = 120;
/** Far above what two hours of Opus take. */
const MAX_PART_BYTES = 512 * 1024 * 1024;

export interface AudioDeps {
  readonly db: Db;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: OnPusherEvent;
}

interface Run extends AudioDeps {
  readonly job: Job;
  readonly desk: SoundDesk;
  readonly signal: AbortSignal;
}

export async function handleAudio(deps: AudioDeps, job: Job, signal: AbortSignal): Promise<void> {
  const { clock } = deps;
  const desk = createSoundDesk({ clock });
  const stop = (): void => void desk.close();
  signal.addEventListener("abort", stop, { once: true });
  const startedMs = clock.now();
  const of = { jobId: job.id, conversationId: job.conversationId ?? "", kind: job.kind };
  try {
    const ended = await work({ ...deps, job, desk, signal });
    deps.onEvent({ type: "audio_job_finished", ...of, ...ended, tookMs: clock.now() - startedMs });
  } catch (error) {
    if (signal.aborted) return;
    const failure = failureOf(error);
    const state = await failAudio(deps, job, failure);
    deps.onEvent({ type: "audio_job_failed", ...of, code: failure.code, class: failure.class, state: state ?? null });
  } finally {
    signal.removeEventListener("abort", stop);
    await desk.close();
  }
}

interface AudioEnd {
  readonly outcome: "stored" | "gone" | "lease_lost";
  readonly parts: number;
  readonly bytes: number;
}

async function work(run: Run): Promise<AudioEnd> {
  switch (run.job.kind) {
    case "audio_export":
      return await exportSound(run);
    case "audio_render":
      return await renderSound(run);
    default:
      return await removeSound(run);
  }
}

async function exportSound(run: Run): Promise<AudioEnd> {
  const { db, blobs, job, clock } = run;
  const conversationId = job.conversationId ?? "";
  const isThere = (await findConversation(db, job.userId, conversationId)) !== undefined;
  const parts = isThere ? await exportParts(run) : [];
  run.signal.throwIfAborted();
  const outcome = await completeExport(db, job, parts, clock.now());
  if (outcome === "gone") await blobs.removeAll(audioFolder(job.userId, conversationId));
  return { outcome, parts: parts.length, bytes: parts.reduce((sum, part) => sum + part.bytes, 0) };
}

async function exportParts(run: Run): Promise<ExportedPart[]> {
  const { job, desk } = run;
  const parts: ExportedPart[] = [];
  let startedAtMs = 0;
  let bytes: Uint8Array[] = [];
  const take = async (items: readonly ExportItem[]): Promise<void> => {
    for (const item of items) {
      if (item.kind === "bytes") bytes.push(item.bytes);
      else if (item.kind === "part") {
        startedAtMs = item.startedAtMs;
        bytes = [];
      } else {
        parts.push(await storePart(run, { ...item, startedAtMs, ordinal: parts.length }, bytes));
        bytes = [];
      }
    }
  };
  for await (const chunks of conversationChunks(run.db, job.userId, job.conversationId ?? "", PAGE_CHUNKS)) {
    run.signal.throwIfAborted();
    await take(await itemsOf(desk, { type: "export", chunks }));
  }
  await take(await itemsOf(desk, { type: "export_end" }));
  return parts;
}

async function itemsOf(desk: SoundDesk, request: Parameters<SoundDesk["ask"]>[0]): Promise<readonly ExportItem[]> {
  const answer = await desk.ask(request);
  return answer.type === "items" ? answer.items : [];
}

async function storePart(
  { blobs, job, signal }: Run,
  part: Pick<ExportedPart, "startedAtMs" | "ordinal" | "samples" | "capturedSamples">,
  bytes: readonly Uint8Array[],
): Promise<ExportedPart> {
  const conversationId = job.conversationId ?? "";
  const id = deterministicUuid(job.userId, conversationId, "audio_file", part.ordinal, Math.round(part.startedAtMs));
  const blobKey = opusKey(job.userId, conversationId, id);
  const staged = await blobs.stage(Readable.from(bytes), { maxBytes: MAX_PART_BYTES, signal });
  await blobs.commit(staged, blobKey);
  const { ordinal, startedAtMs, samples, capturedSamples } = part;
  return { id, ordinal, startedAtMs, samples, capturedSamples, bytes: staged.bytes, blobKey };
}

async function renderSound(run: Run): Promise<AudioEnd> {
  const { db, blobs, job, clock } = run;
  const conversationId = job.conversationId ?? "";
  const fileId = fileIdOf(job);
  const file = (await listAudioFiles(db, job.userId, conversationId)).find((one) => one.id === fileId);
  const key = pcmKey(job.userId, conversationId, fileId);
  let bytes = 0;
  if (file !== undefined) {
    const samples = Readable.from(pcmOf(run, await blobs.read(file.blobKey), file.samples));
    const staged = await blobs.stage(samples, { maxBytes: file.samples * 2, signal: run.signal });
    await blobs.commit(staged, key);
    bytes = staged.bytes;
  }
  run.signal.throwIfAborted();
  const outcome = await completeRender(db, job, fileId, clock.now());
  if (outcome === "gone") await blobs.removeAll(key);
  return { outcome, parts: file === undefined ? 0 : 1, bytes };
}

/** Exactly as many samples as the row says: the gateway computes lengths and ranges from that number alone. */
async function* pcmOf({ desk, signal }: Run, file: Uint8Array, samples: number): AsyncGenerator<Uint8Array> {
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

async function removeSound({ db, blobs, job, clock }: Run): Promise<AudioEnd> {
  await blobs.removeAll(audioFolder(job.userId, job.conversationId ?? ""));
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

function failureOf(error: unknown): JobFailure {
  const known = asDatabaseError(error);
  const code = isHoldfastError(known) ? known.code : "audio_job_failed";
  return { class: failureClassOf(known), code, message: messageOf(known) };
}
