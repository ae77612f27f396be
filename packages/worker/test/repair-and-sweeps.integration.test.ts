/** Gap repair and what time alone must move, on a real database; the engine hears tones. */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { parseConfig, type Segment } from "@holdfast/contract";
import { silentLog } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import {
  admitConversation,
  type BlobStore,
  commitSegments,
  deleteConversation,
  findConversation,
  listJobs,
  loadChunks,
  uploadFolder,
} from "@holdfast/store";
import { fastClock, startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sweepOrphanedBytes, sweepOrphans } from "../src/sweeps/orphans.ts";
import { sweepAbandoned, sweepExpired, sweepSilent, sweepTranscribed } from "../src/sweeps/sweeps.ts";
import { abandon, openLive, record } from "./support/live.ts";
import { type Beep, type BinCodec, beeps, binFile, words } from "./support/sounds.ts";
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
const repairs = () => listJobs(world.db, { userId: USER, kinds: ["repair"], limit: 10 });
const repaired = () =>
  waitFor("the end of the repair", async () => {
    const jobs = await repairs();
    return jobs.length > 0 && jobs.every((job) => job.completedMs !== null) ? jobs : undefined;
  });

describe("gap repair", () => {
  test.each<BinCodec>(["opus", "opus_fs320", "pcm16", "pcm8"])("turns abandoned %s into words", async (codec) => {
    const hold = await openLive(world.db, "c1", "r1", codec);
    await record(world.db, hold, "c1", codec, beeps(SPEECH, 4), { first: 0, ms: T0 });
    expect(await abandon(world.db)).toBe(1);
    await world.start(engine.url);
    expect(await repaired()).toMatchObject([{ state: "completed", result: { segments: 2 }, attempts: 0 }]);
    const [conversation] = await world.spoken();
    expect(conversation).toMatchObject({ id: "c1", words: words(SPEECH) });
    expect(Math.abs((conversation?.startMs ?? 0) - T0 - 500)).toBeLessThan(60);
    expect(Math.abs((conversation?.starts[1] ?? 0) - 1.5)).toBeLessThan(0.06);
  });

  test("a finalisation that waited for it goes on", async () => {
    const hold = await openLive(world.db, "c1", "r1", "opus");
    await record(world.db, hold, "c1", "opus", beeps(SPEECH, 4), { first: 0, ms: T0 });
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
    const hold = await openLive(world.db, "c1", "r1", "pcm16");
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
    const next = await record(world.db, hold, "c1", "pcm16", beeps([], 1), { first: 0, ms: T0 });
    const watermark = { transcribedMessages: next };
    const commit = { hold, conversationId: "c1", upserts: [before], deletedIds: [], watermark };
    await commitSegments(world.db, { ...commit, startedAtMs: T0, nowMs: T0 });
    const paused = await record(world.db, hold, "c1", "pcm16", beeps([{ at: 1, hz: 600 }], 2), {
      first: next,
      ms: T0 + 1_000,
    });
    await record(world.db, hold, "c1", "pcm16", beeps([{ at: 1, hz: 800 }], 2), { first: paused, ms: T0 + 60_000 });
    await abandon(world.db);
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
    const hold = await openLive(world.db, "c1", "r1", "opus");
    await record(world.db, hold, "c1", "opus", beeps(SPEECH, 4), { first: 0, ms: T0 });
    await abandon(world.db);
    await world.start(engine.url, fastClock(5));
    expect(await repaired()).toMatchObject([{ state: "completed", attempts: 0, tries: 2 }]);
    expect(await world.spoken()).toMatchObject([{ words: words(SPEECH) }]);
  });

  test("audio that an engine refuses for good does not hold the conversation back, and is kept", async () => {
    engine.mood = { status: 422 };
    const hold = await openLive(world.db, "c1", "r1", "opus");
    const count = await record(world.db, hold, "c1", "opus", beeps(SPEECH, 2), { first: 0, ms: T0 });
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
    const hold = await openLive(world.db, "c1", "r1", "pcm16");
    await record(world.db, hold, "c1", "pcm16", beeps(SPEECH, 4), { first: 0, ms: T0 });
    await abandon(world.db);
    await lose();
    await world.start(engine.url);
    expect(await repaired()).toMatchObject([{ state: "completed", result: { segments: 0 } }]);
  });

  test("one that is taken over goes on behind the last stored piece, over pauses and pages of messages", async () => {
    const long = Array.from({ length: 130 }, (_, i) => ({ at: i, hz: 300 + 100 * (i % 20) }));
    engine.mood = (question) => (question === 1 || question === 3 ? { status: 503 } : "hear");
    const hold = await openLive(world.db, "c1", "r1", "pcm8");
    const paused = await record(world.db, hold, "c1", "pcm8", beeps(long, 130), { first: 0, ms: T0 });
    await record(world.db, hold, "c1", "pcm8", beeps(SPEECH, 4), { first: paused, ms: T0 + 300_000 });
    await abandon(world.db);
    await world.start(engine.url, fastClock(5));
    const ended = await repaired();
    expect(ended).toMatchObject([{ state: "completed", result: { segments: 132 }, attempts: 0, tries: 2 }]);
    expect(ended).toMatchObject([{ progress: { from_message: paused, segments: 132 } }]);
    expect(engine.asked.count).toBe(5);
    expect(await world.spoken()).toMatchObject([{ words: [...words(long), ...words(SPEECH)] }]);
  });

  test("a run that is repeated as a whole writes each word once", async () => {
    const hold = await openLive(world.db, "c1", "r1", "opus");
    await record(world.db, hold, "c1", "opus", beeps(SPEECH, 4), { first: 0, ms: T0 });
    await abandon(world.db);
    await world.start(engine.url);
    await repaired();
    const again = { state: "queued", completed_at: null, progress: null };
    await world.db.updateTable("jobs").set(again).where("kind", "=", "repair").execute();
    await repaired();
    expect(engine.asked.count).toBe(2);
    expect(await world.spoken()).toMatchObject([{ words: words(SPEECH) }]);
  });
});

describe("sweeps", () => {
  test("a conversation without a session is ended when its silence runs out", async () => {
    const now = Date.now();
    const hold = await openLive(world.db, "quiet", "r1", "pcm16", now - 600_000);
    await record(world.db, hold, "quiet", "pcm16", beeps(SPEECH, 4), { first: 0, ms: now - 600_000 });
    await openLive(world.db, "young", "r2", "pcm16", now);
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
    const hold = await openLive(world.db, "c1", "r1", "pcm16", now - 40_000);
    await record(world.db, hold, "c1", "pcm16", beeps(SPEECH, 4), { first: 0, ms: now - 40_000 });
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

  test("bytes whose gateway died before it wrote the job go after an hour; those of jobs and of the last hour stay", async () => {
    const file = await binFile("pcm16", beeps(SPEECH, 1), T0);
    const accepted = await world.upload([file]);
    const [crashed, recent] = [randomUUID(), randomUUID()];
    for (const id of [crashed, recent]) {
      const staged = await world.blobs.stage(Readable.from([Buffer.from(file.bytes)]), { maxBytes: 1e9 });
      await world.blobs.commit(staged, `${uploadFolder(id)}/0`);
    }
    const folderOf = (id: string): string => join(world.blobRoot, "objects", uploadFolder(id));
    const twoHoursAgo = new Date(Date.now() - 7_200_000);
    for (const id of [accepted, crashed]) await utimes(folderOf(id), twoHoursAgo, twoHoursAgo);
    const kept = () => [accepted, crashed, recent].map((id) => existsSync(folderOf(id)));
    const stuck: BlobStore = { ...world.blobs, removeAll: () => Promise.reject(new Error("stuck")) };
    await sweepOrphanedBytes(sweepDeps(stuck), going);
    expect(kept()).toEqual([true, true, true]);
    await sweepOrphanedBytes(sweepDeps(), going);
    expect(kept()).toEqual([true, false, true]);
    expect(await world.blobs.read(`${uploadFolder(accepted)}/0`)).toHaveLength(file.bytes.length);
  });

  test("bytes of a completed job whose worker died before it removed them go at once; those of other jobs stay", async () => {
    const file = await binFile("pcm16", beeps(SPEECH, 1), T0);
    const ids: string[] = [];
    for (const state of ["completed", "partial_failure", "failed", "queued"]) {
      const id = await world.upload([{ ...file, name: file.name.replace("test", state.replace("_", "")) }]);
      await world.db.updateTable("jobs").set({ state }).where("id", "=", id).execute();
      ids.push(id);
    }
    await sweepOrphanedBytes(sweepDeps(), going);
    const kept = ids.map((id) => existsSync(join(world.blobRoot, "objects", uploadFolder(id))));
    expect(kept).toEqual([false, true, true, true]);
  });

  test("a row that fails stops no other: silent, abandoned, orphaned", async () => {
    const { db } = world;
    for (const id of ["bad", "good"]) {
      const hold = await openLive(db, id, `r-${id}`, "pcm16");
      await record(db, hold, id, "pcm16", beeps(SPEECH, 1), { first: 0, ms: T0 });
    }
    await sql`create function refuse() returns trigger language plpgsql as
      $$ begin if new.conversation_id = 'bad' then raise exception 'bad row'; end if; return new; end $$`.execute(db);
    await sql`create trigger refusing before insert on jobs for each row execute function refuse()`.execute(db);
    const left = async () => {
      const rows = await db.selectFrom("recording_sessions").selectAll().orderBy("id").execute();
      return rows.filter((row) => row.transcribed_messages < row.durable_messages).map((row) => row.id);
    };
    const statuses = async () => {
      const rows = await db.selectFrom("conversations").select(["id", "status"]).orderBy("id").execute();
      return rows.map((row) => `${row.id} ${row.status}`);
    };
    expect(await left()).toEqual(["r-bad", "r-good"]);
    await sweepAbandoned(sweepDeps(), going);
    expect(await left()).toEqual(["r-bad"]);
    await sweepSilent(sweepDeps(), going);
    expect(await statuses()).toEqual(["bad in_progress", "good processing"]);
    await db.deleteFrom("jobs").execute();
    const old = { status: "processing", updated_at: new Date(Date.now() - 3_600_000) };
    await db.updateTable("conversations").set(old).execute();
    await sweepOrphans(sweepDeps(), going);
    expect(await listJobs(db, { limit: 9 })).toMatchObject([{ conversationId: "good", state: "queued" }]);
  });

  test("live audio goes when its conversation is completed, not before", async () => {
    const hold = await openLive(world.db, "c1", "r1", "pcm16");
    const count = await record(world.db, hold, "c1", "pcm16", beeps(SPEECH, 2), { first: 0, ms: T0 });
    const chunks = async () => (await loadChunks(world.db, USER, "r1", 0, count)).length;
    await abandon(world.db);
    await world.start(engine.url);
    await repaired();
    await sweepTranscribed(sweepDeps(), going);
    expect(await chunks()).toBeGreaterThan(0);
    await world.db.updateTable("conversations").set({ status: "completed" }).where("id", "=", "c1").execute();
    await sweepTranscribed(sweepDeps(), going);
    expect(await chunks()).toBe(0);
  });
});
