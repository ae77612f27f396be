/** Offline batches are accepted once, and users are served in turn. On a real PostgreSQL. */
import {
  acceptInTransaction,
  acceptUpload,
  claimJob,
  completeUpload,
  type Db,
  failUpload,
  type Job,
  loadUploadFiles,
  wasAccepted,
} from "@holdfast/store";
import { lockWaiters, startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
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

describe("accepting", () => {
  it("takes a batch once, whoever sends it how often", async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => acceptUpload(db, batch(n, "same"))));
    expect(outcomes.filter((item) => item.outcome === "accepted")).toHaveLength(1);
    const holders = outcomes.flatMap((item) => (item.outcome === "known" ? [item.job.id] : []));
    expect(new Set(holders).size).toBe(1);
  });

  it("can be asked about when its answer was lost: after its end, and without a claim on the content", async () => {
    expect(await wasAccepted(db, batch(1, "same"))).toBe(false);
    const held = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const accepting = db.transaction().execute(async (trx) => {
      await acceptInTransaction(trx, batch(2, "same"));
      written.resolve();
      await held.promise;
    });
    await written.promise;
    let seen: boolean | undefined;
    const asked = wasAccepted(db, batch(2, "same")).then((is) => {
      seen = is;
    });
    await waitFor("the question to wait", async () => (await lockWaiters(db)) === 1);
    expect(seen).toBeUndefined();
    held.resolve();
    await Promise.all([accepting, asked]);
    expect(seen).toBe(true);
    expect(await wasAccepted(db, batch(3, "same"))).toBe(false);
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
    for (let i = 0; i < 4; i += 1) {
      const job = await claimed(T0 + 10 + i);
      order.push(job.id);
      await completeUpload(db, job, [], { outcome: "completed", result: {}, nowMs: T0 + 10 + i });
    }
    expect(order).toEqual([jobId(1), jobId(4), jobId(2), jobId(3)]);
  });
});

describe("content that fails again and again", () => {
  const HOUR = 3_600_000;
  const failed = { outcome: "failed", reasonCode: "sync_invalid_audio", result: {} } as const;
  const end = async (n: number, nowMs: number, completion: Parameters<typeof completeUpload>[3]) => {
    expect((await acceptUpload(db, { ...batch(n, "same"), nowMs })).outcome).toBe("accepted");
    expect(await completeUpload(db, await claimed(nowMs), [], completion)).toBe(true);
  };

  it("rests for a day after the third time within one; another end begins the count anew", async () => {
    await end(1, T0, { ...failed, nowMs: T0 });
    await end(2, T0, { ...failed, nowMs: T0 });
    await end(3, T0, { ...failed, reasonCode: "stt_upstream_error", nowMs: T0 });
    for (const n of [4, 5, 6]) await end(n, T0 + HOUR, { ...failed, nowMs: T0 + HOUR });
    const resting = await acceptUpload(db, { ...batch(7, "same"), nowMs: T0 + 24 * HOUR });
    expect(resting).toMatchObject({
      outcome: "known",
      job: { state: "failed", reasonCode: "sync_repeat_failure_paused" },
    });
    expect(await claimJob(db, ["sync"], { owner: "w", nowMs: T0 + 24 * HOUR, leaseMs: 15_000 })).toBeUndefined();
    await end(8, T0 + 25 * HOUR + 1, { ...failed, nowMs: T0 + 25 * HOUR + 1 });
  });

  it("does not rest where the failures lie far apart, or and does where no worker can read the job", async () => {
    for (const n of [1, 2, 3]) await end(n, T0 + n * 13 * HOUR, { ...failed, nowMs: T0 + n * 13 * HOUR });
    expect((await acceptUpload(db, { ...batch(4, "same"), nowMs: T0 + 40 * HOUR })).outcome).toBe("accepted");
    const broken = { class: "permanent_input", code: "payload_invalid", message: "x" } as const;
    for (const n of [5, 6, 7]) {
      expect(await failUpload(db, await claimed(T0 + 40 * HOUR), [], broken, T0 + 40 * HOUR, 0.5)).toBe("failed");
      const next = await acceptUpload(db, { ...batch(n, "same"), nowMs: T0 + 40 * HOUR });
      expect(next.outcome).toBe(n < 7 ? "accepted" : "known");
    }
  });
});
