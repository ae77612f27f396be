/**
 * Keeping the sound of conversations: real speech as durable chunks, a real database, a real blob folder, the real pusher. What
 * is exported is compared with what was said, by length and loudness; audio is freed only behind it, and deleted with its
 * conversation, whatever is on its way.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeSoundFile } from "@holdfast/codecs";
import { messageMs, writeFrames } from "@holdfast/contract";
import { systemClock, systemRandom } from "@holdfast/runtime";
import {
  appendChunk,
  audioFolder,
  type BlobStore,
  claimJob,
  type Db,
  deleteConversation,
  findJob,
  freeTranscribedAudio,
  listAudioFiles,
  listJobs,
  loadConversation,
  openDirectoryBlobs,
  openRecording,
  pcmKey,
  requestPcm,
  setPrivateCloudSync,
} from "@holdfast/store";
import { type FixtureCodec, JFK_PATH, jfkMessages, startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { handleAudio } from "../src/audio/jobs.ts";
import { PCM_UNUSED_MS, sweepUnusedPcm } from "../src/audio/sweep.ts";
import { type Cleanup, cleanUp, pusher, spoken, USER, untilCompleted } from "./harness.ts";
import { said } from "./said.ts";

const TEXT = "Ask not what your country can do for you, ask what you can do for your country.";

const cleanup: Cleanup = [];
let server: TestServer;
let db: Db;
let blobs: BlobStore;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  const database = await server.database();
  cleanup.push(() => database.db.destroy());
  db = database.db;
  folder = await mkdtemp(join(tmpdir(), "holdfast-sound-"));
  cleanup.push(() => rm(folder, { recursive: true, force: true }));
  blobs = await openDirectoryBlobs(folder, Date.now());
  await setPrivateCloudSync(db, USER, true, Date.now());
});
afterEach(async () => {
  await cleanUp(cleanup);
});

/** A conversation with the sample speech as durable, transcribed audio; waits for its finalisation. */
async function withSpeech(id: string, codec: FixtureCodec = "opus"): Promise<number> {
  const { messages, sampleRate } = await jfkMessages(codec, 0);
  const nowMs = Date.now();
  const wire = codec === "pcm8-16bit" ? "pcm8" : codec;
  const hold = await openRecording(db, {
    ...{ userId: USER, id: `r-${id}`, codec: wire, sampleRate, language: "en", nowMs, leaseMs: 20_000 },
  });
  const layout = codec === "pcm8-16bit" ? "linear16" : "linear8";
  let atMs = nowMs - 60_000;
  for (let first = 0; first < messages.length; first += 50) {
    const part = messages.slice(first, first + 50);
    const durationMs = part.reduce((sum, message) => sum + messageMs(wire, sampleRate, message, layout), 0);
    const where = { userId: USER, sessionId: `r-${id}`, epoch: hold.epoch, conversationId: id };
    const what = { codec: wire, sampleRate, layout, channels: 1, payload: writeFrames(part) };
    const chunk = { ...where, ...what, firstMessage: first, messageCount: part.length, durationMs, capturedAtMs: atMs };
    expect(await appendChunk(db, chunk, { nowMs, leaseMs: 20_000 })).toBe("stored");
    atMs += durationMs;
  }
  await db
    .updateTable("recording_sessions")
    .set((eb) => ({ transcribed_messages: eb.ref("durable_messages"), lease_until: null }))
    .where("id", "=", `r-${id}`)
    .execute();
  await spoken(db, id, said(TEXT), { force: true });
  return messages.reduce((sum, message) => sum + messageMs(wire, sampleRate, message, layout), 0);
}

const files = (id: string) => listAudioFiles(db, USER, id);
const exported = (id: string) =>
  waitFor("the export", async () => {
    const found = await files(id);
    return found.length > 0 ? found : undefined;
  });
const chunksLeft = async () => (await db.selectFrom("audio_chunks").select("first_message").execute()).length;
const blobsLeft = async (): Promise<string[]> => {
  for (;;) {
    // A folder may go while it is read.
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    });
    if (entries !== undefined) return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  }
};
const power = (samples: Float32Array) => samples.reduce((sum, x) => sum + x * x, 0) / samples.length;

/** The speech itself, as its own decoder gives it. */
async function source(): Promise<Float32Array> {
  return (await decodeSoundFile(JFK_PATH)).samples16k;
}

it.each(["opus", "opus_fs320", "pcm16", "pcm8", "pcm8-16bit"] as const)(
  "%s is kept as Opus, as long and as loud as it was said",
  async (codec) => {
    await pusher(cleanup, db, {}, 0, blobs);
    const ms = await withSpeech("c1", codec);
    const [file, ...more] = await exported("c1");
    if (file === undefined) throw new Error("no file");
    expect(more).toEqual([]);
    expect(Math.abs(file.samples / 16 - ms)).toBeLessThanOrEqual(20);
    const sound = await decodeSoundFile(await blobs.read(file.blobKey));
    expect(sound.samples16k.length).toBe(file.samples);
    const original = await source();
    expect(Math.abs(sound.samples16k.length - original.length)).toBeLessThanOrEqual(640);
    const ratio = power(sound.samples16k) / power(original);
    expect(ratio).toBeGreaterThan(0.6);
    expect(ratio).toBeLessThan(1.3);
    const conversation = await loadConversation(db, USER, "c1");
    expect(conversation?.audio_files).toMatchObject([
      { id: file.id, duration: file.samples / 16_000, provider: "holdfast" },
    ]);
    expect(conversation?.conversation_audio).toMatchObject({
      duration: file.samples / 16_000,
      spans: [{ file_id: file.id }],
    });
  },
);

it("audio is freed only when it was exported, and at once where nobody keeps it", async () => {
  await pusher(cleanup, db, {}, 0);
  await withSpeech("c1");
  await untilCompleted(db, "c1");
  const before = await chunksLeft();
  expect(await freeTranscribedAudio(db, 1_000)).toBe(0);
  expect(await chunksLeft()).toBe(before);
  await pusher(cleanup, db, {}, 0, blobs);
  await exported("c1");
  expect(await freeTranscribedAudio(db, 1_000)).toBe(before);
  expect((await files("c1")).length).toBe(1);

  await setPrivateCloudSync(db, USER, false, Date.now());
  await withSpeech("c2");
  await untilCompleted(db, "c2");
  expect(await freeTranscribedAudio(db, 1_000)).toBe(before);
  expect(await listJobs(db, { kinds: ["audio_export"], limit: 10 })).toHaveLength(1);
  expect((await loadConversation(db, USER, "c2"))?.audio_files).toEqual([]);
});

it("an export that fails keeps the audio, and says why", async () => {
  await pusher(cleanup, db, {}, 0);
  await withSpeech("c1", "opus");
  await untilCompleted(db, "c1");
  await db.updateTable("audio_chunks").set({ codec: "vorbis" }).execute();
  await pusher(cleanup, db, {}, 0, blobs);
  const job = await waitFor("the end of the export", async () =>
    (await listJobs(db, { kinds: ["audio_export"], limit: 1 })).find(({ completedMs }) => completedMs !== null),
  );
  expect(job).toMatchObject({ state: "failed", reasonCode: "unsupported_audio" });
  expect(await freeTranscribedAudio(db, 1_000)).toBe(0);
});

it("samples are made when somebody wants to listen, exactly as many as promised, and swept when nobody does", async () => {
  await pusher(cleanup, db, {}, 0, blobs);
  await withSpeech("c1");
  const [file] = await exported("c1");
  if (file === undefined) throw new Error("no file");
  expect(file.pcmState).toBe("none");
  const ask = () => requestPcm(db, { userId: USER, conversationId: "c1", nowMs: Date.now() });
  await Promise.all([ask(), ask(), ask()]);
  expect(await listJobs(db, { kinds: ["audio_render"], limit: 10 })).toHaveLength(1);
  await waitFor("the samples", async () => (await files("c1"))[0]?.pcmState === "ready");
  const key = pcmKey(file);
  const pcm = Buffer.from(await blobs.read(key));
  expect(pcm.length).toBe(file.samples * 2);
  const samples = Float32Array.from({ length: file.samples }, (_, i) => pcm.readInt16LE(i * 2) / 32_768);
  expect(power(samples) / power(await source())).toBeGreaterThan(0.6);

  expect(await sweepUnusedPcm(db, blobs, Date.now() + PCM_UNUSED_MS - 60_000)).toBe(0);
  expect(await sweepUnusedPcm(db, blobs, Date.now() + PCM_UNUSED_MS + 60_000)).toBe(1);
  expect((await files("c1"))[0]?.pcmState).toBe("none");
  await expect(blobs.read(key)).rejects.toMatchObject({ code: "blob_missing" });
  expect((await blobs.read(file.blobKey)).length).toBe(file.bytes);
  await ask();
  await waitFor("the samples again", async () => (await files("c1"))[0]?.pcmState === "ready");
});

it("a file whose bytes are lost is unavailable instead of pending for ever", async () => {
  await pusher(cleanup, db, {}, 0, blobs);
  await withSpeech("c1");
  const [file] = await exported("c1");
  await blobs.removeAll(file?.blobKey ?? "");
  await requestPcm(db, { userId: USER, conversationId: "c1", nowMs: Date.now() });
  await waitFor("the failure", async () => (await files("c1"))[0]?.pcmState === "failed");
});

it("a deleted conversation takes its sound with it, also while it is being exported", async () => {
  await pusher(cleanup, db, {}, 0, blobs);
  await withSpeech("c1");
  await exported("c1");
  await requestPcm(db, { userId: USER, conversationId: "c1", nowMs: Date.now() });
  await waitFor("the samples", async () => (await files("c1"))[0]?.pcmState === "ready");
  expect(await blobsLeft()).toHaveLength(2);
  await deleteConversation(db, USER, "c1", { cascade: true, nowMs: Date.now() });
  expect(await files("c1")).toEqual([]);
  await waitFor("the bytes to go", async () => (await blobsLeft()).length === 0);
});

it("an export that finds its conversation deleted at the end removes what it made", async () => {
  await pusher(cleanup, db, {}, 0);
  await withSpeech("c1");
  await untilCompleted(db, "c1");
  const job = await claimJob(db, ["audio_export"], { owner: "test", nowMs: Date.now(), leaseMs: 60_000 });
  if (job === undefined) throw new Error("no export");
  const deleting: BlobStore = {
    ...blobs,
    async commit(staged, key) {
      await blobs.commit(staged, key);
      await deleteConversation(db, USER, "c1", { cascade: true, nowMs: Date.now() });
    },
  };
  const deps = { db, blobs: deleting, clock: systemClock, random: systemRandom, onEvent: () => {} };
  await handleAudio(deps, job, new AbortController().signal);
  expect(await findJob(db, USER, job.id)).toMatchObject({ state: "completed", result: { fenced: true } });
  expect(await blobsLeft()).toEqual([]);
  expect(audioFolder(USER, "c1")).toMatch(/^audio\/[0-9a-f-]{36}$/);
});
