/**
 * Audio of many sessions in few statements: each chunk gets its own answer, a locked session row or a chunk that cannot be
 * written holds nobody else up, and a database that is away rejects everybody so that each tries again. On a real PostgreSQL.
 */
import { writeFrames } from "@holdfast/contract";
import { systemClock } from "@holdfast/runtime";
import { type AudioChunk, type Db, loadChunks, openDatabase, openRecording } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAudioWriter } from "../../src/listen/audio-writer.ts";

const USER = "u1";
let server: TestServer;
let db: Db;
let url: string;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  const database = await server.database();
  ({ db, url } = database);
  return async () => await db.destroy();
});

async function chunkOf(sessionId: string, over: Partial<AudioChunk> = {}): Promise<AudioChunk> {
  const nowMs = systemClock.now();
  const format = { codec: "opus", sampleRate: 16_000 };
  const hold = await openRecording(db, {
    userId: USER,
    id: sessionId,
    ...format,
    language: "en",
    nowMs,
    leaseMs: 20_000,
  });
  return {
    userId: USER,
    sessionId,
    epoch: hold.epoch,
    firstMessage: 0,
    messageCount: 1,
    durationMs: 20,
    capturedAtMs: nowMs,
    conversationId: "c1",
    ...format,
    layout: "linear8",
    channels: 1,
    payload: writeFrames([new TextEncoder().encode(sessionId)]),
    ...over,
  };
}

const writer = (over: Db = db) => createAudioWriter({ db: over, clock: systemClock, leaseMs: 20_000 });
const stored = async (sessionId: string): Promise<string[]> =>
  (await loadChunks(db, USER, sessionId, 0, 10)).flatMap((chunk) =>
    chunk.messages.map((message) => new TextDecoder().decode(message)),
  );

describe("the audio writer", () => {
  it("stores chunks of many sessions in fewer statements than sessions, each under its own", async () => {
    const ids = Array.from({ length: 300 }, (_, i) => `r${i}`);
    const chunks = await Promise.all(ids.map((id) => chunkOf(id)));
    let used = 0;
    const counted = db.withPlugin({
      transformQuery: ({ node }) => {
        used += 1;
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    const outcomes = await Promise.all(chunks.map(writer(counted).append));
    expect(new Set(outcomes)).toEqual(new Set(["stored"]));
    expect(used).toBe(2);
    expect(await stored("r7")).toEqual(["r7"]);
    expect(await stored("r299")).toEqual(["r299"]);
  });

  it("does not let a locked session row hold up the others, and stores its chunk when the row is free", async () => {
    const [held, free] = await Promise.all([chunkOf("held"), chunkOf("free")]);
    const append = writer().append;
    const release = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const holding = db.transaction().execute(async (trx) => {
      await sql`select 1 from recording_sessions where user_id = ${USER} and id = 'held' for update`.execute(trx);
      locked.resolve();
      await release.promise;
    });
    await locked.promise;
    const late = append(held);
    expect(await append(free)).toBe("stored");
    expect(await stored("held")).toEqual([]);
    release.resolve();
    await holding;
    expect(await late).toBe("stored");
    expect(await stored("held")).toEqual(["held"]);
  });

  it("costs only itself when a chunk cannot be written at all", async () => {
    const [good, bad] = await Promise.all([chunkOf("good"), chunkOf("bad", { conversationId: "nul \0 byte" })]);
    const append = writer().append;
    const [first, second] = await Promise.allSettled([append(bad), append(good)]);
    expect(first).toMatchObject({ status: "rejected", reason: { code: "22021" } });
    expect(second).toEqual({ status: "fulfilled", value: "stored" });
  });

  it("says no to a session that another socket took over, beside one that it stores", async () => {
    const old = await chunkOf("taken");
    await chunkOf("taken");
    const append = writer().append;
    expect(await Promise.all([append(old), append(await chunkOf("mine"))])).toEqual(["fenced", "stored"]);
  });

  it("rejects everybody while the database is away", async () => {
    const chunks = await Promise.all(["a", "b"].map((id) => chunkOf(id)));
    const away = openDatabase({
      url: url.replace(/dbname=[^&]*|\/[^/?]*(?=\?|$)/, "/no_such_database"),
      onIdleError: () => {},
    });
    try {
      const outcomes = await Promise.allSettled(chunks.map(writer(away).append));
      expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    } finally {
      await away.destroy();
    }
  });

  it("rings its beat once for everybody who waits, and not for those who left", async () => {
    const beat = writer();
    const rung: string[] = [];
    const done = Promise.withResolvers<void>();
    beat.onBeat(() => rung.push("left")).cancel();
    beat.onBeat(() => rung.push("first"));
    beat.onBeat(() => {
      rung.push("second");
      done.resolve();
    });
    await done.promise;
    expect(rung).toEqual(["first", "second"]);
  });

  it("rings a large beat in turns, forgets who leaves between them, and loses nobody", () => {
    const due: (() => void)[] = [];
    const after = (_ms: number, call: () => void) => {
      due.push(call);
      return { cancel: () => {} };
    };
    const beat = createAudioWriter({ db, clock: { now: () => 0, after, every: after }, leaseMs: 20_000 });
    const rung: number[] = [];
    const timers = Array.from({ length: 200 }, (_, i) => beat.onBeat(() => void rung.push(i)));
    expect(due.length).toBe(1);
    due.shift()?.();
    const inTurn = rung.length;
    expect(inTurn).toBeLessThan(100);
    timers[150]?.cancel();
    beat.onBeat(() => void rung.push(200));
    while (due.length > 0) due.shift()?.();
    expect(rung.toSorted((a, b) => a - b)).toEqual([...Array(201).keys()].filter((i) => i !== 150));
  });
});
