/** Gap repair and what time alone must move, on a real database; the engine hears tones. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseConfig, type Segment, writeFrames } from "@holdfast/contract";
import { silentLog } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import {
  admitConversation,
  appendChunk,
  type BlobStore,
  commitSegments,
  createConversation,
  deleteConversation,
  findConversation,
  handOverAbandoned,
  listJobs,
  loadChunks,
  openRecording,
  type RecordingHold,
  uploadFolder,
} from "@holdfast/store";
import { fastClock, startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sweepExpired, sweepTranscribed } from "../src/sweeps/sweeps.ts";
import { type Beep, type BinCodec, beeps, binFile, messagesOf, words } from "./support/sounds.ts";
import { startToneEngine, type ToneEngine } from "./support/tone-engine.ts";
import { openWorld, T0, USER, type World } from "./support/world.ts";

let server: TestServer;
let world: World;
let engine: ToneEngine;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  world = await openWorld(server);
  engine = await startToneEngine();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

const SPEECH: readonly Beep[] = [
  { at: 0.5, hz: 500 },
  { at: 2, hz: 900 },
];
const LEASE_MS = 20_000;
const CHUNK_MESSAGES = 25;

async function openLive(id: string, session: string, codec: BinCodec, startedAtMs = T0): Promise<RecordingHold> {
  await createConversation(world.db, {
    userId: USER,
    id,
    origin: "live",
    source: "omi",
    language: "en",
    externalData: null,
    clientDeviceId: null,
    clientPlatform: null,
    recordingSessionId: session,
    silenceTimeoutMs: 120_000,
    startedAtMs,
    nowMs: startedAtMs,
  });
  const sampleRate = codec === "pcm8" ? 8_000 : 16_000;
  const request = { userId: USER, id: session, codec, sampleRate, language: "en", nowMs: startedAtMs };
  return await openRecording(world.db, { ...request, leaseMs: LEASE_MS });
}

/** Messages as the gateway writes them: half a second a row. Returns the number of the next message. */
async function record(
  hold: RecordingHold,
  conversationId: string,
  codec: BinCodec,
  samples: Float32Array,
  at: { readonly first: number; readonly ms: number },
): Promise<number> {
  const messageMs = codec === "opus" ? 10 : 20;
  const messages = await messagesOf(codec, samples);
  for (let i = 0; i < messages.length; i += CHUNK_MESSAGES) {
    const part = messages.slice(i, i + CHUNK_MESSAGES);
    const stored = await appendChunk(world.db, {
      userId: USER,
      sessionId: hold.id,
      epoch: hold.epoch,
      firstMessage: at.first + i,
      messageCount: part.length,
      durationMs: part.length * messageMs,
      capturedAtMs: at.ms + i * messageMs,
      conversationId,
      codec,
      sampleRate: codec === "pcm8" ? 8_000 : 16_000,
      layout: "linear8",
      payload: writeFrames(part),
      nowMs: at.ms,
      leaseMs: LEASE_MS,
    });
    expect(stored).toBe("stored");
  }
  return at.first + messages.length;
}

const abandon = () => handOverAbandoned(world.db, Date.now(), 0, 10);
const repairs = () => listJobs(world.db, { userId: USER, kinds: ["repair"], limit: 10 });
const repaired = () =>
  waitFor("the end of the repair", async () => {
    const jobs = await repairs();
    return jobs.length > 0 && jobs.every((job) => job.completedMs !== null) ? jobs : undefined;
  });

describe("gap repair", () => {
  test.each<BinCodec>(["opus", "opus_fs320", "pcm16", "pcm8"])("turns abandoned %s into words", async (codec) => {
    const hold = await openLive("c1", "r1", codec);
    await record(hold, "c1", codec, beeps(SPEECH, 4), { first: 0, ms: T0 });
    expect(await abandon()).toBe(1);
    await world.start(engine.url);
    expect(await repaired()).toMatchObject([{ state: "completed", result: { segments: 2 }, attempts: 0 }]);
    const [conversation] = await world.spoken();
    expect(conversation).toMatchObject({ id: "c1", words: words(SPEECH) });
    expect(Math.abs((conversation?.startMs ?? 0) - T0 - 500)).toBeLessThan(60);
    expect(Math.abs((conversation?.starts[1] ?? 0) - 1.5)).toBeLessThan(0.06);
  });

  test("a finalisation that waited for it goes on", async () => {
    const hold = await openLive("c1", "r1", "opus");
    await record(hold, "c1", "opus", beeps(SPEECH, 4), { first: 0, ms: T0 });
    const nowMs = Date.now();
    const request = { userId: USER, conversationId: "c1", trigger: "stop", force: true, nowMs } as const;
    expect(await admitConversation(world.db, request)).toMatchObject({ ticket: { state: "blocked" } });
    await world.start(engine.url);
    await repaired();
    const finalizations = await listJobs(world.db, { userId: USER, kinds: ["finalization"], limit: 5 });
    expect(finalizations).toMatchObject([{ state: "queued", conversationId: "c1" }]);
    expect(await findConversation(world.db, USER, "c1")).toMatchObject({
      status: "processing",
      state_reason: "awaiting_processing",
    });
  });

  test("keeps the wall time of what came after a pause, and adds to words that are there", async () => {
    const hold = await openLive("c1", "r1", "pcm16");
    const before: Segment = {
      id: "live-1",
      text: "live",
      speaker: "SPEAKER_00",
      speaker_id: 0,
      is_user: false,
      person_id: null,
      start: 0,
      end: 1,
      translations: [],
      speech_profile_processed: true,
      stt_provider: "test",
    };
    const next = await record(hold, "c1", "pcm16", beeps([], 1), { first: 0, ms: T0 });
    const commit = { hold, conversationId: "c1", upserts: [before], deletedIds: [], transcribedMessages: next };
    await commitSegments(world.db, { ...commit, startedAtMs: T0, nowMs: T0 });
    const paused = await record(hold, "c1", "pcm16", beeps([{ at: 1, hz: 600 }], 2), { first: next, ms: T0 + 1_000 });
    await record(hold, "c1", "pcm16", beeps([{ at: 1, hz: 800 }], 2), { first: paused, ms: T0 + 60_000 });
    await abandon();
    await world.start(engine.url);
    await repaired();
    const [conversation] = await world.spoken();
    expect(conversation?.words).toEqual(["live", "t600", "t800"]);
    expect(conversation?.startMs).toBe(T0);
    expect(Math.abs((conversation?.starts[1] ?? 0) - 2)).toBeLessThan(0.03);
    expect(Math.abs((conversation?.starts[2] ?? 0) - 61)).toBeLessThan(0.03);
  });

  test("an engine that breaks off or is busy costs no attempt and no word", async () => {
    engine.mood = (question) => (["break", { status: 503 }, "hear"] as const)[question] ?? "hear";
    const hold = await openLive("c1", "r1", "opus");
    await record(hold, "c1", "opus", beeps(SPEECH, 4), { first: 0, ms: T0 });
    await abandon();
    await world.start(engine.url, fastClock(5));
    expect(await repaired()).toMatchObject([{ state: "completed", attempts: 0, tries: 2 }]);
    expect(await world.spoken()).toMatchObject([{ words: words(SPEECH) }]);
  });

  test("audio that an engine refuses for good does not hold the conversation back, and is kept", async () => {
    engine.mood = { status: 422 };
    const hold = await openLive("c1", "r1", "opus");
    const count = await record(hold, "c1", "opus", beeps(SPEECH, 2), { first: 0, ms: T0 });
    const nowMs = Date.now();
    await admitConversation(world.db, { userId: USER, conversationId: "c1", trigger: "stop", force: true, nowMs });
    await world.start(engine.url, fastClock(5));
    await waitFor("the last attempt", async () => (await repairs())[0]?.state === "dead_letter", 60_000);
    expect(await listJobs(world.db, { userId: USER, kinds: ["finalization"], limit: 5 })).toMatchObject([
      { state: "queued" },
    ]);
    expect((await loadChunks(world.db, USER, "r1", 0, count)).length).toBeGreaterThan(0);
  });

  test.each<[string, () => Promise<unknown>]>([
    ["whose chunks are gone", () => world.db.deleteFrom("audio_chunks").execute()],
    [
      "whose conversation was deleted",
      () => deleteConversation(world.db, USER, "c1", { cascade: true, nowMs: Date.now() }),
    ],
  ])("one %s is done", async (_, lose) => {
    const hold = await openLive("c1", "r1", "pcm16");
    await record(hold, "c1", "pcm16", beeps(SPEECH, 4), { first: 0, ms: T0 });
    await abandon();
    await lose();
    await world.start(engine.url);
    expect(await repaired()).toMatchObject([{ state: "completed", result: { segments: 0 } }]);
  });

  test("a run that is repeated writes each word once", async () => {
    const hold = await openLive("c1", "r1", "opus");
    await record(hold, "c1", "opus", beeps(SPEECH, 4), { first: 0, ms: T0 });
    await abandon();
    await world.start(engine.url);
    await repaired();
    const again = { state: "queued", completed_at: null };
    await world.db.updateTable("jobs").set(again).where("kind", "=", "repair").execute();
    await repaired();
    expect(engine.asked.count).toBe(2);
    expect(await world.spoken()).toMatchObject([{ words: words(SPEECH) }]);
  });
});

describe("sweeps", () => {
  test("a conversation without a session is ended when its silence runs out", async () => {
    const now = Date.now();
    const hold = await openLive("quiet", "r1", "pcm16", now - 600_000);
    await record(hold, "quiet", "pcm16", beeps(SPEECH, 4), { first: 0, ms: now - 600_000 });
    await openLive("young", "r2", "pcm16", now);
    await world.start(engine.url);
    await waitFor("the quiet one to be processed", async () => {
      const [job] = await listJobs(world.db, { userId: USER, kinds: ["finalization"], limit: 5 });
      return job?.conversationId === "quiet" && job.state === "queued";
    });
    const spoken = await world.spoken();
    expect(spoken.find(({ id }) => id === "quiet")?.words).toEqual(words(SPEECH));
    expect(await findConversation(world.db, USER, "young")).toMatchObject({ status: "in_progress" });
  });

  test("audio of a gateway that died is found without anybody asking", async () => {
    const now = Date.now();
    const hold = await openLive("c1", "r1", "pcm16", now - 40_000);
    await record(hold, "c1", "pcm16", beeps(SPEECH, 4), { first: 0, ms: now - 40_000 });
    await world.start(engine.url);
    await repaired();
    expect(await world.spoken()).toMatchObject([{ id: "c1", words: words(SPEECH) }]);
  });

  const sweepDeps = (blobs: BlobStore = world.blobs) => ({
    db: world.db,
    blobs,
    config: parseConfig({}),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  const going = new AbortController().signal;

  test("jobs past their retention go with their bytes; one that cannot go stops no other", async () => {
    const noise = { ...(await binFile("pcm16", beeps(SPEECH, 4), T0)), bytes: Uint8Array.of(9, 9) };
    const ids: string[] = [];
    await world.start(engine.url);
    for (let i = 0; i < 3; i++) {
      const id = await world.upload([{ ...noise, name: noise.name.replace("test", `test${i}`) }]);
      expect(await world.ended(id)).toMatchObject({ state: "failed" });
      ids.push(id);
    }
    const [stuck, old, young] = ids as [string, string, string];
    const eightDaysAgo = new Date(Date.now() - 8 * 86_400_000);
    await world.db.updateTable("jobs").set({ completed_at: eightDaysAgo }).where("id", "!=", young).execute();
    const blobs: BlobStore = {
      ...world.blobs,
      async removeAll(prefix) {
        if (prefix === uploadFolder(stuck)) throw new Error("stuck");
        await world.blobs.removeAll(prefix);
      },
    };
    await sweepExpired(sweepDeps(blobs), going);
    const left = await listJobs(world.db, { userId: USER, kinds: ["sync"], limit: 10 });
    expect(left.map(({ id }) => id).sort()).toEqual([stuck, young].sort());
    const kept = (id: string): boolean => existsSync(join(world.blobRoot, "objects", uploadFolder(id)));
    expect([stuck, old, young].map(kept)).toEqual([true, false, true]);
  });

  test("live audio goes when its conversation is completed, not before", async () => {
    const hold = await openLive("c1", "r1", "pcm16");
    const count = await record(hold, "c1", "pcm16", beeps(SPEECH, 2), { first: 0, ms: T0 });
    const chunks = async () => (await loadChunks(world.db, USER, "r1", 0, count)).length;
    await abandon();
    await world.start(engine.url);
    await repaired();
    await sweepTranscribed(sweepDeps(), going);
    expect(await chunks()).toBeGreaterThan(0);
    await world.db.updateTable("conversations").set({ status: "completed" }).where("id", "=", "c1").execute();
    await sweepTranscribed(sweepDeps(), going);
    expect(await chunks()).toBe(0);
  });
});
