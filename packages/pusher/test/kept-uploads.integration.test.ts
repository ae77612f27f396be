/**
 * Keeping the sound of uploads: real recordings in a real blob folder, a real database, the real decoder and exporter. Every
 * second is a tone of its own, so that what is kept can be told second by second.
 */
import { writeFrames } from "@holdfast/contract";
import {
  appendChunk,
  completedUploads,
  deleteConversation,
  failUpload,
  findExpiredJobs,
  findJob,
  freeTranscribedAudio,
  hasRecording,
  isExportPending,
  isSoundWanted,
  listJobs,
  loadConversation,
  openRecording,
  requestPcm,
  setPrivateCloudSync,
} from "@holdfast/store";
import { startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Cleanup, cleanUp, pusher, spoken, USER, untilCompleted } from "./harness.ts";
import { type KeptWorld, openKeptWorld } from "./kept-world.ts";
import { said } from "./said.ts";
import { opusMessages, tones, upload } from "./uploaded.ts";

const cleanup: Cleanup = [];
let server: TestServer;
let world: KeptWorld;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  world = await openKeptWorld(server, cleanup);
});
afterEach(async () => {
  await cleanUp(cleanup);
});

/** A live conversation of four seconds with its sound, summarised; with a pusher at work also exported. */
async function live(id: string, hundreds: readonly number[]): Promise<void> {
  const messages = await opusMessages(tones(hundreds));
  const nowMs = Date.now();
  const format = { codec: "opus_fs320", sampleRate: 16_000, language: "en" };
  const hold = await openRecording(world.db, { userId: USER, id: `r-${id}`, ...format, nowMs, leaseMs: 20_000 });
  await appendChunk(
    world.db,
    {
      ...{ userId: USER, sessionId: `r-${id}`, epoch: hold.epoch, conversationId: id, firstMessage: 0 },
      ...{ codec: "opus_fs320", sampleRate: 16_000, layout: "linear8", channels: 1, payload: writeFrames(messages) },
      ...{ messageCount: messages.length, durationMs: messages.length * 20, capturedAtMs: nowMs - 60_000 },
    },
    { nowMs, leaseMs: 20_000 },
  );
  await world.db
    .updateTable("recording_sessions")
    .set((eb) => ({ transcribed_messages: eb.ref("durable_messages"), lease_until: null }))
    .execute();
  await spoken(world.db, id, said("Ask not what your country can do for you."), { force: true });
}

describe("a batch alone", () => {
  it("is kept by conversation: words, the pauses between them, and nothing else", async () => {
    const batch = await upload(world.db, world.blobs, [
      { atMs: world.t0, hundreds: [3, 4, 5, 6, 7, 8] },
      { atMs: world.t0 + 6_000, hundreds: [9, 10, 11, 12], as: "pcm16" },
      { atMs: world.t0 + 3_600_000, hundreds: [13, 14] },
    ]);
    const { created } = await batch.hear(0, [0, 2], "How are you?");
    await batch.hear(0, [2, 4], "");
    await batch.hear(0, [4, 6], "Fine, and you?");
    await batch.hear(1, [0, 3], "So am I.");
    await batch.hear(1, [3, 4], "");
    const other = await batch.hear(2, [0, 2], "Something else.");
    expect(await listJobs(world.db, { kinds: ["audio_export"], limit: 5 })).toEqual([]);
    await batch.end();
    const [a, b] = [created[0] ?? "", other.created[0] ?? ""];
    const planned = await listJobs(world.db, { kinds: ["audio_export"], limit: 5 });
    expect(new Set(planned.map(({ conversationId }) => conversationId))).toEqual(new Set([a, b]));
    expect(await hasRecording(world.db, USER, a)).toBe(true);

    await world.work(await world.claimExport());
    expect(await world.bytesOf(batch.job.id)).toHaveLength(3);
    expect(await completedUploads(world.db, [batch.job.id])).toEqual([]);
    await world.work(await world.claimExport());
    expect(await world.bytesOf(batch.job.id)).toEqual([]);
    expect(await completedUploads(world.db, [batch.job.id])).toEqual([batch.job.id]);
    expect(await world.heardIn(a)).toEqual([[3, 4, 5, 6, 7, 8, 9, 10, 11]]);
    expect(await world.startsOf(a)).toEqual([0]);
    expect(await world.heardIn(b)).toEqual([[13, 14]]);
    const [file] = await world.files(a);
    expect(await loadConversation(world.db, USER, a)).toMatchObject({
      audio_files: [{ id: file?.id, duration: 9, captured_duration: 9, started_at: new Date(world.t0).toISOString() }],
      conversation_audio: { duration: 9, spans: [{ file_id: file?.id, wall_offset: 0, artifact_offset: 0, len: 9 }] },
    });
    expect(await world.db.selectFrom("pieces_to_keep").select("job_id").execute()).toEqual([]);
  });

  it("of sound files is kept too", async () => {
    const batch = await upload(world.db, world.blobs, [{ atMs: world.t0, hundreds: [3, 4, 5, 6, 7], as: "wav" }]);
    const { created } = await batch.hear(0, [1, 4], "In the middle.");
    await batch.end();
    await world.exportAll();
    expect(await world.heardIn(created[0] ?? "")).toEqual([[4, 5, 6]]);
    expect(await world.startsOf(created[0] ?? "")).toEqual([1]);
  });

  it("that brings what was there already is not kept twice", async () => {
    const first = await upload(world.db, world.blobs, [{ atMs: world.t0, hundreds: [3, 4] }]);
    const { created } = await first.hear(0, [0, 2], "Said once.", { id: "p" });
    await first.end();
    const again = await upload(world.db, world.blobs, [{ atMs: world.t0, hundreds: [3, 4, 5, 6] }]);
    await again.hear(0, [0, 2], "Said once.", { id: "p" });
    await again.hear(0, [0, 2], "Said once.", { id: "the same words, cut elsewhere" });
    await again.hear(0, [2, 4], "And more.");
    await again.end();
    await world.exportAll();
    expect(await world.heardIn(created[0] ?? "")).toEqual([
      [3, 4],
      [5, 6],
    ]);
  });

  it("is not kept where the user keeps no sound when it ends", async () => {
    const batch = await upload(world.db, world.blobs, [{ atMs: world.t0, hundreds: [3, 4] }]);
    const { created } = await batch.hear(0, [0, 2], "Forget me.");
    expect(await isSoundWanted(world.db, USER, batch.job.id)).toBe(true);
    await setPrivateCloudSync(world.db, USER, false, Date.now());
    await batch.end();
    expect(await isSoundWanted(world.db, USER, batch.job.id)).toBe(false);
    expect(await listJobs(world.db, { kinds: ["audio_export"], limit: 5 })).toEqual([]);
    expect(await isExportPending(world.db, USER, created[0] ?? "")).toBe(false);
    expect((await loadConversation(world.db, USER, created[0] ?? ""))?.conversation_audio).toBeNull();
  });

  it("that failed in the end keeps the sound of what it brought, and its bytes as long as that takes", async () => {
    const batch = await upload(world.db, world.blobs, [{ atMs: world.t0, hundreds: [3, 4] }]);
    const { created } = await batch.hear(0, [0, 1], "As far as it came.");
    const failure = { class: "permanent_input", code: "sync_invalid_audio", message: "no more" } as const;
    expect(await failUpload(world.db, batch.job, created, failure, Date.now(), 0.5)).toBe("failed");
    const expired = async () => (await findExpiredJobs(world.db, Date.now() + 1, 10)).map(({ id }) => id);
    expect(await expired()).not.toContain(batch.job.id);
    await world.exportAll();
    expect(await world.heardIn(created[0] ?? "")).toEqual([[3]]);
    expect(await world.bytesOf(batch.job.id)).toHaveLength(1);
    expect(await expired()).toContain(batch.job.id);
  });
});

describe("a live conversation", () => {
  it("that a batch joins after its own sound was kept and freed has both, by the time of their capture", async () => {
    const process = await pusher(cleanup, world.db, {}, 0, world.blobs);
    await live("c1", [3, 4, 5, 6]);
    await untilCompleted(world.db, "c1");
    const [kept] = await waitFor("the export", async () =>
      (await world.files("c1")).length === 1 ? world.files("c1") : undefined,
    );
    await process.close();
    expect(await freeTranscribedAudio(world.db, 1_000)).toBeGreaterThan(0);

    const liveAtMs = kept?.startedAtMs ?? 0;
    const batch = await upload(world.db, world.blobs, [
      { atMs: liveAtMs - 300_000, hundreds: [7, 8] },
      { atMs: liveAtMs + 300_000, hundreds: [9, 10, 11] },
    ]);
    await batch.hear(0, [0, 2], "What the network lost before.", { conversationId: "c1" });
    await batch.hear(1, [0, 3], "And what it lost behind.", { conversationId: "c1" });
    await batch.end();
    await pusher(cleanup, world.db, {}, 0, world.blobs);
    await waitFor("the sound of the batch", async () => (await world.files("c1")).length === 3);
    expect((await world.files("c1")).map(({ ordinal }) => ordinal)).toEqual([0, 1, 2]);
    expect(await world.heardIn("c1")).toEqual([
      [7, 8],
      [3, 4, 5, 6],
      [9, 10, 11],
    ]);
    expect((await world.files("c1"))[1]).toMatchObject({ id: kept?.id, blobKey: kept?.blobKey });
    const conversation = await untilCompleted(world.db, "c1");
    expect(conversation.conversation_audio).toMatchObject({
      spans: [{ artifact_offset: 0 }, { artifact_offset: 2, file_id: kept?.id }, { artifact_offset: 6 }],
    });
    await waitFor("the bytes of the batch to go", async () => (await world.bytesOf(batch.job.id)).length === 0);
    expect(await listJobs(world.db, { kinds: ["audio_export"], limit: 5 })).toHaveLength(2);
  });

  it("whose own export comes after that of a batch loses nothing by it, nor keeps its sound waiting", async () => {
    await pusher(cleanup, world.db, {}, 0);
    await live("c1", [3, 4]);
    await untilCompleted(world.db, "c1");
    const liveExport = await world.claimExport();
    const batch = await upload(world.db, world.blobs, [{ atMs: world.t0, hundreds: [7] }]);
    await batch.hear(0, [0, 1], "Hours before.", { conversationId: "c1" });
    await batch.end();
    const uploadExport = await world.claimExport();
    await untilCompleted(world.db, "c1");
    expect(await freeTranscribedAudio(world.db, 1_000)).toBe(0);
    await world.work(liveExport);
    expect(await freeTranscribedAudio(world.db, 1_000)).toBeGreaterThan(0);
    await world.work(uploadExport);
    expect(await world.heardIn("c1")).toEqual([[7], [3, 4]]);
  });
});

describe("two conversations that become one", () => {
  it("have one sound: what was kept, what waited, and what was being kept at that moment", async () => {
    const first = await world.simple(0, [3, 4]);
    await world.exportAll();
    const second = await world.simple(200, [5, 6]);
    await world.exportAll();
    const third = await world.simple(204, [7]);
    const fourth = await world.simple(207, [8]);
    expect(new Set([second.id, third.id, fourth.id])).toEqual(new Set([second.id]));
    expect(second.id).not.toBe(first.id);
    const [waits, atWork] = [await world.claimExport(), await world.claimExport()];
    await requestPcm(world.db, { userId: USER, conversationId: second.id, nowMs: Date.now() });
    let bridge: Awaited<ReturnType<typeof world.simple>> | undefined;
    await world.work(atWork, {
      async commit(staged, key) {
        await world.blobs.commit(staged, key);
        bridge ??= await world.simple(100, [9]);
      },
    });
    expect(bridge?.id).toBe(first.id);
    expect(await findJob(world.db, USER, waits.id)).toMatchObject({ state: "leased", conversationId: first.id });
    expect(await isExportPending(world.db, USER, first.id)).toBe(true);
    expect(await world.files(second.id)).toEqual([]);
    await world.work(waits);
    await world.exportAll();
    expect(await world.heardIn(first.id)).toEqual([[3, 4], [9], [5, 6], [7], [8]]);
    expect(await world.startsOf(first.id)).toEqual([0, 100, 200, 204, 207]);
    expect((await loadConversation(world.db, USER, first.id))?.conversation_audio).toMatchObject({
      duration: 7,
      spans: [0, 2, 3, 5, 6].map((artifact_offset) => ({ artifact_offset })),
    });
    expect(await world.stored("uploads")).toEqual([]);

    // Samples that somebody asked for under the old name are made for the new one.
    await requestPcm(world.db, { userId: USER, conversationId: first.id, nowMs: Date.now() });
    await pusher(cleanup, world.db, {}, 0, world.blobs);
    await waitFor("the samples", async () =>
      (await world.files(first.id)).every(({ pcmState }) => pcmState === "ready"),
    );
    expect((await world.stored("audio")).sort()).toHaveLength(10);
    await deleteConversation(world.db, USER, first.id, { cascade: true, nowMs: Date.now() });
    await waitFor("the bytes to go", async () => (await world.stored("audio")).length === 0);
  });
});
