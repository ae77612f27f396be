/** What becomes of states that nobody owns, and how the state of a conversation is followed. On a real PostgreSQL. */
import {
  admitConversation,
  adoptConversation,
  assignPiece,
  claimJob,
  commitSegments,
  completedUploads,
  type Db,
  enqueueJob,
  findConversation,
  findJob,
  findOrphanedConversations,
  findSilentConversations,
  findStrandedFinalizations,
  jobsWithoutRow,
  lifecycleOf,
  oldestNonterminal,
  openDatabase,
  releaseFinalization,
  removeIfEmpty,
  requestFinalization,
} from "@holdfast/store";
import { startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { chunk, openConversation, recording, segment, T0, USER } from "./seed.ts";

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
  ({ db, url } = await server.database());
  return async () => await db.destroy();
});

const JOB = "00000000-0000-4000-8000-000000000001";
const LATER = T0 + 2_000_000;

async function spoken(id: string): Promise<void> {
  await openConversation(db, id);
  const hold = await recording(db, `r-${id}`);
  await chunk(db, hold, id, 0, 10);
  await commitSegments(db, {
    ...{ hold, conversationId: id, deletedIds: [], startedAtMs: T0, nowMs: T0 },
    upserts: [segment(`s-${id}`, "Hello.", 0, 1)],
    watermark: { transcribedMessages: 10 },
  });
}

const end = (conversationId: string, over: object = {}) =>
  admitConversation(db, { userId: USER, conversationId, trigger: "stop", force: true, nowMs: T0, ...over });

const row = async (id: string) => {
  const found = await findConversation(db, USER, id);
  if (found === undefined) throw new Error("there is no such conversation");
  return found;
};

const orphans = async (beforeMs = LATER) =>
  (await findOrphanedConversations(db, beforeMs, 10)).map((orphan) => orphan.conversationId);

const adopt = (conversationId: string, beforeMs = LATER) =>
  adoptConversation(db, { userId: USER, conversationId }, beforeMs, LATER);

const set = (id: string, values: object) => db.updateTable("conversations").set(values).where("id", "=", id).execute();

describe("a conversation in work that no job will end", () => {
  it("is adopted, whether its job never was, is gone or has ended; one with a job is left alone", async () => {
    for (const id of ["bare", "gone", "ended", "merging", "waits", "open"]) await spoken(id);
    for (const id of ["gone", "ended", "merging", "waits"]) await end(id);
    await set("bare", { status: "processing" });
    await set("merging", { status: "merging" });
    await db.deleteFrom("jobs").where("conversation_id", "in", ["gone", "merging"]).execute();
    await db.updateTable("jobs").set({ state: "dead_letter" }).where("conversation_id", "=", "ended").execute();
    expect((await orphans()).sort()).toEqual(["bare", "ended", "gone", "merging"]);

    for (const id of await orphans()) {
      const ticket = await adopt(id);
      expect(ticket).toMatchObject({ state: "queued", generation: 1 });
      expect(await findJob(db, USER, ticket?.jobId ?? "")).toMatchObject({
        ...{ state: "queued", conversationId: id, payload: { trigger: "sweep" } },
      });
      expect(await row(id)).toMatchObject({
        status: id === "merging" ? "merging" : "processing",
        finalization_job_id: ticket?.jobId,
      });
    }
    expect(await orphans()).toEqual([]);
  });

  it("is left alone until the grace is over, and where somebody was quicker", async () => {
    await spoken("bare");
    await set("bare", { status: "processing", updated_at: new Date(T0 + 1) });
    expect(await orphans(T0)).toEqual([]);
    const both = await Promise.all([adopt("bare"), adopt("bare")]);
    expect(both.filter((ticket) => ticket !== undefined)).toHaveLength(1);
    await set("bare", { status: "completed" });
    expect(await adopt("bare")).toBeUndefined();
  });

  it("waits for the words that a repair still brings", async () => {
    await spoken("bare");
    await set("bare", { status: "processing" });
    const repair = { userId: USER, id: JOB, kind: "repair", conversationId: "bare", payload: {}, dueMs: T0, nowMs: T0 };
    await enqueueJob(db, { ...repair, kind: "repair" });
    expect(await adopt("bare")).toMatchObject({ state: "blocked" });
  });

  it("belongs to its offline job as long as that runs, and is found when it ended without a word", async () => {
    await enqueueJob(db, { userId: USER, id: JOB, kind: "sync", payload: {}, dueMs: T0, nowMs: T0 });
    const job = await claimJob(db, ["sync"], { owner: "w", nowMs: T0, leaseMs: 15_000 });
    if (job === undefined) throw new Error("no job");
    const partition = { source: "omi", clientDeviceId: null, isLocked: false };
    const file = { pieceId: JOB, partition, clientPlatform: null, language: null, nowMs: T0 };
    const said = { id: "a", startMs: T0 - 60_000, endMs: T0 - 50_000, text: "Hi.", sttProvider: null };
    const touched = await assignPiece(db, job, { ...file, stretches: [said], progress: () => ({}), stage: "stt_llm" });
    const id = touched?.created[0] ?? "";
    expect(await row(id)).toMatchObject({ status: "in_progress", upload_job_id: JOB });
    expect(await orphans()).toEqual([]);
    await db.updateTable("jobs").set({ state: "failed", lease_until: null }).execute();
    expect(await orphans()).toEqual([id]);
    await adopt(id);
    expect(await row(id)).toMatchObject({ status: "processing", upload_job_id: null });
  });

  it("never is a live one: silence ends that", async () => {
    await spoken("open");
    expect(await orphans()).toEqual([]);
    expect(await findSilentConversations(db, LATER, 10)).toHaveLength(1);
  });
});

describe("a finalisation that is blocked", () => {
  it("gets its turn where no repair is open any more", async () => {
    await openConversation(db, "c1");
    await chunk(db, await recording(db), "c1", 0, 10);
    expect(await end("c1", { nowMs: T0 + 30_000 })).toMatchObject({ ticket: { state: "blocked" } });
    expect(await findStrandedFinalizations(db, LATER, 10)).toEqual([]);
    await db.deleteFrom("jobs").where("kind", "=", "repair").execute();
    expect(await findStrandedFinalizations(db, T0, 10)).toEqual([]);
    const [stranded] = await findStrandedFinalizations(db, LATER, 10);
    if (stranded === undefined) throw new Error("it was not found");
    expect(await releaseFinalization(db, stranded, LATER)).toBe(true);
    expect(await releaseFinalization(db, stranded, LATER)).toBe(false);
    expect(await row("c1")).toMatchObject({ status: "processing", state_reason: "awaiting_processing" });
  });
});

describe("an empty conversation", () => {
  /** Runs `work` on a connection of its own, up to the commit that `release` allows. */
  async function held<T>(work: (trx: Db) => Promise<T>) {
    const other = openDatabase({ url, maxConnections: 1, onIdleError: () => {} });
    const done = Promise.withResolvers<T>();
    const allowed = Promise.withResolvers<void>();
    const committed = other.transaction().execute(async (trx) => {
      done.resolve(await work(trx));
      await allowed.promise;
    });
    await done.promise;
    return async () => {
      allowed.resolve();
      await committed;
      await other.destroy();
    };
  }
  const waiting = () =>
    waitFor("somebody to wait for a lock", async () => {
      const { rows } = await sql<{ n: number }>`select count(*) as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
      return Number(rows[0]?.n) === 1;
    });

  it("loses to words that are being stored", async () => {
    await openConversation(db, "c1");
    const hold = await recording(db, "r1", T0 - 60_000);
    await chunk(db, hold, "c1", 0, 10);
    await db.updateTable("recording_sessions").set({ lease_until: null, transcribed_messages: 10 }).execute();
    const commit = await held((trx) =>
      trx
        .insertInto("segments")
        .values({ user_id: USER, conversation_id: "c1", id: "s", start_s: 0, end_s: 1, text: "Hi.", body: "{}" })
        .execute()
        .then(() => sql`select 1 from conversations where id = 'c1' for update`.execute(trx)),
    );
    const removing = removeIfEmpty(db, { userId: USER, conversationId: "c1", nowMs: T0 });
    await waiting();
    await commit();
    expect(await removing).toBe(false);
    expect((await row("c1")).status).toBe("in_progress");
  });

  it("loses to sound that is being stored, which then is repaired", async () => {
    await openConversation(db, "c1");
    const hold = await recording(db, "r1", T0);
    await chunk(db, hold, "c1", 0, 10);
    await db.updateTable("recording_sessions").set({ transcribed_messages: 10 }).execute();
    // A gateway that was away longer than its lease, and writes on.
    const commit = await held((trx) => chunk(trx, hold, "c1", 10, 10));
    const ending = end("c1", { nowMs: T0 + 60_000 });
    await waiting();
    await commit();
    expect(await ending).toMatchObject({ outcome: "admitted", ticket: { state: "blocked" } });
    const { rows } = await sql`select payload from jobs where kind = 'repair'`.execute(db);
    expect(rows).toMatchObject([{ payload: { from_message: 10, to_message: 20 } }]);
  });

  it("is removed, and whoever still believes to write to it is fenced", async () => {
    await openConversation(db, "c1");
    const hold = await recording(db, "r1", T0);
    await chunk(db, hold, "c1", 0, 10);
    await db.updateTable("recording_sessions").set({ transcribed_messages: 10 }).execute();
    expect(await end("c1", { nowMs: T0 + 10_000 })).toEqual({ outcome: "requested" });
    expect((await row("c1")).end_requested_at).toBe(T0 + 10_000);
    expect(await end("c1", { nowMs: T0 + 60_000 })).toEqual({ outcome: "deleted" });
    expect(await chunk(db, hold, "c1", 10, 10)).toBe("fenced");
    expect(await db.selectFrom("audio_chunks").select("first_message").execute()).toEqual([]);
  });

  it("is removed by the session that holds it, which goes on with the next", async () => {
    await openConversation(db, "c1");
    const hold = await recording(db, "r1", T0);
    await chunk(db, hold, "c1", 0, 10);
    await db.updateTable("recording_sessions").set({ transcribed_messages: 10 }).execute();
    expect(await end("c1", { nowMs: T0 + 10_000, ownSessionId: "r1" })).toEqual({ outcome: "deleted" });
    expect(await chunk(db, hold, "c2", 10, 10)).toBe("stored");
  });
});

describe("the life cycle", () => {
  it("has a number that grows with each change of state, and with nothing else", async () => {
    await spoken("c1");
    await spoken("c2");
    const phases: [string, number][] = [];
    const note = async (id: string) => {
      const { version, phase, sequence } = lifecycleOf(await row(id));
      expect(version).toBe(1);
      phases.push([`${id} ${phase}`, sequence]);
    };
    await note("c1");
    await note("c2");
    await set("c1", { starred: true, updated_at: new Date(LATER) });
    expect(lifecycleOf(await row("c1")).sequence).toBe(phases[0]?.[1]);
    await end("c1");
    await note("c1");
    await set("c2", { status: "processing" });
    await note("c2");
    await set("c1", { status: "completed" });
    await note("c1");
    await db.transaction().execute((trx) =>
      requestFinalization(trx, {
        ...{ userId: USER, conversationId: "c1", trigger: "finalize", force: true, nowMs: LATER },
      }),
    );
    await note("c1");
    await set("c1", { status: "completed", discarded: true });
    await note("c1");
    await set("c1", { discarded: false });
    await note("c1");
    await set("c2", { status: "failed" });
    await note("c2");
    expect(phases.map(([phase]) => phase)).toEqual([
      ...["c1 in_progress", "c2 in_progress", "c1 processing", "c2 processing", "c1 completed", "c1 processing"],
      ...["c1 discarded", "c1 completed", "c2 failed"],
    ]);
    const numbers = phases.map(([, sequence]) => sequence);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  it("is set by the database, whatever a statement says", async () => {
    await openConversation(db, "c1");
    const before = (await row("c1")).lifecycle_sequence;
    await sql`update conversations set status = 'processing', lifecycle_sequence = 1`.execute(db);
    expect((await row("c1")).lifecycle_sequence).toBeGreaterThan(before);
  });
});

describe("what is not final", () => {
  it("is counted per kind, with the age of the oldest and why that waits", async () => {
    expect(await oldestNonterminal(db, T0)).toEqual([]);
    await spoken("c1");
    await end("c1");
    await openConversation(db, "c2", { startedAtMs: T0 - 5_000 });
    const hold = await recording(db, "r2");
    await chunk(db, hold, "c2", 0, 10);
    await enqueueJob(db, { userId: USER, id: JOB, kind: "repair", payload: {}, dueMs: T0, nowMs: T0 - 90_000 });
    await db.updateTable("jobs").set({ reason_code: "stt_unavailable" }).where("id", "=", JOB).execute();
    const enrichment = { kind: "finalization", payload: { trigger: "enrich" } } as const;
    const second = "00000000-0000-4000-8000-000000000002";
    await enqueueJob(db, { userId: USER, id: second, ...enrichment, dueMs: T0 + 1e6, nowMs: T0 });
    const found = await oldestNonterminal(db, T0 + 10_000);
    expect(found.sort((a, b) => a.kind.localeCompare(b.kind))).toEqual([
      { kind: "conversation_in_progress", count: 1, ageSeconds: 15, reason: "in_progress" },
      { kind: "conversation_processing", count: 1, ageSeconds: 10, reason: "awaiting_processing" },
      { kind: "enrichment", count: 1, ageSeconds: 10, reason: "queued" },
      { kind: "finalization", count: 1, ageSeconds: 10, reason: "queued" },
      { kind: "repair", count: 1, ageSeconds: 100, reason: "stt_unavailable" },
      { kind: "untranscribed_audio", count: 1, ageSeconds: 10, reason: "awaiting_transcription" },
    ]);
  });

  it("tells folders of jobs from those of none", async () => {
    const unknown = "00000000-0000-4000-8000-00000000000f";
    await enqueueJob(db, { userId: USER, id: JOB, kind: "sync", payload: {}, dueMs: T0, nowMs: T0 });
    expect(await jobsWithoutRow(db, [JOB, unknown, "not an id"])).toEqual([unknown]);
    expect(await jobsWithoutRow(db, [])).toEqual([]);
  });

  it("knows the uploads whose bytes nobody needs any more", async () => {
    const done = "00000000-0000-4000-8000-00000000000e";
    for (const id of [JOB, done]) {
      await enqueueJob(db, { userId: USER, id, kind: "sync", payload: {}, dueMs: T0, nowMs: T0 });
    }
    await db.updateTable("jobs").set({ state: "completed" }).where("id", "=", done).execute();
    expect(await completedUploads(db, [JOB, done, "not an id"])).toEqual([done]);
    await db.updateTable("jobs").set({ state: "partial_failure" }).where("id", "=", done).execute();
    expect(await completedUploads(db, [JOB, done])).toEqual([]);
  });
});
