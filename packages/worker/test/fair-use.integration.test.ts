/** Fair use of offline work: counted by the time it was said, once, and waiting for a budget without spending an attempt. */
import { FAIR_USE, parseConfig } from "@holdfast/contract";
import { nextUtcMidnight, silentLog } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import { listFairUseEvents, listJobs, liveMinutes, loadFairUse, resetFairUse, setFairUseStage } from "@holdfast/store";
import { startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RunningWorker, startWorker } from "../src/index.ts";
import { sweepFairUse } from "../src/sweeps/sweeps.ts";
import { type Beep, beeps, binFile, words } from "./support/sounds.ts";
import { startToneEngine, type ToneEngine } from "./support/tone-engine.ts";
import { openWorld, USER, type World } from "./support/world.ts";

const HOUR = 3_600_000;
const BY = { userId: USER, by: "test" };
/** Two words of half a second, half a second apart: speech as the engine hears it, without the pause between. */
const SPEECH: readonly Beep[] = [
  { at: 1, hz: 400 },
  { at: 2, hz: 700 },
];
const SPOKEN = beeps(SPEECH, 4);

let server: TestServer;
let world: World;
let engine: ToneEngine;
let worker: RunningWorker | undefined;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());
beforeEach(async () => {
  world = await openWorld(server);
  engine = await startToneEngine();
});
afterEach(async () => {
  await worker?.close();
  await world[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

async function start(over: Record<string, string> = {}): Promise<void> {
  const config = parseConfig({ ...world.settings(engine.url), FAIR_USE_ENABLED: "true", ...over });
  const { db, blobs } = world;
  worker = await startWorker({ db, blobs, config, clock: systemClock, random: systemRandom, log: silentLog });
}

const minutesAgo = (minutes: number): number => Math.floor(Date.now() / 60_000) * 60_000 - minutes * 60_000;
const use = async (nowMs = Date.now()) => await loadFairUse(world.db, USER, nowMs);
const uploadAt = async (startedAtMs: number, lane: "fresh" | "backfill" = "fresh") =>
  await world.upload([await binFile("opus", SPOKEN, startedAtMs)], { lane });

/** As exact as tones are found. */
function expectSpeech(ms: number | undefined, words: number): void {
  expect(Math.abs((ms ?? 0) - words * 500)).toBeLessThan(words * 120);
}

describe("an offline recording", () => {
  test("is counted in the minutes it was said in, without its pauses", async () => {
    const startedAtMs = minutesAgo(90);
    const id = await uploadAt(startedAtMs);
    await start();
    await world.ended(id);
    const minutes = await liveMinutes(world.db, USER, Date.now());
    expect(minutes.map(({ minuteMs }) => minuteMs)).toEqual([startedAtMs]);
    expectSpeech(minutes[0]?.speechMs, 2);
    expect((await use(startedAtMs + 25 * HOUR)).totals.daily).toBe(0);
  });

  test("of a backlog counts for nobody's limit, and neither does anything while fair use is off", async () => {
    const old = await uploadAt(minutesAgo(600), "backfill");
    await start();
    await world.ended(old);
    await worker?.close();
    await start({ FAIR_USE_ENABLED: "false" });
    await world.ended(await uploadAt(minutesAgo(30)));
    expect((await use()).totals.weekly).toBe(0);
    const counted = await world.db.selectFrom("fair_use_speech").select("source").execute();
    expect(counted).toEqual([{ source: "sync_backfill" }]);
  });

  test("is looked at when it crosses a cap", async () => {
    const id = await uploadAt(minutesAgo(90));
    await start({ FAIR_USE_DAILY_SPEECH_MS: "100" });
    await world.ended(id);
    const [event] = await waitFor("the verdict", async () => {
      const events = await listFairUseEvents(world.db, USER, 5);
      return events.length > 0 ? events : undefined;
    });
    expect(event).toMatchObject({ trigger: "sync", session_id: id, thresholds_ms: { daily: 100 } });
  });

  test("is left to a pusher to be looked at where there is a language model", async () => {
    const id = await uploadAt(minutesAgo(90));
    await start({ FAIR_USE_DAILY_SPEECH_MS: "100", HOLDFAST_LLM_URL: "http://127.0.0.1:9" });
    await world.ended(id);
    const looks = await waitFor("the job", async () => {
      const jobs = await listJobs(world.db, { userId: USER, kinds: ["fair_use"], limit: 5 });
      return jobs.length > 0 ? jobs : undefined;
    });
    expect(looks).toMatchObject([{ state: "queued", payload: { session_id: id, trigger: "sync" } }]);
    expect(await listFairUseEvents(world.db, USER, 5)).toEqual([]);
  });
});

describe("a restricted user whose budget is used up", () => {
  beforeEach(async () => await setFairUseStage(world.db, { ...BY, nowMs: Date.now() }, "restrict"));
  const BUDGET = { FAIR_USE_RESTRICT_DAILY_DG_MS: "400" };

  test("has fresh recordings wait for midnight, visibly, and a backlog done meanwhile; a reset ends the wait", async () => {
    const first = await uploadAt(minutesAgo(200));
    await start(BUDGET);
    await world.ended(first);
    expectSpeech((await use()).budgetUsedMs, 2);

    const second = await uploadAt(minutesAgo(100));
    const waiting = await waitFor("the job to say why it waits", async () => {
      const job = await world.job(second);
      return job.state === "queued" && job.reasonCode === FAIR_USE.syncWaits ? job : undefined;
    });
    expect(waiting).toMatchObject({ attempts: 0, tries: 1 });
    expect(Math.abs(waiting.dueMs - nextUtcMidnight(Date.now()))).toBeLessThan(5_000);
    await worker?.close();
    const old = await uploadAt(minutesAgo(900), "backfill");
    await start(BUDGET);
    expect(await world.ended(old)).toMatchObject({ state: "completed" });
    expect((await world.job(second)).state).toBe("queued");

    await resetFairUse(world.db, { ...BY, nowMs: Date.now() });
    expect(await world.ended(second)).toMatchObject({ state: "completed", attempts: 0 });
    expect((await world.spoken()).map(({ words: heard }) => heard)).toEqual([1, 2, 3].map(() => words(SPEECH)));
    expectSpeech((await use()).totals.daily, 4);
  });
});

describe("work that is done twice", () => {
  test("counts once: the same recording in another batch, transcribed again", async () => {
    const file = await binFile("opus", SPOKEN, minutesAgo(90));
    const first = await world.upload([file]);
    await start();
    await world.ended(first);
    const before = (await use()).totals;
    const asked = engine.asked.count;
    await sql`delete from sync_pieces`.execute(world.db);
    const other = await binFile("opus", beeps([{ at: 1, hz: 900 }], 3), minutesAgo(60));
    await world.ended(await world.upload([file, other]));
    expect(engine.asked.count).toBeGreaterThanOrEqual(asked + 2);
    expectSpeech((await use()).totals.daily - before.daily, 1);
  });
});

describe("the sweep", () => {
  test("removes meters after eight days", async () => {
    await world.db
      .insertInto("fair_use_speech")
      .values([9, 7].map((days) => speechDaysAgo(days)))
      .execute();
    const deps = {
      db: world.db,
      blobs: world.blobs,
      config: parseConfig({}),
      clock: systemClock,
      random: systemRandom,
    };
    await sweepFairUse({ ...deps, log: silentLog }, new AbortController().signal);
    expect(await world.db.selectFrom("fair_use_speech").select("origin").execute()).toEqual([{ origin: "7" }]);
  });

  const speechDaysAgo = (days: number) => ({
    ...{ user_id: USER, source: "realtime", origin: String(days), speech_ms: 1, position: 1 },
    minute: new Date(Date.now() - days * 24 * HOUR),
  });
});
