/**
 * Sound of uploads while things go wrong: pushers that die or hang at any point of an export, and conversations that a person
 * deletes meanwhile. In the end every second is kept once or, where nobody wants it, its bytes are nowhere.
 */
import {
  completedUploads,
  deleteConversation,
  findExpiredJobs,
  findJob,
  type Job,
  retryJob,
  uploadFolder,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Cleanup, cleanUp, USER } from "./harness.ts";
import { type KeptWorld, openKeptWorld } from "./kept-world.ts";
import { heard, upload } from "./uploaded.ts";

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

describe("a pusher that dies", () => {
  it("in the middle of an export: the next one makes the same files, and the first can write nothing", async () => {
    const { id, jobId } = await world.simple(0, [3, 4]);
    const nowMs = Date.now();
    const lost = await world.claimExport(1, nowMs);
    let second: Job | undefined;
    await world.work(lost, {
      async commit(staged, key) {
        second = await world.claimExport(60_000, nowMs + 10);
        await world.work(second);
        await world.blobs.commit(staged, key);
      },
    });
    expect(second?.id).toBe(lost.id);
    expect(await findJob(world.db, USER, lost.id)).toMatchObject({ state: "completed", epoch: lost.epoch + 1 });
    expect(await world.heardIn(id)).toEqual([[3, 4]]);
    expect(await world.stored("audio")).toEqual([`${(await world.files(id))[0]?.id}.opus`]);
    expect(await world.bytesOf(jobId)).toEqual([]);
  });

  it("behind the bytes and before the rows: they are written again under the same names", async () => {
    const { id, jobId } = await world.simple(0, [3, 4]);
    const nowMs = Date.now();
    const stop = new AbortController();
    await world.work(
      await world.claimExport(1, nowMs),
      {
        async commit(staged, key) {
          await world.blobs.commit(staged, key);
          stop.abort();
        },
      },
      stop,
    );
    const before = await world.stored("audio");
    expect(before).toHaveLength(1);
    expect(await world.files(id)).toEqual([]);
    expect(await world.bytesOf(jobId)).toHaveLength(1);
    await world.work(await world.claimExport(60_000, nowMs + 10));
    expect(await world.heardIn(id)).toEqual([[3, 4]]);
    expect(await world.stored("audio")).toEqual(before);
  });

  it("behind the rows and before the bytes of the upload go: they are found again", async () => {
    const { jobId } = await world.simple(0, [3]);
    const removeAll = () => Promise.reject(new Error("killed"));
    await world.work(await world.claimExport(), { removeAll });
    expect(await world.bytesOf(jobId)).toHaveLength(1);
    expect(await completedUploads(world.db, [jobId])).toEqual([jobId]);
  });
});

describe("a conversation that was deleted", () => {
  it("before its sound was kept: nothing is, and the bytes of the upload go", async () => {
    const { id, jobId } = await world.simple(0, [3, 4]);
    await deleteConversation(world.db, USER, id, { cascade: true, nowMs: Date.now() });
    await world.exportAll();
    expect(await world.stored()).toEqual([]);
    expect(await completedUploads(world.db, [jobId])).toEqual([jobId]);
  });

  it("while its upload is at work: its sound is not kept, nor what lies behind it as a pause of others", async () => {
    const batch = await upload(world.db, world.blobs, [{ atMs: world.t0, hundreds: [3, 4, 5, 6] }]);
    const { created } = await batch.hear(0, [0, 1], "This stays.");
    const other = await batch.hear(0, [1, 2], "Delete this.", { device: "another" });
    await batch.hear(0, [2, 3], "");
    await batch.hear(0, [3, 4], "This stays too.");
    await deleteConversation(world.db, USER, other.created[0] ?? "", { cascade: true, nowMs: Date.now() });
    await batch.end();
    await world.exportAll();
    const [file, ...more] = await world.files(created[0] ?? "");
    expect(more).toEqual([]);
    expect(file?.capturedSamples).toBe(32_000);
    expect(await heard(world.blobs, file)).toEqual([3, 6]);
    expect(await world.stored("uploads")).toEqual([]);
  });

  it("while its sound is being kept: what was made is removed, also where the lease was lost on the way", async () => {
    const { id } = await world.simple(0, [3, 4]);
    const nowMs = Date.now();
    await world.work(await world.claimExport(1, nowMs), {
      async commit(staged, key) {
        await deleteConversation(world.db, USER, id, { cascade: true, nowMs });
        await world.work(await world.claimExport(60_000, nowMs + 10));
        await world.blobs.commit(staged, key);
      },
    });
    expect(await world.stored()).toEqual([]);
  });

  it("after its export gave up: the upload stays until then, and goes", async () => {
    const batch = await upload(world.db, world.blobs, [
      { atMs: world.t0, hundreds: [3] },
      { atMs: world.t0 + 1_000, hundreds: [4] },
    ]);
    const { created } = await batch.hear(0, [0, 1], "One.");
    await batch.hear(1, [0, 1], "Two.");
    await batch.end();
    await world.blobs.removeAll(`${uploadFolder(batch.job.id)}/1`);
    const job = await world.claimExport();
    await world.work(job);
    expect(await findJob(world.db, USER, job.id)).toMatchObject({ state: "failed", reasonCode: "blob_missing" });
    const expired = async () => (await findExpiredJobs(world.db, Date.now() + 1, 10)).map(({ id }) => id);
    expect(await expired()).not.toContain(batch.job.id);
    expect(await expired()).not.toContain(job.id);
    expect(await retryJob(world.db, job.id, Date.now())).toMatchObject({ outcome: "queued" });
    await world.work(await world.claimExport());
    await deleteConversation(world.db, USER, created[0] ?? "", { cascade: true, nowMs: Date.now() });
    expect(await completedUploads(world.db, [batch.job.id])).toEqual([batch.job.id]);
    expect(await expired()).toEqual(expect.arrayContaining([batch.job.id, job.id]));
    await world.exportAll();
    expect(await world.stored("audio")).toEqual([]);
  });
});
