/** The routes of fair use against a real database: what users see, what a case tells anybody, and what an admin may do. */
import { createHash, randomUUID } from "node:crypto";
import { parseConfig } from "@holdfast/contract";
import { deterministicClassifier, fairUsePolicy, minuteOf, nextUtcMidnight, silentLog } from "@holdfast/core";
import { systemRandom } from "@holdfast/runtime";
import {
  addSpeech,
  createToken,
  evaluateFairUse,
  findFairUseUser,
  listFairUseEvents,
  listJobs,
  OWNER_USER_ID,
  setFairUseStage,
} from "@holdfast/store";
import { fastClock, startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openLiveFairUse } from "../src/listen/fair-use.ts";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";
import { multipartRequest, recording, wav } from "./support/multipart.ts";

const KEY = "the-key-of-the-admin";
const ON = { FAIR_USE_ENABLED: "true", ADMIN_KEY: KEY };
const HOUR = 3_600_000;
const BY = `admin:${createHash("sha256").update(KEY).digest("hex").slice(0, 8)}`;

let server: TestServer;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());
const open = async (env: Record<string, string> = ON): Promise<void> => {
  gateway = await startTestGateway(server, { env });
};
afterEach(async () => await gateway?.[Symbol.asyncDispose]());

async function speak(speechMs: number, userId = "alice"): Promise<void> {
  const nowMs = Date.now();
  const speech = [{ origin: randomUUID(), position: 1, minuteMs: minuteOf(nowMs), speechMs }];
  await addSpeech(gateway.db, { userId, source: "realtime", speech, nowMs });
}

/** As a session or a worker does. Much more speech in a minute than a minute holds is misuse to the default classifier. */
async function lookAt(userId = "alice"): Promise<string> {
  const policy = fairUsePolicy(parseConfig(ON));
  const options = { userId, sessionId: "r1", trigger: "realtime", policy, random: systemRandom } as const;
  const evaluation = await evaluateFairUse(gateway.db, {
    ...options,
    classifier: deterministicClassifier,
    nowMs: Date.now(),
  });
  return evaluation?.caseRef ?? expect.fail("nobody looked");
}

interface Shown {
  readonly message: string;
  readonly dg_budget: { readonly resets_at: string | null };
  readonly users: readonly { readonly uid: string }[];
  readonly events: readonly { readonly id: string }[];
}

const body = async (response: Response): Promise<Shown> => (await response.json()) as Shown;
const status = async () => await body(await gateway.ask("/v1/fair-use/status"));
const admin = (path: string, init: RequestInit = {}, key = KEY) =>
  gateway.ask(`/v1/admin/fair-use${path}`, { ...init, token: null, headers: { "x-admin-key": key } });
const restrict = (userId = "alice") =>
  setFairUseStage(gateway.db, { userId, by: "test", nowMs: Date.now() }, "restrict");

describe("GET /v1/fair-use/status", () => {
  it("has the shape of the reference for somebody who never spoke, also while fair use is off", async () => {
    await open({});
    expect(await status()).toEqual({
      ...{ stage: "none", case_ref: "", speech_hours_today: 0, speech_hours_3day: 0, speech_hours_weekly: 0 },
      limits: { daily_hours: 2, three_day_hours: 8, weekly_hours: 10 },
      usage_pct: { daily: 0, three_day: 0, weekly: 0 },
      dg_budget: { daily_limit_ms: 1_800_000, used_ms: 0, remaining_ms: 1_800_000, exhausted: false, resets_at: null },
      message: expect.any(String),
    });
    expect((await gateway.ask("/v1/fair-use/status", { token: null })).status).toBe(401);
  });

  it("shows speech, the caps of the plan, the budget and the case", async () => {
    await open({ ...ON, FAIR_USE_UNLIMITED_UIDS: "alice" });
    await speak(5 * HOUR + 123_456);
    const caseRef = await lookAt();
    await restrict();
    await speak(30 * 60_000);
    const shown = await status();
    expect(shown).toMatchObject({
      ...{ stage: "restrict", case_ref: caseRef, speech_hours_today: 5.53 },
      limits: { daily_hours: 4, three_day_hours: 16, weekly_hours: 20 },
      usage_pct: { daily: 138.4, three_day: 34.6, weekly: 27.7 },
      dg_budget: { used_ms: 1_800_000, remaining_ms: 0, exhausted: true },
    });
    expect(shown.dg_budget.resets_at).toMatch(/^\d{4}-\d\d-\d\dT00:00:00Z$/);
    expect(shown.message).toContain(caseRef);
  });
});

describe("GET /v1/fair-use/case/{ref}/status", () => {
  it("needs no token, says what became of it, and nothing about who it is", async () => {
    await open();
    await speak(20 * HOUR);
    const caseRef = await lookAt();
    const ask = async (ref: string) => await gateway.ask(`/v1/fair-use/case/${ref}/status`, { token: null });
    const response = await ask(caseRef);
    expect(response.status).toBe(200);
    const told = await body(response);
    expect(Object.keys(told).sort()).toEqual([
      "case_ref",
      "created_at",
      "message",
      "stage",
      "support_email",
      "updated_at",
    ]);
    expect(told).toMatchObject({ case_ref: caseRef, stage: "warning" });
    expect((await ask("FU-000000000000")).status).toBe(404);
    expect((await ask("x")).status).toBe(404);
    const [event] = await listFairUseEvents(gateway.db, "alice", 1);
    await admin(`/user/alice/resolve-event/${event?.id}`, { method: "POST" });
    expect(await (await ask(caseRef)).json()).toMatchObject({ stage: "none" });
  });

  it("answers ten times a minute", async () => {
    await open();
    for (let n = 0; n < 10; n += 1)
      expect((await gateway.ask("/v1/fair-use/case/x/status", { token: null })).status).toBe(404);
    const refused = await gateway.ask("/v1/fair-use/case/x/status", { token: null });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

describe("the admin routes", () => {
  it("are closed without the key, with another one, and where none is set", async () => {
    await open();
    expect((await gateway.ask("/v1/admin/fair-use/flagged")).status).toBe(403);
    expect((await admin("/flagged", {}, "another")).status).toBe(403);
    expect((await admin("/user/alice/reset", { method: "POST" }, "")).status).toBe(403);
    await gateway[Symbol.asyncDispose]();
    await open({ FAIR_USE_ENABLED: "true" });
    expect((await admin("/flagged", {}, "")).status).toBe(403);
    expect((await admin("/flagged")).status).toBe(403);
  });

  it("are open to the owner of the server, whose decisions are signed as the owner's, and to no other token", async () => {
    await open({});
    const token = await createToken(gateway.db, { userId: OWNER_USER_ID, name: "test", nowMs: Date.now() });
    const asOwner = (path: string, init: RequestInit = {}) =>
      gateway.ask(`/v1/admin/fair-use${path}`, { ...init, token });
    await restrict("bob");
    expect(await (await asOwner("/flagged")).json()).toMatchObject({
      fair_use_enabled: false,
      users: [{ uid: "bob" }],
    });
    expect((await asOwner("/user/bob/set-stage?stage=warning", { method: "POST" })).status).toBe(200);
    expect((await asOwner("/user/bob/reset", { method: "POST" })).status).toBe(200);
    expect(await findFairUseUser(gateway.db, "bob")).toMatchObject({ stage: "none", reset_by: "owner" });
    expect((await gateway.ask("/v1/admin/fair-use/user/bob/reset", { method: "POST" })).status).toBe(403);
  });

  it("list who is flagged, and show a user and a case", async () => {
    await open();
    await speak(20 * HOUR);
    const caseRef = await lookAt();
    await restrict("bob");
    const flagged = await body(await admin("/flagged"));
    expect(flagged).toMatchObject({ fair_use_enabled: true });
    expect(flagged.users.map((user: { uid: string }) => user.uid)).toEqual(["bob", "alice"]);
    expect((await body(await admin("/flagged?stage=restrict&limit=1"))).users).toMatchObject([{ uid: "bob" }]);
    expect((await admin("/flagged?stage=banned")).status).toBe(400);
    expect((await admin("/flagged?limit=201")).status).toBe(422);
    const shown = await body(await admin("/user/alice"));
    expect(shown).toMatchObject({
      uid: "alice",
      state: { stage: "warning", violation_count_7d: 1, violation_count_30d: 1, last_case_ref: caseRef },
      events: [{ case_ref: caseRef, enforcement_action: "warning", resolved: false, session_id: "r1" }],
      current_speech_ms: { daily: 20 * HOUR, three_day: 20 * HOUR, weekly: 20 * HOUR },
    });
    expect(await body(await admin(`/case/${caseRef}`))).toMatchObject({
      uid: "alice",
      event_id: shown.events[0]?.id,
    });
    expect((await admin("/case/FU-000000000000")).status).toBe(404);
    expect(await body(await admin("/user/nobody"))).toMatchObject({
      uid: "nobody",
      state: { stage: "none" },
      events: [],
    });
  });

  it("set stages, resolve and reset, signed with a hash of the key", async () => {
    await open();
    const post = async (path: string) => await admin(path, { method: "POST" });
    expect(await (await post("/user/alice/set-stage?stage=restrict")).json()).toEqual({
      status: "updated",
      stage: "restrict",
    });
    expect(await status()).toMatchObject({ stage: "restrict" });
    expect((await post("/user/alice/set-stage?stage=gone")).status).toBe(400);
    expect(await (await post("/user/alice/reset")).json()).toEqual({ status: "reset" });
    expect(await findFairUseUser(gateway.db, "alice")).toMatchObject({ stage: "none", reset_by: BY });
    await speak(20 * HOUR, "bob");
    await lookAt("bob");
    const [event] = await listFairUseEvents(gateway.db, "bob", 1);
    const resolve = `/user/bob/resolve-event/${event?.id}?notes=a%20conference`;
    expect(await (await post(resolve)).json()).toEqual({ status: "resolved" });
    expect(await body(await admin("/user/bob"))).toMatchObject({
      state: { violation_count_7d: 0 },
      events: [{ resolved: true, resolved_by: BY, admin_notes: "a conference" }],
    });
    expect((await post(`/user/bob/resolve-event/${randomUUID()}`)).status).toBe(404);
  });
});

describe("an upload", () => {
  const upload = async (ageMs: number, headers: Record<string, string> = {}) =>
    await gateway.ask("/v2/sync-local-files", multipartRequest([recording(ageMs, randomUUID())], headers));
  const jobs = async () => (await gateway.db.selectFrom("jobs").select("lane").execute()).map(({ lane }) => lane);

  it("is refused to the restricted above a cap, with everything clients look for; a backlog is taken", async () => {
    await open();
    await speak(3 * HOUR);
    expect((await upload(HOUR)).status).toBe(202);
    await restrict();
    const refused = await upload(HOUR, { "x-request-id": "0a1b2c3d-4e5f-4aaa-8bbb-cccccccccccc" });
    expect(refused.status).toBe(429);
    expect(await refused.json()).toEqual({ code: "fair_use_restricted", detail: expect.any(String) });
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      "retry-after": "3600",
      "x-omi-rate-limit-reason": "fair_use",
      "x-request-id": "0a1b2c3d-4e5f-4aaa-8bbb-cccccccccccc",
    });
    const anonymous = await upload(HOUR, { "x-request-id": "not an id" });
    expect(anonymous.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect((await upload(48 * HOUR)).status).toBe(202);
    expect((await jobs()).sort()).toEqual(["backfill", "fresh"]);
    expect(await gateway.leftovers()).toHaveLength(2);
  });

  it("of a sound file is refused as a problem, until the restriction ends", async () => {
    await open();
    await speak(3 * HOUR);
    await restrict();
    const until = new Date(Date.now() + 600_000);
    await gateway.db.updateTable("fair_use_users").set({ restrict_until: until }).execute();
    const file = { field: "file", fileName: "talk.wav", bytes: wav() };
    const refused = await gateway.ask("/v1/uploads", multipartRequest([file]));
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ code: "fair_use_restricted", class: "throttle", scope: "account" });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(590);
    expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(600);
    expect(refused.headers.get("x-omi-rate-limit-reason")).toBe("fair_use");
    expect(await gateway.leftovers()).toEqual([]);
  });

  it("is refused at the daily ceiling and without a budget, until midnight", async () => {
    await open({ ...ON, MAX_DAILY_AUDIO_HOURS: "1" });
    const untilMidnight = () => Math.ceil((nextUtcMidnight(Date.now()) - Date.now()) / 1000);
    await speak(HOUR);
    const atCeiling = await upload(HOUR);
    expect(atCeiling.status).toBe(429);
    expect(Math.abs(Number(atCeiling.headers.get("retry-after")) - untilMidnight())).toBeLessThanOrEqual(3);
    await gateway[Symbol.asyncDispose]();
    await open();
    await restrict();
    await speak(30 * 60_000);
    const spent = await upload(HOUR);
    expect(spent.status).toBe(429);
    expect(Math.abs(Number(spent.headers.get("retry-after")) - untilMidnight())).toBeLessThanOrEqual(3);
  });

  it("is never refused while fair use is off", async () => {
    await open({ ADMIN_KEY: KEY });
    await speak(40 * HOUR);
    await restrict();
    expect((await upload(HOUR)).status).toBe(202);
  });
});

describe("a live session over a cap", () => {
  const stretch = { isFinal: true, text: "Words.", channel: 0, speaker: 0, messages: 1, startedAtMs: 0, endedAtMs: 1 };
  const session = async (over: Record<string, string>) => {
    await open();
    await speak(3 * HOUR);
    const config = parseConfig({ ...ON, FAIR_USE_CHECK_INTERVAL_SECONDS: "1", ...over });
    const out = { event: () => {}, segments: () => {}, ping: () => {}, close: () => {} };
    const deps = { db: gateway.db, clock: fastClock(20), random: systemRandom, config };
    const identity = { userId: "alice", recordingSessionId: "r1", out, log: silentLog };
    const fairUse = openLiveFairUse(deps, identity) ?? expect.fail("not limited");
    const timers = fairUse.start(async () => {});
    fairUse.heard(stretch);
    return () => timers.map((timer) => timer.cancel());
  };
  const looks = () => listJobs(gateway.db, { userId: "alice", kinds: ["fair_use"], limit: 9 });

  it("is judged by the minutes at once, or by a model in a pusher's job", async () => {
    const endFirst = await session({});
    await waitFor("the verdict", async () => (await listFairUseEvents(gateway.db, "alice", 9)).length === 1);
    endFirst();
    expect(await looks()).toEqual([]);
    await gateway[Symbol.asyncDispose]();
    const endSecond = await session({ HOLDFAST_LLM_URL: "http://127.0.0.1:9" });
    await waitFor("the job", async () => (await looks()).length === 1);
    endSecond();
    expect(await looks()).toMatchObject([{ state: "queued", payload: { session_id: "r1", trigger: "realtime" } }]);
    expect(await listFairUseEvents(gateway.db, "alice", 9)).toEqual([]);
  });
});
