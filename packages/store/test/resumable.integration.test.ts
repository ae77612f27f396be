/** What the store keeps of resumable uploads, claims and contents: one writer, one job, one set of files, one secret. */
import { CAPTURE_MANIFEST, RESUMABLE, SYNC } from "@holdfast/contract";
import {
  acceptResumable,
  acceptUpload,
  beginWriting,
  claimCapture,
  createResumable,
  type Db,
  deleteResumable,
  findExpiredResumables,
  findResumable,
  findWholeResumables,
  forgetCaptureClaims,
  forgetContents,
  recordReceived,
  serverSecret,
  type UploadBatch,
  uploadsWithoutRow,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { T0, USER } from "./seed.ts";

let server: TestServer;
let db: Db;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());
beforeEach(async () => {
  db = (await server.database()).db;
  return async () => await db.destroy();
});

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const HOUR = 3_600_000;

async function begin(n: number, rest: { batch?: string; batchFiles?: number; length?: number; name?: string } = {}) {
  return await createResumable(db, {
    userId: USER,
    id: uuid(n),
    name: rest.name ?? `a_${n}.bin`,
    length: rest.length ?? 10,
    facts: { client_device_id: null, client_platform: null },
    batch: rest.batch ?? null,
    batchFiles: rest.batchFiles ?? 1,
    nowMs: T0,
  });
}

async function receive(n: number, bytes: number, sha256: string | null = null) {
  const row = await findResumable(db, USER, uuid(n));
  const began = await beginWriting(db, { userId: USER, id: uuid(n), offset: row?.received ?? 0, nowMs: T0 });
  if (began === undefined) throw new Error("not writable");
  const key = { userId: USER, id: uuid(n), epoch: began.epoch };
  return await recordReceived(db, key, { bytes, blobKey: `resumable/${n}/x`, sha256, nowMs: T0 });
}

const batchOf = (n: number, contentId = `content-${n}`): UploadBatch => ({
  userId: USER,
  jobId: uuid(1_000 + n),
  contentId,
  lane: "fresh",
  payload: {},
  conversationId: null,
  files: [{ name: "a.bin", bytes: 10, sha256: "ab", blobKey: "uploads/x/0", capturedAtMs: T0 }],
  nowMs: T0,
});

const jobs = async () => (await db.selectFrom("jobs").select("id").execute()).map(({ id }) => id);

describe("a writer", () => {
  it("can record nothing once another one began, and never fewer bytes", async () => {
    await begin(1);
    const start = { userId: USER, id: uuid(1), offset: 0, nowMs: T0 };
    const first = await beginWriting(db, start);
    const second = await beginWriting(db, start);
    const record = (epoch: number, bytes: number) =>
      recordReceived(db, { userId: USER, id: uuid(1), epoch }, { bytes, blobKey: "k", sha256: null, nowMs: T0 + HOUR });
    expect(await record(first?.epoch ?? 0, 5)).toBe(false);
    expect(await record(second?.epoch ?? 0, 6)).toBe(true);
    expect(await record(second?.epoch ?? 0, 5)).toBe(false);
    expect(await findResumable(db, USER, uuid(1))).toMatchObject({
      received: 6,
      blob_key: "k",
      expires_at: T0 + HOUR + RESUMABLE.expireMs,
    });
  });

  it("begins only at the offset, in time, in an upload of its user that is not whole", async () => {
    await begin(1);
    const at = { userId: USER, id: uuid(1), offset: 0, nowMs: T0 };
    expect(await beginWriting(db, { ...at, offset: 1 })).toBeUndefined();
    expect(await beginWriting(db, { ...at, userId: "bob" })).toBeUndefined();
    expect(await beginWriting(db, { ...at, nowMs: T0 + RESUMABLE.expireMs })).toBeUndefined();
    expect(await beginWriting(db, at)).toBeDefined();
    await receive(1, 10, "ff");
    expect(await beginWriting(db, { ...at, offset: 10 })).toBeUndefined();
  });
});

describe("creating", () => {
  it("is bounded in number of bytes, and counts what is open only", async () => {
    expect((await begin(1, { length: RESUMABLE.maxOpenBytes })).outcome).toBe("created");
    expect((await begin(2, { length: 1 })).outcome).toBe("too_many");
    await deleteResumable(db, USER, uuid(1));
    expect((await begin(2, { length: 1 })).outcome).toBe("created");
  });

  it("keeps a batch to its number of files, also when all come at once", async () => {
    const all = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => begin(n, { batch: "b", batchFiles: 4 })));
    expect(all.filter(({ outcome }) => outcome === "created")).toHaveLength(4);
    expect((await begin(7, { batch: "c", batchFiles: 2 })).outcome).toBe("created");
    expect((await begin(8, { batch: "c", batchFiles: 3 })).outcome).toBe("batch_conflict");
    const again = await begin(9, { batch: "c", batchFiles: 2, name: "a_7.bin" });
    expect(again).toMatchObject({ outcome: "created", replaced: [uuid(7)] });
  });
});

describe("whole uploads", () => {
  it("become one job, however many ask at once", async () => {
    await begin(1);
    await receive(1, 10, "ff");
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, n) => acceptResumable(db, [uuid(1)], batchOf(n, `other-${n}`))),
    );
    expect(outcomes.filter(({ outcome }) => outcome === "accepted")).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === "known")).toHaveLength(7);
    expect(await jobs()).toHaveLength(1);
  });

  it("become no job while one is missing, is not whole, or is part of another job", async () => {
    await begin(1);
    await begin(2);
    await receive(1, 10, "ff");
    await receive(2, 9);
    expect((await acceptResumable(db, [uuid(1), uuid(2)], batchOf(1))).outcome).toBe("changed");
    expect((await acceptResumable(db, [uuid(1), uuid(3)], batchOf(1))).outcome).toBe("changed");
    expect(await jobs()).toEqual([]);
    expect((await acceptResumable(db, [uuid(1)], batchOf(1))).outcome).toBe("accepted");
    await receive(2, 10, "ee");
    expect((await acceptResumable(db, [uuid(1), uuid(2)], batchOf(2))).outcome).toBe("changed");
    expect(await jobs()).toHaveLength(1);
  });

  it("of content that is known become part of the job that has it", async () => {
    await acceptUpload(db, batchOf(5, "same"));
    await begin(1);
    await receive(1, 10, "ff");
    expect(await acceptResumable(db, [uuid(1)], batchOf(6, "same"))).toMatchObject({
      outcome: "known",
      job: { id: uuid(1_005) },
    });
    expect(await findResumable(db, USER, uuid(1))).toMatchObject({ job_id: uuid(1_005), blob_key: null });
  });

  it("are found by the sweep: alone at once, of a batch when it is whole or expired; the rest expires", async () => {
    await begin(1);
    await receive(1, 10, "aa");
    await begin(2, { batch: "b", batchFiles: 2 });
    await begin(3, { batch: "b", batchFiles: 2 });
    await receive(2, 10, "bb");
    const whole = async (nowMs: number) => (await findWholeResumables(db, nowMs, 10)).map(({ id }) => id).sort();
    const expired = async (nowMs: number) => (await findExpiredResumables(db, nowMs, 10)).map(({ id }) => id).sort();
    expect(await whole(T0)).toEqual([uuid(1)]);
    expect(await expired(T0 + RESUMABLE.expireMs - 1)).toEqual([]);
    expect(await whole(T0 + RESUMABLE.expireMs)).toEqual([uuid(1), uuid(2)]);
    expect(await expired(T0 + RESUMABLE.expireMs)).toEqual([uuid(3)]);
    await receive(3, 10, "cc");
    expect(await whole(T0)).toEqual([uuid(1), uuid(2), uuid(3)]);
    expect(await uploadsWithoutRow(db, [uuid(1), uuid(99), "not-an-id"])).toEqual([uuid(99)]);
  });
});

it("a conversation is proven by one set of files until the claim is over", async () => {
  const claim = (fileSet: string, nowMs: number) =>
    claimCapture(db, { userId: USER, conversationId: "c", fileSet, nowMs });
  const first = await Promise.all(["a", "b", "c", "d"].map((set) => claim(set, T0)));
  expect(first.filter(Boolean)).toHaveLength(1);
  const winner = ["a", "b", "c", "d"][first.indexOf(true)] ?? "";
  expect(await claim(winner, T0 + CAPTURE_MANIFEST.claimMs - 1)).toBe(true);
  expect(await claim("z", T0 + CAPTURE_MANIFEST.claimMs - 1)).toBe(false);
  expect(await claim("z", T0 + CAPTURE_MANIFEST.claimMs)).toBe(true);
  expect(await forgetCaptureClaims(db, T0 + CAPTURE_MANIFEST.claimMs)).toBe(0);
  expect(await forgetCaptureClaims(db, T0 + 2 * CAPTURE_MANIFEST.claimMs)).toBe(1);
});

it("contents are forgotten when they are old and no job has them", async () => {
  await acceptUpload(db, batchOf(1));
  await acceptUpload(db, batchOf(2));
  await db.deleteFrom("jobs").where("id", "=", uuid(1_001)).execute();
  expect(await forgetContents(db, T0 + SYNC.contentRetentionMs - 1, 10)).toBe(0);
  expect(await forgetContents(db, T0 + SYNC.contentRetentionMs, 10)).toBe(1);
});

it("a secret of the server is made once, whoever asks", async () => {
  const asked = await Promise.all(Array.from({ length: 8 }, () => serverSecret(db, "x", T0)));
  expect(new Set(asked.map((secret) => Buffer.from(secret).toString("hex"))).size).toBe(1);
  expect(asked[0]).toHaveLength(32);
  expect(await serverSecret(db, "y", T0)).not.toEqual(asked[0]);
});
