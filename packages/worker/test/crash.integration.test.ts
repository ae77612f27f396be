/** Worker processes that are killed with SIGKILL in the middle of a job: another finishes it, and no word is there twice. */
import { listJobs } from "@holdfast/store";
import { startRole, startTestServer, type TestRole, type TestServer, waitFor } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { abandon, openLive, record } from "./support/live.ts";
import { beeps, binFile, words } from "./support/sounds.ts";
import { startToneEngine, type ToneEngine } from "./support/tone-engine.ts";
import { openWorld, T0, type World } from "./support/world.ts";

const roles: TestRole[] = [];
let server: TestServer;
let world: World;
let engine: ToneEngine;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  world = await openWorld(server);
  engine = await startToneEngine();
});
afterEach(async () => {
  await Promise.all(roles.splice(0).map((role) => role.kill()));
  await world[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

async function startWorkerProcess(): Promise<TestRole> {
  const role = await startRole("worker", world.settings(engine.url));
  roles.push(role);
  return role;
}

/** What fifteen seconds would do; the first test waits for them. */
async function runOutLeases(): Promise<void> {
  await world.db
    .updateTable("jobs")
    .set({ lease_until: new Date(0) })
    .where("state", "=", "leased")
    .execute();
}

const LONG = Array.from({ length: 200 }, (_, i) => ({ at: i, hz: 300 + 100 * (i % 20) }));

test("killed between two pieces, its successor goes on behind the first", async () => {
  engine.mood = (question) => (question === 1 ? "wait" : "hear");
  const first = await startWorkerProcess();
  const id = await world.upload([await binFile("pcm8", beeps(LONG, 200), T0)]);
  await waitFor("the second question", () => engine.waiting() === 1, 60_000);
  expect(await world.job(id)).toMatchObject({ state: "leased", stage: "stt_llm", progress: { processed_segments: 1 } });
  await first.kill();
  await startWorkerProcess();
  const job = await world.ended(id, 60_000);
  expect(job).toMatchObject({ state: "completed", attempts: 0, result: { total_segments: 2, failed_segments: 0 } });
  expect(engine.asked.count).toBe(3);
  expect(await world.spoken()).toMatchObject([{ words: words(LONG) }]);
});

test("killed in a repair, its successor goes on behind the words that are stored", async () => {
  engine.mood = (question) => (question === 1 ? "wait" : "hear");
  const hold = await openLive(world.db, "c1", "r1", "pcm8");
  await record(world.db, hold, "c1", "pcm8", beeps(LONG, 200), { first: 0, ms: T0 });
  await abandon(world.db);
  const first = await startWorkerProcess();
  await waitFor("the second question", () => engine.waiting() === 1, 60_000);
  const [stored] = await world.spoken();
  expect(stored?.words).toEqual(words(LONG).slice(0, stored?.words.length));
  expect(stored?.words.length).toBeGreaterThan(80);
  await first.kill();
  await runOutLeases();
  await startWorkerProcess();
  const ended = await waitFor(
    "the end of the repair",
    async () => (await listJobs(world.db, { kinds: ["repair"], limit: 1 })).find((job) => job.completedMs !== null),
    60_000,
  );
  expect(ended).toMatchObject({ state: "completed", attempts: 0, tries: 0, result: { segments: LONG.length } });
  expect(engine.asked.count).toBe(3);
  expect(await world.spoken()).toMatchObject([{ words: words(LONG) }]);
});

test("one that was only frozen writes nothing after its successor took over", async () => {
  engine.mood = (question) => (question === 0 ? "wait" : "hear");
  const frozen = await startWorkerProcess();
  const list = [{ at: 1, hz: 500 }];
  const id = await world.upload([await binFile("opus", beeps(list, 3), T0)]);
  await waitFor("the question", () => engine.waiting() === 1, 60_000);
  process.kill(frozen.pid, "SIGSTOP");
  await runOutLeases();
  await startWorkerProcess();
  const job = await world.ended(id, 60_000);
  engine.release();
  process.kill(frozen.pid, "SIGCONT");
  const next = await world.upload([await binFile("opus", beeps(list, 3), T0 + 1e6)]);
  expect(await world.ended(next, 60_000)).toMatchObject({ state: "completed" });
  expect(await world.job(id)).toEqual(job);
  expect((await world.spoken()).map((conversation) => conversation.words)).toEqual([words(list), words(list)]);
});

test("asked to end, it gives its job back and goes with 0", async () => {
  engine.mood = "wait";
  const worker = await startWorkerProcess();
  const id = await world.upload([await binFile("opus", beeps(LONG.slice(0, 4), 5), T0)]);
  await waitFor("the question", () => engine.waiting() === 1, 60_000);
  expect(await worker.stop()).toBe(0);
  expect(await world.job(id)).toMatchObject({ state: "queued", attempts: 0, tries: 0 });
});

test("a database that is away when the words are to be stored costs time only", async () => {
  engine.mood = "wait";
  await startWorkerProcess();
  const list = [{ at: 1, hz: 500 }];
  const id = await world.upload([await binFile("opus", beeps(list, 3), T0)]);
  await waitFor("the question", () => engine.waiting() === 1, 60_000);
  const back = server.crash();
  engine.mood = "hear";
  engine.release();
  await back;
  const job = await waitFor("the database", () => world.ended(id, 60_000).catch(() => undefined), 60_000);
  expect(job).toMatchObject({ state: "completed", attempts: 0 });
  expect(await world.spoken()).toMatchObject([{ words: words(list) }]);
});
