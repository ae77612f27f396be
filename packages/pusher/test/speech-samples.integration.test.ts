/**
 * Samples of voices: a real database, real sound whose every second is a tone of its own, real pushers, also as processes that are
 * killed. A sample must hold exactly the words it was asked for, be made once, and go with whatever it belongs to.
 */
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeSpeakerSample, SPEECH_SAMPLES } from "@holdfast/contract";
import { labelFor } from "@holdfast/core";
import {
  AWAITING_SOUND,
  assignSegments,
  type BlobStore,
  createPerson,
  type Db,
  deleteConversation,
  deletePerson,
  deleteSpeechSample,
  findJob,
  type Job,
  listJobs,
  listSpeechSamples,
  loadConversation,
  loadSegments,
  openDirectoryBlobs,
  requestSpeechSamples,
  type SpeechSample,
  setPrivateCloudSync,
} from "@holdfast/store";
import { startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Cleanup, cleanUp, link, pusher, pusherProcess, USER } from "./harness.ts";
import { heard, upload } from "./uploaded.ts";

const ANNA = "11111111-1111-4111-8111-111111111111";
const BOB = "22222222-2222-4222-8222-222222222222";

const cleanup: Cleanup = [];
let server: TestServer;
let db: Db;
let url: string;
let blobs: BlobStore;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  const database = await server.database();
  cleanup.push(() => database.db.destroy());
  ({ db, url } = database);
  folder = await mkdtemp(join(tmpdir(), "holdfast-samples-"));
  cleanup.push(() => rm(folder, { recursive: true, force: true }));
  blobs = await openDirectoryBlobs(folder, Date.now());
  await setPrivateCloudSync(db, USER, true, Date.now());
  await createPerson(db, { userId: USER, id: ANNA, name: "Anna", nowMs: Date.now() });
  await createPerson(db, { userId: USER, id: BOB, name: "Bob", nowMs: Date.now() });
});
afterEach(async () => {
  await cleanUp(cleanup);
});

/** A conversation of four-second turns, each in tones of its own, whose sound somebody still has to keep. */
async function turns(count = 3): Promise<{ readonly id: string; readonly segmentIds: string[] }> {
  const hundreds = Array.from({ length: count * 4 }, (_, second) => 3 + Math.floor(second / 4));
  const batch = await upload(db, blobs, [{ atMs: Date.now() - 3_600_000, hundreds }]);
  const touched = await batch.hear(0, [0, 4], "Turn 0.");
  for (let n = 1; n < count; n += 1) await batch.hear(0, [n * 4, n * 4 + 4], `Turn ${n}.`);
  await batch.end();
  const id = touched.created[0] ?? "";
  const segments = await loadSegments(db, USER, id);
  expect(segments.map(({ text }) => text)).toEqual(Array.from({ length: count }, (_, n) => `Turn ${n}.`));
  return { id, segmentIds: segments.map((segment) => segment.id) };
}

const withPusher = () => pusher(cleanup, db, {}, 0, blobs);
const kept = (id: string) =>
  waitFor("the sound to be kept", async () => ((await loadConversation(db, USER, id))?.audio_files.length ?? 0) > 0);

/** Names whoever said these turns, as a person does. */
async function name(id: string, personId: string | null, ...segmentIds: (string | undefined)[]): Promise<void> {
  const home = { userId: USER, conversationId: id, nowMs: Date.now() };
  const named = new Set(segmentIds);
  const choose = <T extends { id: string }>(segments: readonly T[]) => segments.filter((one) => named.has(one.id));
  expect(await assignSegments(db, home, labelFor(personId), choose, { afterMs: 0 })).toHaveLength(segmentIds.length);
}

const samples = (personId = ANNA) => listSpeechSamples(db, USER, personId);
const untilSamples = (count: number, personId = ANNA): Promise<SpeechSample[]> =>
  waitFor(`${count} samples`, async () => {
    const found = await samples(personId);
    return found.length === count ? found : undefined;
  });
const requests = () => listJobs(db, { kinds: ["speech_sample"], limit: 10 });
const untilRequestsEnded = (): Promise<Job[]> =>
  waitFor("the requests to end", async () => {
    const jobs = await requests();
    return jobs.length > 0 && jobs.every(({ state }) => state === "completed") ? jobs : undefined;
  });
const wavs = async (): Promise<string[]> => {
  for (;;) {
    // A folder may go while it is read.
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    });
    if (entries === undefined) continue;
    return entries.filter((entry) => entry.isFile() && entry.name.endsWith(".wav")).map((entry) => entry.name);
  }
};

describe("a sample", () => {
  it("is the sound of the words that were named, and of no others", async () => {
    await withPusher();
    const { id, segmentIds } = await turns();
    await kept(id);
    await name(id, ANNA, segmentIds[1]);
    const [sample, ...more] = await untilSamples(1);
    expect(more).toEqual([]);
    expect(sample).toMatchObject({ personId: ANNA, segmentId: segmentIds[1], samples: 64_000, bytes: 128_044 });
    expect(await heard(blobs, sample)).toEqual([4, 4, 4, 4]);
    expect(await samples(BOB)).toEqual([]);
    expect(await untilRequestsEnded()).toMatchObject([{ result: { samples: 1 }, attempts: 0 }]);
  });

  it("is made once, however often it is asked for", async () => {
    const { port } = await withPusher();
    const { id, segmentIds } = await turns();
    await kept(id);
    const { socket } = await link(cleanup, port);
    const frame = encodeSpeakerSample({ person_id: ANNA, conversation_id: id, segment_ids: segmentIds });
    for (let i = 0; i < 3; i += 1) socket.send(frame);
    await Promise.all([name(id, ANNA, ...segmentIds), name(id, ANNA, ...segmentIds)]);
    const made = await untilSamples(3);
    await untilRequestsEnded();
    await name(id, ANNA, ...segmentIds);
    await waitFor("the second run", async () => (await requests())[0]?.generation !== 1);
    await untilRequestsEnded();
    expect(await samples()).toEqual(made);
    expect((await wavs()).length).toBe(3);
  });

  it("waits until the sound is kept, at no cost of attempts, and then not for long", async () => {
    const { id, segmentIds } = await turns();
    await name(id, ANNA, segmentIds[0]);
    const first = await pusher(cleanup, db, {}, 0, { ...blobs, commit: () => new Promise(() => {}) });
    const [waiting] = await waitFor("it to wait", async () => {
      const jobs = await requests();
      return jobs[0]?.reasonCode === AWAITING_SOUND ? jobs : undefined;
    });
    expect(waiting).toMatchObject({ state: "queued", attempts: 0 });
    expect(await samples()).toEqual([]);
    await first.close();
    await withPusher();
    await kept(id);
    const keptMs = Date.now();
    expect(await heard(blobs, (await untilSamples(1))[0])).toEqual([3, 3, 3, 3]);
    expect(Date.now() - keptMs).toBeLessThan(SPEECH_SAMPLES.retryMs / 2);
  });

  it("is none where the user keeps no sound, where the person is unknown, and of the account owner", async () => {
    await withPusher();
    const { id, segmentIds } = await turns();
    await kept(id);
    const asked = (personId: string) =>
      requestSpeechSamples(db, {
        ...{ userId: USER, conversationId: id, personId, segmentIds, afterMs: 0, nowMs: Date.now() },
      });
    for (const person of ["user", "nobody", "33333333-3333-4333-8333-333333333333"]) {
      expect(await asked(person)).toBe(false);
    }
    await name(id, "user", segmentIds[2]);
    await setPrivateCloudSync(db, USER, false, Date.now());
    await name(id, ANNA, segmentIds[0]);
    expect(await asked(ANNA)).toBe(false);
    await setPrivateCloudSync(db, USER, true, Date.now());
    await name(id, BOB, segmentIds[1]);
    await untilSamples(1, BOB);
    expect((await requests()).map(({ payload }) => payload.person_id)).toEqual([BOB]);
    expect(await samples()).toEqual([]);
  });

  it("is asked for a hundred times at once, and not more", async () => {
    const { id } = await turns(1);
    const asked = (n: number) =>
      requestSpeechSamples(db, {
        ...{ userId: USER, conversationId: id, personId: ANNA, segmentIds: [`s${n}`], afterMs: 0, nowMs: Date.now() },
      });
    for (let n = 0; n < SPEECH_SAMPLES.maxWaiting; n += 1) expect(await asked(n)).toBe(true);
    expect(await asked(SPEECH_SAMPLES.maxWaiting)).toBe(false);
    await withPusher();
    await waitFor("room", () => asked(SPEECH_SAMPLES.maxWaiting));
  });

  it("is one of five at the most", async () => {
    await withPusher();
    const { id, segmentIds } = await turns(7);
    await kept(id);
    await name(id, ANNA, ...segmentIds);
    await untilSamples(SPEECH_SAMPLES.perPerson);
    await untilRequestsEnded();
    expect((await wavs()).length).toBe(SPEECH_SAMPLES.perPerson);
    await name(id, ANNA, segmentIds[6]);
    expect(await requests()).toHaveLength(1);
  });
});

describe("samples go", () => {
  const three = async (): Promise<{ readonly id: string; readonly segmentIds: string[] }> => {
    await withPusher();
    const made = await turns();
    await kept(made.id);
    await name(made.id, ANNA, ...made.segmentIds);
    await untilSamples(3);
    return made;
  };
  const bytesLeft = (count: number) => waitFor(`${count} files`, async () => (await wavs()).length === count);

  it("with their person", async () => {
    const { id } = await three();
    expect(await deletePerson(db, USER, ANNA, Date.now())).toBe(true);
    expect(await samples()).toEqual([]);
    await bytesLeft(0);
    expect((await loadConversation(db, USER, id))?.audio_files).toHaveLength(1);
  });

  it("with the conversation they were said in", async () => {
    const { id } = await three();
    expect(await deleteConversation(db, USER, id, { cascade: false, nowMs: Date.now() })).toBe(true);
    expect(await samples()).toEqual([]);
    await bytesLeft(0);
  });

  it("when the words turn out to be somebody else's, who gets them, and stay when said again", async () => {
    const { id, segmentIds } = await three();
    await name(id, BOB, segmentIds[1]);
    await untilSamples(1, BOB);
    expect((await samples()).map(({ segmentId }) => segmentId).sort()).toEqual([segmentIds[0], segmentIds[2]].sort());
    await bytesLeft(3);
    await name(id, null, segmentIds[0]);
    await name(id, ANNA, segmentIds[2]);
    expect((await samples()).map(({ segmentId }) => segmentId)).toEqual([segmentIds[2]]);
    await bytesLeft(2);
    await name(id, ANNA, segmentIds[0]);
    const back = await untilSamples(2);
    for (const sample of back) expect((await heard(blobs, sample)).length).toBe(4);
  });

  it("with the conversation that theirs became part of", async () => {
    await withPusher();
    const atMs = Date.now() - 3_600_000;
    const one = async (at: number): Promise<string> => {
      const batch = await upload(db, blobs, [{ atMs: at, hundreds: [3, 3, 3, 3] }]);
      const { created, updated } = await batch.hear(0, [0, 4], "Words.");
      await batch.end();
      return created[0] ?? updated[0] ?? "";
    };
    const [early, late] = [await one(atMs), await one(atMs + 200_000)];
    for (const id of [early, late]) {
      await kept(id);
      await name(id, ANNA, (await loadSegments(db, USER, id))[0]?.id);
    }
    expect(early).not.toBe(late);
    const before = await untilSamples(2);
    const survivor = await one(atMs + 100_000);
    const gone = survivor === early ? late : early;
    expect(await loadConversation(db, USER, gone)).toBeUndefined();
    expect(await samples()).toEqual(before);
    expect(await deleteConversation(db, USER, survivor, { cascade: false, nowMs: Date.now() })).toBe(true);
    expect(await samples()).toEqual([]);
    await bytesLeft(0);
  });

  it("one by one, as a person wishes", async () => {
    await three();
    const [first, second] = await samples();
    if (first === undefined || second === undefined) throw new Error("no samples");
    expect(await deleteSpeechSample(db, USER, second, Date.now())).toBe(true);
    expect(await deleteSpeechSample(db, USER, second, Date.now())).toBe(false);
    expect(await deleteSpeechSample(db, "somebody else", first, Date.now())).toBe(false);
    await bytesLeft(2);
    expect(await heard(blobs, first)).toHaveLength(4);
  });

  it("when the name was taken back while they were cut", async () => {
    let taken = false;
    const { id, segmentIds } = await turns();
    const taking: BlobStore = {
      ...blobs,
      async commit(staged, key) {
        await blobs.commit(staged, key);
        if (!key.endsWith(".wav") || taken) return;
        taken = true;
        await name(id, null, segmentIds[0]);
        await deletePerson(db, USER, BOB, Date.now());
      },
    };
    await pusher(cleanup, db, {}, 0, taking);
    await kept(id);
    await name(id, ANNA, segmentIds[0], segmentIds[1]);
    const [sample, ...more] = await untilSamples(1);
    expect([sample?.segmentId, more]).toEqual([segmentIds[1], []]);
    await bytesLeft(1);
  });
});

it("a pusher killed between request and sample, and another between its bytes and its row, cost nothing", async () => {
  const settings = { DATABASE_URL: url, HOLDFAST_BLOBS: `file:${folder}` };
  const first = await pusherProcess(cleanup, settings);
  const { id, segmentIds } = await turns();
  await kept(id);
  await assignSegments(db, { userId: USER, conversationId: id, nowMs: Date.now() }, labelFor(ANNA), (all) =>
    all.slice(0, 2),
  );
  const { socket, closed } = await link(cleanup, first.port);
  const ofAnna = segmentIds.slice(0, 2);
  socket.send(encodeSpeakerSample({ person_id: ANNA, conversation_id: id, segment_ids: ofAnna }));
  const [request] = await waitFor("the request to be durable", async () => {
    const jobs = await requests();
    return jobs.length === 1 ? jobs : undefined;
  });
  first.child.kill("SIGKILL");
  await closed;
  expect(request).toMatchObject({ state: "queued", payload: { person_id: ANNA, segment_ids: [...ofAnna].sort() } });
  expect((request?.dueMs ?? 0) - (request?.createdMs ?? 0)).toBe(SPEECH_SAMPLES.minAgeMs);

  // Two minutes later.
  const held = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const holding = db.transaction().execute(async (trx) => {
    await sql`select 1 from people where id = ${ANNA} for update`.execute(trx);
    held.resolve();
    await release.promise;
  });
  await held.promise;
  await sql`update jobs set due_at = now() where kind = 'speech_sample'`.execute(db);
  const second = await pusherProcess(cleanup, settings);
  await waitFor("both files", async () => (await wavs()).length === 2);
  second.child.kill("SIGKILL");
  await once(second.child, "exit");
  release.resolve();
  await holding;
  expect(await samples()).toEqual([]);

  await pusherProcess(cleanup, settings);
  await waitFor("the samples", async () => (await samples()).length === 2, 40_000);
  expect(await findJob(db, USER, request?.id ?? "")).toMatchObject({ state: "completed", attempts: 0 });
  const made = await samples();
  expect(made.map(({ segmentId }) => segmentId).sort()).toEqual([...ofAnna].sort());
  for (const sample of made) {
    const tone = sample.segmentId === segmentIds[0] ? 3 : 4;
    expect(await heard(blobs, sample)).toEqual([tone, tone, tone, tone]);
  }
  expect((await wavs()).length).toBe(2);
}, 90_000);
