/**
 * A language model looks at users who crossed a cap: real pushers, a real database, a scripted server of the OpenAI shape.
 * Each run is decided once, whoever dies or comes late, and what is not understood decides nothing.
 */
import { randomUUID } from "node:crypto";
import { parseConfig } from "@holdfast/contract";
import { fairUsePolicy, minuteOf } from "@holdfast/core";
import {
  addSpeech,
  commitSegments,
  createConversation,
  type Db,
  findFairUseUser,
  findJob,
  listFairUseEvents,
  listJobs,
  openRecording,
  requestLook,
  resetFairUse,
} from "@holdfast/store";
import { type ScriptedLlm, startScriptedLlm, startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Cleanup, cleanUp, pusher, pusherProcess, type TestPusher, USER } from "./harness.ts";
import { said } from "./said.ts";

const MINUTE = 60_000;
const LONG_AGO = 8 * 86_400_000;
const FAIR_USE_ON = { FAIR_USE_ENABLED: "true", FAIR_USE_DAILY_SPEECH_MS: "10000" };
const GUILTY = { score: 0.9, type: "audiobook", confidence: 0.9, signs: ["one_narrator"] };
const SECRET = "Xylophone";
const STORY = `It was a dark and stormy night, and the ${SECRET} fell silent. `.repeat(10);

let server: TestServer;
let db: Db;
let url: string;
let llm: ScriptedLlm;
const cleanup: Cleanup = [];
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(async () => {
  ({ db, url } = await server.database());
  llm = await startScriptedLlm();
});
afterEach(async () => {
  await cleanUp(cleanup);
  await llm[Symbol.asyncDispose]();
  await db.destroy();
});
afterAll(async () => await server[Symbol.asyncDispose]());

/** A conversation that goes on, and its speech on the meter. */
async function recorded(id: string, text: string, speechMs: number, atMs = Date.now() - MINUTE): Promise<void> {
  const nowMs = Date.now();
  await createConversation(db, {
    ...{ userId: USER, id, origin: "live", source: "omi", language: "en", externalData: null, clientDeviceId: null },
    ...{ clientPlatform: null, recordingSessionId: `r-${id}`, silenceTimeoutMs: 120_000, startedAtMs: atMs, nowMs },
  });
  const format = { codec: "opus", sampleRate: 16_000, language: "en" };
  const hold = await openRecording(db, { userId: USER, id: `r-${id}`, ...format, nowMs, leaseMs: 20_000 });
  await commitSegments(db, {
    ...{ hold, conversationId: id, upserts: said(text), deletedIds: [] },
    ...{ watermark: { transcribedMessages: 0 }, startedAtMs: atMs, nowMs },
  });
  const speech = [{ origin: `r-${id}/0`, position: 1, minuteMs: minuteOf(atMs), speechMs }];
  await addSpeech(db, { userId: USER, source: "realtime", speech, nowMs });
}

const request = (policy = fairUsePolicy(parseConfig(FAIR_USE_ON)), nowMs = Date.now()) =>
  requestLook(db, { userId: USER, sessionId: "r-c1", trigger: "realtime", policy, nowMs });

async function requested(): Promise<string> {
  return (await request()) ?? expect.fail("nobody is to be looked at");
}

const reading = (aheadMs = 0, over: Record<string, string> = {}): Promise<TestPusher> =>
  pusher(cleanup, db, { ...FAIR_USE_ON, HOLDFAST_LLM_URL: llm.url, ...over }, aheadMs);

const ended = async (id: string) =>
  await waitFor("the end of the job", async () => {
    const job = await findJob(db, USER, id);
    return job?.completedMs === null ? undefined : job;
  });
const event = async <T extends TestPusher["events"][number]["type"]>({ events }: TestPusher, type: T) =>
  await waitFor(`the event ${type}`, () => events.find((each) => each.type === type));
const stage = async () => (await findFairUseUser(db, USER))?.stage;
const cases = () => listFairUseEvents(db, USER, 10);

describe("a user over a cap", () => {
  it("is looked at once whoever asks, by what was said, and the verdict has its case and its reason", async () => {
    await recorded("c1", STORY, 20_000);
    const asked = await Promise.all(Array.from({ length: 8 }, () => request()));
    const [id = "", ...others] = asked.filter((each) => each !== undefined);
    expect(others).toEqual([]);
    llm.script({ kind: "json", answer: GUILTY });
    const started = await reading();
    const job = await ended(id);
    const [found, ...more] = await cases();
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      ...{ session_id: "r-c1", trigger: "realtime", violation: true, enforcement_action: "warning" },
      window_speech_ms: { daily: 20_000 },
      classifier: { name: "llm", score: 0.9, type: "audiobook", evidence: { one_narrator: 1, confidence: 0.9 } },
    });
    expect(job).toMatchObject({
      ...{ state: "completed", attempts: 0 },
      result: { decision: "warning", case_ref: found?.case_ref, judged_by: "llm", type: "audiobook" },
    });
    expect(await findFairUseUser(db, USER)).toMatchObject({ stage: "warning", last_case_ref: found?.case_ref });
    const question = llm.requests[0];
    expect(question?.format).toBe("json_schema");
    expect(question?.messages[1]?.content).toContain("It was a dark and stormy night");
    expect(question?.messages[1]?.content).not.toContain(USER);
    expect(JSON.stringify([started.events, found, job])).not.toContain(SECRET);
    expect(await event(started, "fair_use_verdict")).toMatchObject({ judgedBy: "llm", stage: "warning" });
    expect(await request()).toBeUndefined();
  });

  it("whom the model finds to live a life is left alone, and the run is remembered", async () => {
    await recorded("c1", STORY, 20_000);
    const id = await requested();
    llm.script({ kind: "json", answer: { score: 0.95, type: "podcast", confidence: 0.2, signs: ["show_format"] } });
    await reading();
    expect(await ended(id)).toMatchObject({ state: "completed", result: { decision: "none", score: 0.69 } });
    expect(await cases()).toMatchObject([{ violation: false, classifier: { evidence: { opinion: 0.95 } } }]);
    expect(await stage()).toBe("none");
  });

  it("is judged by the minutes where there is nothing to read, and where the pusher has no model", async () => {
    await recorded("c1", "Hm.", 20_000);
    const first = await requested();
    const withModel = await reading();
    expect(await ended(first)).toMatchObject({ result: { judged_by: "deterministic" } });
    await withModel.close();
    await recorded("c2", STORY, 20_000);
    await sql`update fair_use_users set classify_after = null`.execute(db);
    const second = await requested();
    await pusher(cleanup, db, FAIR_USE_ON);
    expect(await ended(second)).toMatchObject({ result: { judged_by: "deterministic" } });
    expect(llm.requests).toHaveLength(0);
  });

  it("is shown only what counts: no backlog, nothing deleted, nothing old", async () => {
    await recorded("c1", STORY, 20_000);
    await recorded("gone", STORY.replace("stormy", "deleted"), 1_000, Date.now() - 3 * MINUTE);
    await sql`update conversations set deleted_at = now() where id = 'gone'`.execute(db);
    await recorded("old", STORY.replace("stormy", "ancient"), 1_000, Date.now() - LONG_AGO);
    await sql`update conversations set finished_at = started_at where id = 'old'`.execute(db);
    await recorded("uploaded", STORY.replace("stormy", "uploaded"), 1_000, Date.now() - 600 * MINUTE);
    await sql`update conversations set finished_at = started_at where id = 'uploaded'`.execute(db);
    await sql`update fair_use_speech set source = 'sync_backfill' where origin = 'r-uploaded/0'`.execute(db);
    const id = await requested();
    llm.script({ kind: "json", answer: GUILTY });
    await reading();
    await ended(id);
    const question = llm.requests[0]?.messages[1]?.content ?? "";
    expect(question).toContain("stormy");
    expect(question).not.toMatch(/deleted|ancient|uploaded/u);
  });
});

describe("nobody is judged", () => {
  beforeEach(() => recorded("c1", STORY, 20_000));

  it("while the model is away: the job waits, spends no attempt, and goes on when it is back", async () => {
    const id = await requested();
    llm.script({ kind: "status", status: 503 });
    const first = await reading();
    expect(await event(first, "fair_use_failed")).toMatchObject({ class: "transport", state: "queued" });
    expect(await findJob(db, USER, id)).toMatchObject({ state: "queued", attempts: 0, tries: 1 });
    expect([await stage(), await cases()]).toEqual(["none", []]);
    await first.close();
    llm.script({ kind: "json", answer: GUILTY });
    await reading(2 * MINUTE);
    expect(await ended(id)).toMatchObject({ state: "completed", attempts: 0, result: { decision: "warning" } });
  });

  it("by a model that is slow", async () => {
    const id = await requested();
    llm.script({ kind: "stall" });
    const started = await reading(0, { HOLDFAST_LLM_TIMEOUT_SECONDS: "1" });
    expect(await event(started, "fair_use_failed")).toMatchObject({ class: "transport", state: "queued" });
    expect(await findJob(db, USER, id)).toMatchObject({ attempts: 0 });
    expect([await stage(), await cases()]).toEqual(["none", []]);
  });

  it("by nonsense: it spends attempts, and after the last one nothing was decided", async () => {
    const id = await requested();
    llm.script({ kind: "text", text: "Misuse! Score: 1.0" });
    const first = await reading();
    expect(await event(first, "fair_use_failed")).toMatchObject({ code: "llm_invalid_answer", state: "queued" });
    expect(await findJob(db, USER, id)).toMatchObject({ attempts: 1 });
    await first.close();
    await sql`update jobs set attempts = 4 where id = ${id}`.execute(db);
    llm.script({ kind: "json", answer: { ...GUILTY, score: 100 } });
    await reading(10 * MINUTE);
    expect(await ended(id)).toMatchObject({ state: "dead_letter", attempts: 5, reasonCode: "llm_invalid_answer" });
    expect([await stage(), await cases()]).toEqual(["none", []]);
    // Not asked again with every stretch of speech: the run lasts its twelve hours.
    expect(await request()).toBeUndefined();
    expect(await request(undefined, Date.now() + 13 * 60 * MINUTE)).toBeDefined();
  });

  it("after a person decided while the model was thinking", async () => {
    const id = await requested();
    let answer: (value?: unknown) => void = () => {};
    llm.script({
      kind: "held",
      until: new Promise((resolve) => {
        answer = resolve;
      }),
      next: { kind: "json", answer: GUILTY },
    });
    const started = await reading();
    await waitFor("the question", () => llm.requests.length === 1);
    await resetFairUse(db, { userId: USER, by: "admin:test", nowMs: Date.now() });
    answer();
    expect(await ended(id)).toMatchObject({ state: "completed", result: { decision: "none", reason: "superseded" } });
    expect(await event(started, "fair_use_undecided")).toMatchObject({ reason: "superseded" });
    expect([await stage(), await cases()]).toEqual(["none", []]);
  });

  it("under the kill switch, or once within limits again", async () => {
    const first = await requested();
    const killed = await reading(0, { FAIR_USE_KILL_SWITCH: "true" });
    expect(await ended(first)).toMatchObject({ result: { decision: "none", reason: "not_limited" } });
    await killed.close();
    await sql`update fair_use_users set classify_after = null`.execute(db);
    const second = await requested();
    await reading(0, { FAIR_USE_DAILY_SPEECH_MS: "30000" });
    expect(await ended(second)).toMatchObject({ result: { decision: "none", reason: "within_limits" } });
    expect(llm.requests).toHaveLength(0);
    expect(await cases()).toEqual([]);
  });
});

describe("a look is decided once", () => {
  beforeEach(() => recorded("c1", STORY, 20_000));

  it("where its pusher is killed in the middle of the question", async () => {
    const id = await requested();
    llm.script({ kind: "hang" }, { kind: "json", answer: GUILTY });
    const settings = { DATABASE_URL: url, HOLDFAST_LLM_URL: llm.url, ...FAIR_USE_ON };
    const doomed = await pusherProcess(cleanup, settings);
    await waitFor("the question", () => llm.requests.length === 1);
    doomed.child.kill("SIGKILL");
    // Its lease is over for a clock that is ahead.
    const next = await reading(MINUTE);
    expect(await ended(id)).toMatchObject({ state: "completed", epoch: 2, attempts: 0, lostLeases: 1 });
    expect(await event(next, "fair_use_verdict")).toMatchObject({ stage: "warning" });
    expect(await cases()).toMatchObject([{ new_stage: "warning", violation: true }]);
    expect(llm.requests).toHaveLength(2);
    expect(doomed.output()).not.toContain(SECRET);
  });

  it("where its pusher stood still, and answers after another one has", async () => {
    const id = await requested();
    let answer: (value?: unknown) => void = () => {};
    const until = new Promise((resolve) => {
      answer = resolve;
    });
    llm.script({ kind: "held", until, next: { kind: "json", answer: GUILTY } }, { kind: "json", answer: GUILTY });
    const late = await reading();
    await waitFor("the question", () => llm.requests.length === 1);
    const next = await reading(MINUTE);
    await event(next, "fair_use_verdict");
    answer();
    expect(await event(late, "fair_use_undecided")).toMatchObject({ reason: "lease_lost" });
    expect(await cases()).toHaveLength(1);
    expect(await stage()).toBe("warning");
    expect((await listJobs(db, { userId: USER, kinds: ["fair_use"], limit: 9 })).map((job) => job.id)).toEqual([id]);
  });
});

it("a job that belongs to no run ends at once, without a question", async () => {
  const id = randomUUID();
  await recorded("c1", STORY, 20_000);
  const now = new Date();
  await sql`insert into jobs (user_id, id, kind, state, payload, due_at, created_at, updated_at)
    values (${USER}, ${id}, 'fair_use', 'queued', '{}', ${now}, ${now}, ${now})`.execute(db);
  await reading();
  expect(await ended(id)).toMatchObject({ result: { decision: "none", reason: "superseded" } });
  expect(llm.requests).toHaveLength(0);
});
