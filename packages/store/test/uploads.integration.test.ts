/** Offline batches: accepted once, assigned in capture order, resumed by whoever takes over. On a real PostgreSQL. */
import {
  acceptUpload,
  assignFile,
  claimJob,
  completeUpload,
  type Db,
  failUpload,
  findJob,
  type Job,
  listConversations,
  loadUploadFiles,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { T0, USER } from "./seed.ts";

let server: TestServer;
let db: Db;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  db = (await server.database()).db;
  return async () => await db.destroy();
});

const jobId = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

const batch = (n: number, contentId = `content-${n}`) => ({
  userId: USER,
  jobId: jobId(n),
  contentId,
  lane: "fresh" as const,
  payload: { source: "omi" },
  conversationId: null,
  files: [{ name: "a.bin", bytes: 10, sha256: "ab", blobKey: `uploads/${jobId(n)}/0`, capturedAtMs: T0 }],
  nowMs: T0,
});

async function claimed(nowMs = T0): Promise<Job> {
  const job = await claimJob(db, ["sync"], { owner: "w", nowMs, leaseMs: 15_000 });
  if (job === undefined) throw new Error("no job");
  return job;
}

const stretch = (id: string, startS: number, endS: number) => ({
  id,
  startMs: T0 + startS * 1000,
  endMs: T0 + endS * 1000,
  text: `Words of ${id}.`,
  sttProvider: "test",
});

const assign = (job: Job, stretches: ReturnType<typeof stretch>[], source = "omi") =>
  assignFile(db, job, {
    source,
    clientDeviceId: null,
    clientPlatform: null,
    language: "en",
    stretches,
    progress: (touched) => ({ touched: [...touched.created, ...touched.updated] }),
    stage: "stt_llm",
    nowMs: T0,
  });

const conversations = () =>
  listConversations(db, {
    userId: USER,
    statuses: [],
    sources: [],
    includeDiscarded: true,
    starred: null,
    startMs: null,
    endMs: null,
    limit: 50,
    offset: 0,
  });

describe("accepting", () => {
  it("takes a batch once, whoever sends it how often", async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => acceptUpload(db, batch(n, "same"))));
    expect(outcomes.filter((item) => item.outcome === "accepted")).toHaveLength(1);
    const holders = outcomes.flatMap((item) => (item.outcome === "known" ? [item.job.id] : []));
    expect(new Set(holders).size).toBe(1);
  });

  it("keeps one user's content apart from another's", async () => {
    await acceptUpload(db, batch(1, "same"));
    expect((await acceptUpload(db, { ...batch(2, "same"), userId: "u2" })).outcome).toBe("accepted");
  });

  it("gives a failed batch another chance, and answers a finished one with its job", async () => {
    await acceptUpload(db, batch(1, "same"));
    const failure = { class: "permanent_input", code: "sync_invalid_audio", message: "x" } as const;
    expect(await failUpload(db, await claimed(), [], failure, T0, 0.5)).toBe("failed");
    expect((await acceptUpload(db, batch(2, "same"))).outcome).toBe("accepted");
    await completeUpload(db, await claimed(), [], { outcome: "completed", result: { total_segments: 3 }, nowMs: T0 });
    expect(await acceptUpload(db, batch(3, "same"))).toMatchObject({
      outcome: "known",
      job: { id: jobId(2), state: "completed", result: { total_segments: 3 } },
    });
    expect(await loadUploadFiles(db, USER, jobId(2))).toMatchObject([{ name: "a.bin", capturedAtMs: T0 }]);
  });

  it("serves users in turn: a second user's first job goes before the first user's second", async () => {
    for (const n of [1, 2, 3]) await acceptUpload(db, batch(n));
    await acceptUpload(db, { ...batch(4), userId: "u2", nowMs: T0 + 1 });
    const order = [];
    for (let i = 0; i < 4; i += 1) order.push((await claimed(T0 + 10)).id);
    expect(order).toEqual([jobId(1), jobId(4), jobId(2), jobId(3)]);
  });
});

describe("assigning", () => {
  it("joins at 119 s, splits at 120 s, across jobs and in any order of arrival", async () => {
    await acceptUpload(db, batch(1));
    await acceptUpload(db, batch(2));
    await acceptUpload(db, batch(3));
    await assign(await claimed(), [stretch("b", 129, 140)]);
    await assign(await claimed(), [stretch("a", 0, 10)]);
    await assign(await claimed(), [stretch("c", 260, 270)]);
    const list = await conversations();
    expect(list.map((item) => item.transcript_segments.map((s) => [s.id, s.start]))).toEqual([
      [["c", 0]],
      [
        ["a", 0],
        ["b", 129],
      ],
    ]);
    expect(list[1]).toMatchObject({
      started_at: new Date(T0).toISOString(),
      finished_at: new Date(T0 + 140_000).toISOString(),
    });
  });

  it("changes nothing when a file is assigned again", async () => {
    await acceptUpload(db, batch(1));
    const job = await claimed();
    const first = await assign(job, [stretch("a", 0, 10), stretch("b", 20, 30)]);
    const again = await assign(job, [stretch("a", 0, 10), stretch("b", 20, 30)]);
    expect(first?.created).toEqual(again?.updated);
    expect((await conversations()).map((item) => item.transcript_segments.length)).toEqual([2]);
  });

  it("keeps sources apart", async () => {
    await acceptUpload(db, batch(1));
    const job = await claimed();
    await assign(job, [stretch("a", 0, 10)]);
    await assign(job, [stretch("b", 12, 20)], "phone");
    expect(await conversations()).toHaveLength(2);
  });

  it("writes nothing for a worker whose lease was taken over", async () => {
    await acceptUpload(db, batch(1));
    const old = await claimed(T0);
    const current = await claimed(T0 + 15_001);
    expect(await assign(old, [stretch("a", 0, 10)])).toBeUndefined();
    expect(await conversations()).toEqual([]);
    expect(await completeUpload(db, old, [], { outcome: "completed", result: {}, nowMs: T0 })).toBe(false);
    expect(await assign(current, [stretch("a", 0, 10)])).toMatchObject({ updated: [] });
    expect((await findJob(db, USER, jobId(1)))?.progress).toMatchObject({ touched: [expect.any(String)] });
  });

  it("hands every touched conversation to finalisation with the end of the job", async () => {
    await acceptUpload(db, batch(1));
    const job = await claimed();
    const touched = await assign(job, [stretch("a", 0, 10), stretch("z", 900, 910)]);
    const ids = touched?.created ?? [];
    expect(ids).toHaveLength(2);
    await completeUpload(db, job, ids, { outcome: "completed", result: {}, nowMs: T0 });
    expect((await conversations()).map((item) => item.status)).toEqual(["processing", "processing"]);
    const request = { owner: "p", nowMs: T0, leaseMs: 15_000 };
    expect(await claimJob(db, ["finalization"], request)).toBeDefined();
    expect(await claimJob(db, ["finalization"], request)).toBeDefined();
    expect(await claimJob(db, ["finalization"], request)).toBeUndefined();
  });
});
