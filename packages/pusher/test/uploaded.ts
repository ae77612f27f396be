/**
 * Uploads as a worker leaves them: real `.bin` files in a real blob folder, their words assigned piece by piece. Each second of
 * sound is a tone of its own, so what is heard in a kept file says which seconds of which file it holds.
 */
import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { createOpusEncoder, decodeSoundFile, encodeWav16 } from "@holdfast/codecs";
import { recordingName, writeFrames } from "@holdfast/contract";
import {
  type AudioFile,
  acceptUpload,
  assignPiece,
  type BlobStore,
  claimJob,
  completeUpload,
  type Db,
  deterministicUuid,
  type Job,
  type TouchedConversations,
  type UploadedFile,
  uploadFolder,
} from "@holdfast/store";
import { USER } from "./harness.ts";

const RATE = 16_000;

/** Second after second, in hundreds of Hz. */
export function tones(hundreds: readonly number[]): Float32Array {
  return Float32Array.from({ length: hundreds.length * RATE }, (_, i) => {
    return 0.4 * Math.sin((2 * Math.PI * 100 * (hundreds[Math.floor(i / RATE)] ?? 0) * (i % RATE)) / RATE);
  });
}

/** What is heard in a kept file: the hundreds of Hz of each second, 0 for silence. */
export async function heard(blobs: BlobStore, file: Pick<AudioFile, "blobKey"> | undefined): Promise<number[]> {
  const { samples16k } = await decodeSoundFile(await blobs.read(file?.blobKey ?? ""));
  return Array.from({ length: Math.round(samples16k.length / RATE) }, (_, second) => {
    let crossings = 0;
    // The edges belong to two tones.
    const middle = samples16k.subarray((second + 0.25) * RATE, (second + 0.75) * RATE);
    if (middle.every((sample) => Math.abs(sample) < 0.05)) return 0;
    for (const [i, sample] of middle.entries()) if ((middle[i - 1] ?? 0) < 0 && sample >= 0) crossings += 1;
    return Math.round((crossings * 2) / 100);
  });
}

export async function opusMessages(samples: Float32Array): Promise<Uint8Array[]> {
  const encoder = await createOpusEncoder({ frameMs: 20 });
  try {
    const size = encoder.frameSamples;
    return Array.from({ length: samples.length / size }, (_, i) =>
      encoder.encode(samples.subarray(i * size, (i + 1) * size)),
    );
  } finally {
    encoder.close();
  }
}

export interface Recording {
  readonly atMs: number;
  readonly hundreds: readonly number[];
  readonly as?: "opus_fs320" | "pcm16" | "wav";
}

export interface Upload {
  readonly job: Job;
  /**
   * Says what a worker heard in some seconds of a file: nothing where there are no words. `id` names the piece; the same id
   * again is the same sound again.
   */
  hear(
    file: number,
    seconds: readonly [from: number, to: number],
    words: string,
    options?: { readonly conversationId?: string; readonly id?: string; readonly device?: string },
  ): Promise<TouchedConversations>;
  end(): Promise<void>;
}

/** A batch that a worker has leased. */
export async function upload(db: Db, blobs: BlobStore, recordings: readonly Recording[]): Promise<Upload> {
  const jobId = randomUUID();
  const files: UploadedFile[] = [];
  for (const [n, recording] of recordings.entries()) {
    const { name, bytes } = await fileOf(recording);
    const staged = await blobs.stage(Readable.from([bytes]), { maxBytes: 1e9 });
    const blobKey = `${uploadFolder(jobId)}/${n}`;
    await blobs.commit(staged, blobKey);
    files.push({ name, bytes: staged.bytes, sha256: staged.sha256, blobKey, capturedAtMs: recording.atMs });
  }
  const kind = recordings.some(({ as }) => as === "wav") ? "sound" : "omi";
  const nowMs = Date.now();
  await acceptUpload(db, {
    ...{ userId: USER, jobId, contentId: jobId, lane: "fresh", conversationId: null, files, nowMs },
    payload: { source: "omi", kind },
  });
  const job = await claimJob(db, ["sync"], { owner: "worker", nowMs, leaseMs: 60_000 });
  if (job?.id !== jobId) throw new Error("another job was leased");
  const touchedIds: string[] = [];
  return {
    job,
    async hear(file, [from, to], words, { conversationId = null, id, device = null } = {}) {
      const { blobKey, capturedAtMs } = files[file] ?? {};
      const startedAtMs = (capturedAtMs ?? 0) + from * 1_000;
      const pieceId = deterministicUuid(id ?? `${blobKey} ${from}`);
      const said = { text: words, startMs: startedAtMs, endMs: startedAtMs + (to - from) * 1_000, sttProvider: "test" };
      const touched = await assignPiece(db, job, {
        pieceId,
        partition: { source: "omi", clientDeviceId: device, isLocked: false },
        ...{ clientPlatform: null, language: "en", stage: "stt_llm", nowMs: Date.now() },
        target: { conversationId: conversationId, recordingSessionId: null },
        stretches: words === "" ? [] : [{ ...said, id: deterministicUuid(pieceId, 0) }],
        sound: { file: blobKey ?? "", fromSample: from * RATE, samples: (to - from) * RATE, startedAtMs },
        progress: (reached) => ({ ...reached }),
      });
      if (touched === undefined) throw new Error("the lease was lost");
      touchedIds.push(...touched.created, ...touched.updated);
      return touched;
    },
    async end() {
      const completion = { outcome: "completed", result: {}, nowMs: Date.now() } as const;
      if (!(await completeUpload(db, job, touchedIds, completion))) throw new Error("the lease was lost");
    },
  };
}

async function fileOf({ atMs, hundreds, as = "opus_fs320" }: Recording): Promise<{ name: string; bytes: Uint8Array }> {
  const samples = tones(hundreds);
  if (as === "wav") return { name: "talk.wav", bytes: encodeWav16(samples, RATE) };
  const name = recordingName({ device: "test", codec: as, sampleRate: RATE, frameSamples: 320, startedAtMs: atMs });
  if (as === "opus_fs320") return { name, bytes: writeFrames(await opusMessages(samples)) };
  const raw = new Uint8Array(Int16Array.from(samples, (x) => Math.round(x * 32_767)).buffer);
  const messages = Array.from({ length: raw.length / 640 }, (_, i) => raw.slice(i * 640, (i + 1) * 640));
  return { name, bytes: writeFrames(messages) };
}
