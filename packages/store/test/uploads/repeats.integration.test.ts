/** Offline speech that was there before or was deleted, what its conversation says, and the end of its job. On a real PostgreSQL. */
import {
  assignPiece,
  claimJobById,
  completeUpload,
  type Db,
  deleteConversation,
  deleteExpiredPieces,
  findConversation,
  findJob,
  findPiece,
  type Job,
  listJobs,
  loadConversation,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { T0 } from "../seed.ts";
import { leasedJob, liveConversation, pieceIdOf, putPiece, told } from "./world.ts";

let server: TestServer;
let db: Db;
let job: Job;
/** Each test is a user of its own. */
let user = "";
let users = 0;
beforeAll(async () => {
  server = await startTestServer();
  db = (await server.database()).db;
});
afterAll(async () => {
  await db.destroy();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  users += 1;
  user = `user-${users}`;
  job = await leasedJob(db, user);
});

const said = (start: number, end: number, text?: string) =>
  text === undefined ? { start, end } : { start, end, text };
const put = (...args: Parameters<typeof putPiece> extends [Db, Job, ...infer Rest] ? Rest : never) =>
  putPiece(db, job, ...args);
const row = (id: string) =>
  db.selectFrom("conversations").selectAll().where("user_id", "=", user).where("id", "=", id).executeTakeFirstOrThrow();
const texts = async (): Promise<string[][]> =>
  (await told(db, user)).map((conversation) => conversation.said.map(([, text]) => text));

describe("what comes again", () => {
  it("changes nothing, whichever job brings it", async () => {
    const first = await put([said(0, 10), said(20, 30)]);
    const before = await row(first.created[0] ?? "");
    job = await leasedJob(db, user);
    expect(await put([said(0, 10), said(20, 30)])).toEqual({ created: [], updated: first.created, merged: [] });
    expect(await row(first.created[0] ?? "")).toEqual(before);
  });

  it("is not remembered where it failed", async () => {
    const nothing = await put([], { pieceId: null });
    expect(nothing).toEqual({ created: [], updated: [], merged: [] });
    expect(await db.selectFrom("sync_pieces").selectAll().where("user_id", "=", user).execute()).toEqual([]);
    await put([], { pieceId: pieceIdOf(user, []) });
    expect(await db.selectFrom("sync_pieces").select("conversation_ids").where("user_id", "=", user).execute()).toEqual(
      [{ conversation_ids: [] }],
    );
  });

  it("is the same words at the same time, to a hundredth of a second; time alone is not", async () => {
    await put([said(0, 10, "One."), said(20, 30, "Two.")]);
    await put([said(0.002, 10.001, "one"), said(20, 30, "Three."), said(40, 50, "Four."), said(40, 50, "Four.")]);
    expect(await texts()).toEqual([["One.", "Three.", "Two.", "Four."]]);
  });

  it("is forgotten long after nobody may send it again", async () => {
    await put([said(0, 10)], { nowMs: T0 - 1_000 });
    await put([said(20, 30)]);
    expect(await deleteExpiredPieces(db, T0, 1_000)).toBe(1);
    expect(await findPiece(db, user, pieceIdOf(user, [said(0, 10)]))).toBeUndefined();
    expect(await findPiece(db, user, pieceIdOf(user, [said(20, 30)]))).toHaveLength(1);
  });

  it("does not bring back what was deleted, also after it became part of another", async () => {
    const first = (await put([said(0, 10)])).created[0] ?? "";
    await put([said(200, 210)]);
    await put([said(100, 110)]);
    await deleteConversation(db, user, first, { cascade: true, nowMs: T0 });
    job = await leasedJob(db, user);
    const quiet = { created: [], updated: [], merged: [] };
    for (const at of [0, 100, 200]) expect(await put([said(at, at + 10)])).toEqual(quiet);
    expect(await told(db, user)).toEqual([]);
    // Also where the sound itself was forgotten meanwhile: what it would begin was deleted.
    await db.deleteFrom("sync_pieces").where("user_id", "=", user).execute();
    expect(await put([said(0, 10)])).toEqual(quiet);
    // What is near it in time but was never in it is a conversation of its own.
    expect((await put([said(105, 115)])).created).toHaveLength(1);
  });

  it("sent to a conversation that became part of a deleted one is wanted no more", async () => {
    const first = (await put([said(0, 10)])).created[0] ?? "";
    const second = (await put([said(200, 210)])).created[0] ?? "";
    await put([said(100, 110)]);
    await deleteConversation(db, user, first, { cascade: true, nowMs: T0 });
    const target = { conversationId: second, recordingSessionId: null };
    expect(await put([said(300, 310)], { target })).toEqual({ created: [], updated: [], merged: [] });
  });
});

describe("the same speech, live and recorded", () => {
  const HARBOUR = "The harbour lights went on at dusk.";
  const BOAT = "A boat came in without any noise.";
  const RED = "It was painted red.";
  const target = { target: { conversationId: "live", recordingSessionId: null } };

  it("is there once, and what live missed is added, over any number of pieces and uploads", async () => {
    await liveConversation(db, user, "live", [
      said(0, 9, `${HARBOUR} ${BOAT}`),
      said(30, 33, "Nobody had been waiting for it."),
    ]);
    const recorded = [said(41, 43, HARBOUR), said(46, 48, BOAT), said(52, 54, RED)];
    expect((await put(recorded, target)).updated).toEqual(["live"]);
    expect(await texts()).toEqual([[`${HARBOUR} ${BOAT}`, "Nobody had been waiting for it.", RED]]);
    const before = await row("live");
    expect((await put([said(71, 74, "Nobody had been waiting for it.")], target)).updated).toEqual(["live"]);
    job = await leasedJob(db, user);
    expect(
      (
        await put(
          recorded.map((one) => ({ ...one, start: one.start + 0.01 })),
          target,
        )
      ).updated,
    ).toEqual(["live"]);
    expect((await texts())[0]).toHaveLength(4);
    expect(before.sync_content_revision).toBe(1);
  });

  it("does not mistake words of an earlier piece for live ones", async () => {
    await liveConversation(db, user, "live", [said(0, 5, HARBOUR)]);
    await put([said(60, 63, "We should ask about that again.")], target);
    await put([said(200, 203, "We should ask about that again.")], target);
    expect((await texts())[0]).toEqual([HARBOUR, "We should ask about that again.", "We should ask about that again."]);
  });

  it("counts among recordings only at the same time", async () => {
    await put([said(0, 3, HARBOUR), said(5, 8, BOAT)]);
    await put([said(10, 13, HARBOUR), said(15, 18, BOAT)]);
    expect(await texts()).toEqual([[HARBOUR, BOAT, HARBOUR, BOAT]]);
  });
});

describe("the row", () => {
  it("of a few fillers waits for more, of everything else is kept", async () => {
    const id = (await put([said(0, 2, "Hm. Uh-huh.")])).created[0] ?? "";
    expect(await row(id)).toMatchObject({ sync_relevance: "review", discarded: false });
    await put([said(5, 7, "Mm.")]);
    expect(await row(id)).toMatchObject({ sync_relevance: "review" });
    await put([said(10, 12, "Buy milk.")]);
    expect(await row(id)).toMatchObject({ sync_relevance: "keep" });
  });

  it("keeps the first place that is known", async () => {
    const here = { latitude: 1, longitude: 2 };
    const id = (await put([said(0, 10)])).created[0] ?? "";
    expect((await loadConversation(db, user, id))?.geolocation).toBeNull();
    await put([said(20, 30)], { geolocation: here });
    await put([said(40, 50)], { geolocation: { latitude: 3, longitude: 4 } });
    expect((await loadConversation(db, user, id))?.geolocation).toEqual(here);
  });
});

describe("leases", () => {
  it("writes nothing for a worker whose lease was taken over", async () => {
    const claim = { owner: "v", nowMs: T0 + 15_001, leaseMs: 15_000 };
    const taken = await claimJobById(db, { userId: user, id: job.id }, claim);
    await expect(put([said(0, 10)])).rejects.toThrow("lease was lost");
    expect(await told(db, user)).toEqual([]);
    expect(await db.selectFrom("sync_pieces").selectAll().where("user_id", "=", user).execute()).toEqual([]);
    expect(await completeUpload(db, job, [], { outcome: "completed", result: {}, nowMs: T0 })).toBe(false);
    if (taken.outcome !== "claimed") throw new Error("nobody took over");
    const touched = await putPiece(db, taken.job, [said(0, 10)]);
    expect(touched.created).toHaveLength(1);
    expect((await findJob(db, user, job.id))?.progress).toMatchObject({ created: touched.created });
  });

  it("two jobs at once find each other's conversations", async () => {
    const other = await leasedJob(db, user);
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => putPiece(db, n % 2 === 0 ? job : other, [said(n * 60, n * 60 + 5)])),
    );
    expect(await told(db, user)).toMatchObject([{ start: 0, end: 1_145 }]);
    expect((await told(db, user))[0]?.said).toHaveLength(20);
  });
});

describe("the end of a job", () => {
  const end = (touched: readonly string[], result: Record<string, unknown> = {}) =>
    completeUpload(db, job, touched, { outcome: "completed", result, nowMs: T0 });
  const finalizations = async () =>
    (await listJobs(db, { userId: user, kinds: ["finalization"], limit: 50 })).map((one) => one.conversationId);

  it("hands every conversation it wrote to on, once", async () => {
    const { created } = await put([said(0, 10), said(900, 910)]);
    expect(created).toHaveLength(2);
    await end(created);
    expect(await Promise.all(created.map((id) => findConversation(db, user, id)))).toMatchObject([
      { status: "processing" },
      { status: "processing" },
    ]);
    expect((await finalizations()).sort()).toEqual([...created].sort());
  });

  it("leaves those to which it added nothing as they are", async () => {
    const { created } = await put([said(0, 10)]);
    await end(created);
    job = await leasedJob(db, user);
    const again = await put([said(0, 10)]);
    await end(again.updated, { new_memories: [], updated_memories: again.updated });
    expect(await finalizations()).toEqual(created);
    expect((await findJob(db, user, job.id))?.result).toEqual({ new_memories: [], updated_memories: created });
  });

  it("names what became part of another by that one, and what was deleted by nothing", async () => {
    const first = (await put([said(0, 10)])).created[0] ?? "";
    const own = job;
    job = await leasedJob(db, user);
    const second = (await put([said(200, 210)])).created[0] ?? "";
    const gone = (await put([said(9_000, 9_010)])).created[0] ?? "";
    await deleteConversation(db, user, gone, { cascade: true, nowMs: T0 });
    await putPiece(db, own, [said(100, 110)]);
    await end([second, gone], { new_memories: [second, gone], updated_memories: [] });
    expect((await findJob(db, user, job.id))?.result).toEqual({ new_memories: [], updated_memories: [first] });
    // The other job wrote last and is still at work.
    expect(await finalizations()).toEqual([]);
    job = own;
    await end([first], { new_memories: [first], updated_memories: [] });
    expect(await finalizations()).toEqual([first]);
    expect((await findJob(db, user, own.id))?.result).toEqual({ new_memories: [first], updated_memories: [] });
  });
});

it("assignPiece says nothing where the job is gone", async () => {
  await db.deleteFrom("jobs").where("user_id", "=", user).execute();
  const piece = { pieceId: null, partition: { source: "omi", clientDeviceId: null, isLocked: false } };
  const rest = { clientPlatform: null, language: null, stretches: [], progress: () => ({}), stage: "x", nowMs: T0 };
  expect(await assignPiece(db, job, { ...piece, ...rest })).toBeUndefined();
});
