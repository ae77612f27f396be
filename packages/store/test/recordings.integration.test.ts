/** Live audio: durable once, fenced, transcribed or handed over, never both. On a real PostgreSQL. */
import { writeFrames } from "@holdfast/contract";
import {
  type AudioChunk,
  admitConversation,
  advanceWatermark,
  appendChunk,
  appendChunks,
  claimJob,
  commitRepair,
  commitSegments,
  completeRepair,
  type Db,
  findAbandonedRecordings,
  findJob,
  freeTranscribedAudio,
  handOverGap,
  handOverRecording,
  listJobs,
  loadChunks,
  loadConversation,
  releaseRecording,
  transcribedMessages,
} from "@holdfast/store";
import { startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { chunk, openConversation, recording, segment, T0, USER } from "./seed.ts";

let server: TestServer;
let db: Db;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  const database = await server.database();
  db = database.db;
  await openConversation(db, "c1");
  return async () => await db.destroy();
});

const commit = async (hold: Awaited<ReturnType<typeof recording>>, over: object = {}) => {
  const { outcome } = await commitSegments(db, {
    hold,
    conversationId: "c1",
    upserts: [segment("s1", "Hello.", 0, 1)],
    deletedIds: [],
    watermark: { transcribedMessages: 50 },
    startedAtMs: T0 + 500,
    nowMs: T0 + 2_000,
    ...over,
  });
  return outcome;
};

const part = (spokenFromMs: number, segmentsAt: (startedAtMs: number) => ReturnType<typeof segment>[]) => ({
  spokenFromMs,
  segmentsAt,
  progress: { done: 1 },
  nowMs: T0 + 3_000,
});

/** What the sweep does; returns how many sessions it handed over. */
async function handOver(nowMs: number): Promise<number> {
  const rows = await findAbandonedRecordings(db, nowMs - 10_000, 10);
  const handed = await Promise.all(rows.map((row) => handOverRecording(db, row, nowMs - 10_000, nowMs)));
  return handed.filter(Boolean).length;
}

describe("audio chunks", () => {
  it("are stored once, also when the answer was lost and the write is repeated", async () => {
    const hold = await recording(db);
    expect(await chunk(db, hold, "c1", 0, 50)).toBe("stored");
    expect(await chunk(db, hold, "c1", 0, 50)).toBe("stored");
    expect(await chunk(db, hold, "c1", 50, 10)).toBe("stored");
    const chunks = await loadChunks(db, USER, "r1", 0, 1_000);
    expect(chunks.flatMap((item) => item.messages.map((message) => message[1]))).toEqual([...Array(60).keys()]);
  });

  it("are refused to a socket whose recording another one took over", async () => {
    const old = await recording(db);
    await chunk(db, old, "c1", 0, 50);
    const current = await recording(db);
    expect(current).toMatchObject({ epoch: 2, durableMessages: 50 });
    expect(await chunk(db, old, "c1", 50, 10)).toBe("fenced");
    expect(await chunk(db, current, "c1", 50, 10)).toBe("stored");
  });

  it("come back cut to the message, with the time of that message", async () => {
    const hold = await recording(db);
    await chunk(db, hold, "c1", 0, 50);
    const [cut] = await loadChunks(db, USER, "r1", 10, 40);
    expect(cut).toMatchObject({ firstMessage: 10, messageCount: 30, capturedAtMs: T0 + 200 });
  });
});

describe("words", () => {
  it("move the watermark in the same commit and set the start with the first word", async () => {
    const hold = await recording(db);
    await chunk(db, hold, "c1", 0, 50);
    expect(await commit(hold)).toBe("stored");
    expect(await transcribedMessages(db, hold)).toBe(50);
    const conversation = await loadConversation(db, USER, "c1");
    expect(conversation).toMatchObject({
      started_at: new Date(T0 + 500).toISOString(),
      finished_at: new Date(T0 + 2_000).toISOString(),
      transcript_segments: [{ id: "s1", text: "Hello." }],
    });
  });

  it("never move it beyond what is durable, nor backwards", async () => {
    const hold = await recording(db);
    await chunk(db, hold, "c1", 0, 50);
    await advanceWatermark(db, hold, { transcribedMessages: 80 });
    expect(await transcribedMessages(db, hold)).toBe(50);
    await advanceWatermark(db, hold, { transcribedMessages: 20 });
    expect(await transcribedMessages(db, hold)).toBe(50);
  });

  it("are refused with nothing written: another socket owns the recording, or the conversation is over", async () => {
    const old = await recording(db);
    await chunk(db, old, "c1", 0, 50);
    const current = await recording(db);
    expect(await commit(old)).toBe("fenced");
    await commit(current);
    await admitConversation(db, {
      userId: USER,
      conversationId: "c1",
      trigger: "stop",
      force: true,
      ownSessionId: "r1",
      nowMs: T0,
    });
    expect(await commit(current, { upserts: [segment("s2", "Late.", 2, 3)] })).toBe("closed");
    expect((await loadConversation(db, USER, "c1"))?.transcript_segments).toHaveLength(1);
  });

  it("are stored once where only the answer was lost and the conversation was ended before the write was repeated", async () => {
    const hold = await recording(db);
    await chunk(db, hold, "c1", 0, 50);
    expect(await commit(hold)).toBe("stored");
    const end = { userId: USER, conversationId: "c1", trigger: "stop", force: true, ownSessionId: "r1" } as const;
    await admitConversation(db, { ...end, nowMs: T0 });
    expect(await commit(hold)).toBe("stored");
    // The same segment, grown: that is new.
    expect(await commit(hold, { upserts: [segment("s1", "Hello. There.", 0, 2)] })).toBe("closed");
    expect((await loadConversation(db, USER, "c1"))?.transcript_segments.map(({ text }) => text)).toEqual(["Hello."]);
  });
});

describe("audio whose gateway died", () => {
  it("becomes a repair after its lease ran out, not before, and its old owner is fenced", async () => {
    const hold = await recording(db);
    await chunk(db, hold, "c1", 0, 50);
    expect(await handOver(T0 + 20_000)).toBe(0);
    expect(await handOver(T0 + 30_000)).toBe(1);
    const [job] = await listJobs(db, { kinds: ["repair"], limit: 5 });
    expect(job).toMatchObject({
      conversationId: "c1",
      payload: { recording_session_id: "r1", from_message: 0, to_message: 50 },
    });
    expect(await transcribedMessages(db, hold)).toBe(50);
    expect(await commit(hold)).toBe("fenced");
    expect(await handOver(T0 + 60_000)).toBe(0);
  });

  it("makes one repair per conversation in the stretch", async () => {
    await openConversation(db, "c2");
    const hold = await recording(db);
    await chunk(db, hold, "c1", 0, 50);
    await chunk(db, hold, "c2", 50, 50);
    await advanceWatermark(db, hold, { transcribedMessages: 20 });
    await handOver(T0 + 60_000);
    const jobs = await listJobs(db, { kinds: ["repair"], limit: 5 });
    const ranges = jobs.map((job) => [job.conversationId, job.payload.from_message, job.payload.to_message]);
    expect(ranges.sort()).toEqual([
      ["c1", 20, 50],
      ["c2", 50, 100],
    ]);
  });

  it("blocks the end of its conversation until its words are there, then lets it go on", async () => {
    const hold = await recording(db);
    await chunk(db, hold, "c1", 0, 50);
    await releaseRecording(db, hold, T0);
    const end = { userId: USER, conversationId: "c1", trigger: "sweep", force: false, nowMs: T0 + 1_000 } as const;
    const admitted = await admitConversation(db, end);
    expect(admitted).toMatchObject({ outcome: "admitted", ticket: { state: "blocked" } });
    expect(await loadConversation(db, USER, "c1")).toMatchObject({
      status: "processing",
      state_reason: "awaiting_transcription",
    });
    expect(await claimJob(db, ["finalization"], { owner: "p", nowMs: T0 + 2_000, leaseMs: 15_000 })).toBeUndefined();
    const repair = await claimJob(db, ["repair"], { owner: "w", nowMs: T0 + 2_000, leaseMs: 15_000 });
    if (repair === undefined) throw new Error("no repair");
    const words = (startedAtMs: number) => [segment("r", "Repaired.", (T0 + 300 - startedAtMs) / 1000, 1)];
    expect(await commitRepair(db, repair, part(T0 + 300, words))).toBe(true);
    expect(await claimJob(db, ["finalization"], { owner: "p", nowMs: T0 + 3_000, leaseMs: 15_000 })).toBeUndefined();
    expect(await completeRepair(db, repair, 1, T0 + 3_000)).toBe(true);
    const conversation = await loadConversation(db, USER, "c1");
    expect(conversation?.transcript_segments).toMatchObject([{ text: "Repaired.", start: 0 }]);
    expect(await claimJob(db, ["finalization"], { owner: "p", nowMs: T0 + 3_000, leaseMs: 15_000 })).toBeDefined();
  });

  it("moves the start of a conversation back for repaired words that came before it, and nothing else with it", async () => {
    const hold = await recording(db);
    await chunk(db, hold, "c1", 0, 50);
    await handOver(T0 + 60_000);
    const next = await recording(db, "r1", T0 + 61_000);
    await chunk(db, next, "c1", 50, 50);
    await commit(next, { watermark: { transcribedMessages: 100 }, startedAtMs: T0 + 1_500 });
    const repair = await claimJob(db, ["repair"], { owner: "w", nowMs: T0 + 62_000, leaseMs: 15_000 });
    if (repair === undefined) throw new Error("no repair");
    const words = (startedAtMs: number) => [segment("r", "Before.", (T0 + 300 - startedAtMs) / 1000, 0.9)];
    await commitRepair(db, repair, part(T0 + 300, words));
    const conversation = await loadConversation(db, USER, "c1");
    expect(conversation?.started_at).toBe(new Date(T0 + 300).toISOString());
    expect(conversation?.transcript_segments.map((item) => [item.id, item.start])).toEqual([
      ["r", 0],
      ["s1", 1.2],
    ]);
  });

  it("writes a repair only while its lease is held", async () => {
    const hold = await recording(db);
    await chunk(db, hold, "c1", 0, 50);
    await handOver(T0 + 60_000);
    const first = await claimJob(db, ["repair"], { owner: "w1", nowMs: T0, leaseMs: 15_000 });
    expect(first).toBeUndefined();
    const early = await claimJob(db, ["repair"], { owner: "w1", nowMs: T0 + 60_000, leaseMs: 15_000 });
    const late = await claimJob(db, ["repair"], { owner: "w2", nowMs: T0 + 75_001, leaseMs: 15_000 });
    if (early === undefined || late === undefined) throw new Error("not claimed");
    expect(late.epoch).toBe(early.epoch + 1);
    const words = () => [segment("r", "Once.", 0, 1)];
    expect(await commitRepair(db, early, part(T0, words))).toBe(false);
    expect(await completeRepair(db, early, 1, T0)).toBe(false);
    expect((await findJob(db, USER, late.id))?.progress).toBeNull();
    expect(await commitRepair(db, late, part(T0, words))).toBe(true);
    expect(await completeRepair(db, late, 1, T0)).toBe(true);
    expect(await findJob(db, USER, late.id)).toMatchObject({ state: "completed", progress: { done: 1 } });
    expect((await loadConversation(db, USER, "c1"))?.transcript_segments).toHaveLength(1);
  });
});

describe("transcribed audio", () => {
  it("is freed when its conversation is completed, and not before", async () => {
    const hold = await recording(db);
    await chunk(db, hold, "c1", 0, 50);
    await commit(hold);
    expect(await freeTranscribedAudio(db, 100)).toBe(0);
    await db.updateTable("conversations").set({ status: "completed" }).execute();
    expect(await freeTranscribedAudio(db, 100)).toBe(1);
    expect(await loadChunks(db, USER, "r1", 0, 100)).toEqual([]);
  });

  it("is kept while it has no words yet", async () => {
    const hold = await recording(db);
    await chunk(db, hold, "c1", 0, 50);
    await db.updateTable("conversations").set({ status: "completed" }).execute();
    expect(await freeTranscribedAudio(db, 100)).toBe(0);
  });
});

describe("audio chunks of many recordings in one statement", () => {
  const chunkOf = (
    sessionId: string,
    epoch: number,
    firstMessage: number,
    messages: readonly number[],
  ): AudioChunk => ({
    userId: USER,
    sessionId,
    epoch,
    firstMessage,
    messageCount: messages.length,
    durationMs: messages.length * 20,
    capturedAtMs: T0 + firstMessage * 20,
    conversationId: "c1",
    codec: "opus",
    sampleRate: 16_000,
    layout: "linear8",
    channels: 1,
    payload: writeFrames(messages.map((byte) => Uint8Array.from([7, 7, byte]))),
  });
  const at = { nowMs: T0, leaseMs: 20_000 };
  const bytesOf = async (sessionId: string): Promise<number[]> =>
    (await loadChunks(db, USER, sessionId, 0, 1_000)).flatMap((one) => one.messages.map((message) => message[2] ?? -1));

  it("are each stored with their own bytes, once, also when the call is repeated", async () => {
    const holds = await Promise.all(["a", "b", "c"].map((id) => recording(db, id)));
    const chunks = holds.map((hold, index) => chunkOf(hold.id, hold.epoch, 0, [index, index + 10, index + 20]));
    expect(await appendChunks(db, chunks, at)).toEqual(["stored", "stored", "stored"]);
    expect(await appendChunks(db, chunks, at)).toEqual(["stored", "stored", "stored"]);
    expect(await Promise.all(["a", "b", "c"].map(bytesOf))).toEqual([
      [0, 10, 20],
      [1, 11, 21],
      [2, 12, 22],
    ]);
  });

  it("are judged one by one: fenced, out of place, unknown, and stored beside them", async () => {
    const old = await recording(db, "a");
    await recording(db, "a");
    const good = await recording(db, "b");
    const gap = await recording(db, "c");
    const outcomes = await appendChunks(
      db,
      [
        chunkOf("a", old.epoch, 0, [1]),
        chunkOf("b", good.epoch, 0, [2]),
        chunkOf("c", gap.epoch, 5, [3]),
        chunkOf("nobody", 1, 0, [4]),
      ],
      at,
    );
    expect(outcomes).toEqual(["fenced", "stored", "fenced", "fenced"]);
    expect(await Promise.all(["a", "b", "c"].map(bytesOf))).toEqual([[], [2], []]);
  });

  it("do not wait for a session row that somebody else holds", async () => {
    const [held, free] = [await recording(db, "a"), await recording(db, "b")];
    await db.transaction().execute(async (trx) => {
      await sql`select 1 from recording_sessions where user_id = ${USER} and id = 'a' for update`.execute(trx);
      const chunks = [chunkOf("a", held.epoch, 0, [1]), chunkOf("b", free.epoch, 0, [2])];
      expect(await appendChunks(db, chunks, at)).toEqual(["busy", "stored"]);
    });
    expect(await appendChunks(db, [chunkOf("a", held.epoch, 0, [1])], at)).toEqual(["stored"]);
    expect(await Promise.all(["a", "b"].map(bytesOf))).toEqual([[1], [2]]);
  });

  it("wait, one by one, for a row that is being changed, and are stored behind the change", async () => {
    const hold = await recording(db, "a");
    const late = Promise.withResolvers<"stored" | "fenced">();
    await db.transaction().execute(async (trx) => {
      await sql`update recording_sessions set language = 'de' where user_id = ${USER} and id = 'a'`.execute(trx);
      late.resolve(appendChunk(db, chunkOf("a", hold.epoch, 0, [5]), at));
      await waitFor("the append to wait for the row", async () => {
        const { rows } = await sql`select 1 from pg_locks where not granted`.execute(trx);
        return rows.length > 0;
      });
    });
    expect(await late.promise).toBe("stored");
    const row = await db.selectFrom("recording_sessions").selectAll().where("id", "=", "a").executeTakeFirstOrThrow();
    expect(row).toMatchObject({ language: "de", durable_messages: 1 });
    expect(await bytesOf("a")).toEqual([5]);
  });

  it("are refused, one by one, once the row they waited for has another holder", async () => {
    const hold = await recording(db, "a");
    const late = Promise.withResolvers<"stored" | "fenced">();
    await db.transaction().execute(async (trx) => {
      await sql`update recording_sessions set epoch = epoch + 1 where user_id = ${USER} and id = 'a'`.execute(trx);
      late.resolve(appendChunk(db, chunkOf("a", hold.epoch, 0, [5]), at));
      await waitFor("the append to wait for the row", async () => {
        const { rows } = await sql`select 1 from pg_locks where not granted`.execute(trx);
        return rows.length > 0;
      });
    });
    expect(await late.promise).toBe("fenced");
    expect(await bytesOf("a")).toEqual([]);
  });
});

describe("a gap in a recording of two channels", () => {
  it("becomes one repair for each channel, from where its words end", async () => {
    const hold = await recording(db);
    const messages = Array.from({ length: 40 }, (_, i) => Uint8Array.from([i % 2 === 0 ? 1 : 2, i, i, i]));
    const stored = await appendChunk(
      db,
      {
        userId: USER,
        sessionId: hold.id,
        epoch: hold.epoch,
        firstMessage: 0,
        messageCount: messages.length,
        durationMs: 400,
        capturedAtMs: T0,
        conversationId: "c1",
        codec: "opus",
        sampleRate: 16_000,
        layout: "linear8",
        channels: 2,
        payload: writeFrames(messages),
      },
      { nowMs: T0, leaseMs: 20_000 },
    );
    expect(stored).toBe("stored");
    await advanceWatermark(db, hold, { transcribedMessages: 11, channelMarks: { 1: 31, 2: 11 } });
    expect(await recording(db)).toMatchObject({ transcribedMessages: 11, channelMarks: { 1: 31, 2: 11 } });
    await db.transaction().execute((trx) => handOverGap(trx, USER, hold.id, T0));
    const jobs = await listJobs(db, { userId: USER, kinds: ["repair"], limit: 10 });
    const payloads = jobs.map(({ payload }) => payload).sort((a, b) => Number(a.channel) - Number(b.channel));
    expect(payloads).toEqual([
      { recording_session_id: hold.id, from_message: 31, to_message: 40, channel: 1 },
      { recording_session_id: hold.id, from_message: 11, to_message: 40, channel: 2 },
    ]);
    expect(await recording(db)).toMatchObject({ transcribedMessages: 40, channelMarks: {} });
  });
});
