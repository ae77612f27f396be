/** Fair use in a real database: nothing counted twice, one verdict whoever asks, and a person's word takes effect at once. */
import { randomUUID } from "node:crypto";
import { FAIR_USE, parseConfig } from "@holdfast/contract";
import {
  type Classifier,
  currentStage,
  type FairUsePolicy,
  fairUsePolicy,
  minuteOf,
  NO_STAGE,
  setStage,
  speechGate,
  type Verdict,
} from "@holdfast/core";
import { systemRandom } from "@holdfast/runtime";
import {
  addSpeech,
  admitConversation,
  type CountedSpeech,
  claimJob,
  commitSegments,
  type Db,
  enqueueJob,
  evaluateFairUse,
  expireFairUse,
  failJob,
  findFairUseCase,
  findFairUseUser,
  findJob,
  listFairUseEvents,
  listFlaggedUsers,
  liveMinutes,
  loadFairUse,
  requestLook,
  resetFairUse,
  resolveFairUseEvent,
  setFairUseStage,
  stageOf,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openConversation, recording, segment, T0, USER } from "./seed.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BY = { userId: USER, by: "admin:test" };

let server: TestServer;
let db: Db;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());
beforeEach(async () => {
  const database = await server.database();
  db = database.db;
  return async () => await db.destroy();
});

function policyWith(over: Record<string, string> = {}): FairUsePolicy {
  return fairUsePolicy(parseConfig({ FAIR_USE_ENABLED: "true", FAIR_USE_DAILY_SPEECH_MS: "10000", ...over }));
}

const part = (origin: string, position: number, speechMs: number, atMs = T0): CountedSpeech => ({
  origin,
  position,
  minuteMs: minuteOf(atMs),
  speechMs,
});

const add = (
  speech: readonly CountedSpeech[],
  nowMs = T0,
  source: "realtime" | "sync_fresh" | "sync_backfill" = "realtime",
) => addSpeech(db, { userId: USER, source, speech, nowMs });

const daily = async (nowMs = T0) => (await loadFairUse(db, USER, nowMs)).totals.daily;

/** A classifier that says what it is told, and counts how often it was asked. */
function scripted(...scores: (number | Error)[]): Classifier & { asked: number } {
  const classifier = {
    name: "scripted",
    asked: 0,
    async classify(): Promise<Verdict> {
      const next = scores[classifier.asked] ?? 0;
      classifier.asked += 1;
      if (next instanceof Error) throw next;
      return { score: next, type: "podcast", evidence: {} };
    },
  };
  return classifier;
}

const evaluate = (classifier: Classifier, nowMs: number, policy = policyWith()) =>
  evaluateFairUse(db, {
    ...{ userId: USER, sessionId: "r1", trigger: "realtime", policy, classifier, random: systemRandom, nowMs },
  });

describe("meters", () => {
  it("add up the minutes of one origin, and leave a window with their capture", async () => {
    await add([part("r1/0", 100, 4_000), part("r1/0", 200, 3_000), part("r1/0", 300, 2_000, T0 - 30 * HOUR)]);
    expect((await loadFairUse(db, USER, T0)).totals).toEqual({ daily: 7_000, three_day: 9_000, weekly: 9_000 });
    expect((await loadFairUse(db, USER, T0 + DAY)).totals).toEqual({ daily: 0, three_day: 9_000, weekly: 9_000 });
    expect((await loadFairUse(db, USER, T0 + 8 * DAY)).totals.weekly).toBe(0);
    expect(await liveMinutes(db, USER, T0)).toEqual([
      { minuteMs: minuteOf(T0 - 30 * HOUR), speechMs: 2_000 },
      { minuteMs: minuteOf(T0), speechMs: 7_000 },
    ]);
    expect((await loadFairUse(db, "somebody else", T0)).totals.weekly).toBe(0);
  });

  it("count a repeated report once, whole or in part, and at the same time", async () => {
    const report = [part("r1/0", 100, 4_000), part("r1/0", 200, 3_000)];
    await Promise.all([add(report), add(report), add(report)]);
    expect(await daily()).toBe(7_000);
    await add([...report, part("r1/0", 250, 500)]);
    expect(await daily()).toBe(7_500);
  });

  it("tell origins and sources apart, and never hold a backlog against anybody", async () => {
    await add([part("r1/1", 100, 1_000), part("r1/2", 100, 1_000)]);
    await add([part("r1/1", 100, 1_000)], T0, "sync_fresh");
    await add([part("r1/1", 100, 50_000)], T0, "sync_backfill");
    expect(await daily()).toBe(3_000);
  });

  it("spend the budget only of the restricted, by the day it was spent", async () => {
    expect((await add([part("r1/0", 1, 5_000)])).budgetUsedMs).toBe(0);
    await setFairUseStage(db, { ...BY, nowMs: T0 }, "restrict");
    const report = [part("r1/0", 2, 5_000, T0 - 3 * DAY)];
    const spent = await add(report);
    expect(spent).toMatchObject({ budgetUsedMs: 5_000, state: { stage: "restrict" } });
    expect((await add(report)).budgetUsedMs).toBe(5_000);
    expect((await add([part("r2/0", 2, 5_000)], T0, "sync_backfill")).budgetUsedMs).toBe(5_000);
    expect((await loadFairUse(db, USER, T0)).budgetUsedMs).toBe(5_000);
    expect((await loadFairUse(db, USER, T0 + DAY)).budgetUsedMs).toBe(0);
    const policy = policyWith({ FAIR_USE_RESTRICT_DAILY_DG_MS: "5000" });
    expect(speechGate(policy, spent, T0).open).toBe(false);
  });
});

describe("speech of live words", () => {
  const speech = [part("rec-1/0", 50, 3_000)];
  const committed = async (hold: Awaited<ReturnType<typeof recording>>, over: object = {}) => {
    const { outcome } = await commitSegments(db, {
      ...{ hold, conversationId: "c1", upserts: [segment("s1", "Hello.", 0, 1)], deletedIds: [], nowMs: T0 },
      ...{ watermark: { transcribedMessages: 50 }, startedAtMs: T0, speech, ...over },
    });
    return outcome;
  };
  beforeEach(async () => await openConversation(db, "c1"));

  it("is counted with them, in one transaction, and once where the answer was lost", async () => {
    const hold = await recording(db);
    expect(await committed(hold)).toBe("stored");
    expect(await committed(hold)).toBe("stored");
    expect(await daily()).toBe(3_000);
    await admitConversation(db, { userId: USER, conversationId: "c1", trigger: "stop", force: false, nowMs: T0 });
    expect(await committed(hold)).toBe("stored");
    expect(await daily()).toBe(3_000);
  });

  it("is not counted where they are not stored, and neither is there without the other", async () => {
    const hold = await recording(db);
    expect(await committed({ ...hold, epoch: hold.epoch + 1 })).toBe("fenced");
    expect(await committed(hold, { conversationId: "nowhere" })).toBe("closed");
    const unstorable = [{ ...part("rec-1/0", 50, 3_000), speechMs: 2 ** 40 }];
    await expect(committed(hold, { speech: unstorable })).rejects.toThrow();
    expect(await db.selectFrom("segments").select("id").execute()).toEqual([]);
    expect(await daily()).toBe(0);
  });

  it("spends the budget of the restricted", async () => {
    const hold = await recording(db);
    await setFairUseStage(db, { ...BY, nowMs: T0 }, "restrict");
    await committed(hold);
    await committed(hold);
    expect((await loadFairUse(db, USER, T0)).budgetUsedMs).toBe(3_000);
  });

  it("waits for no other writer of fair use for ever, nor they for it", async () => {
    const hold = await recording(db);
    await add([part("other", 1, 20_000)]);
    const policy = policyWith();
    const request = { userId: USER, sessionId: "r1", trigger: "realtime", policy, nowMs: T0 } as const;
    const rounds = Array.from({ length: 10 }, (_, n) => n + 1);
    await Promise.all(
      rounds.flatMap((n) => [
        committed(hold, { watermark: { transcribedMessages: 50 + n }, speech: [part("rec-1/0", 50 + n, 100)] }),
        add([part("other", 1 + n, 100)]),
        requestLook(db, request),
        resetFairUse(db, { ...BY, nowMs: T0 }),
      ]),
    );
    expect(await daily()).toBeGreaterThan(20_000);
  });
});

describe("a verdict", () => {
  it("is asked for above a cap only, once in twelve hours, by however many at once", async () => {
    const classifier = scripted(0.9, 0.9);
    await add([part("r1/0", 1, 10_000)]);
    expect(await evaluate(classifier, T0)).toBeUndefined();
    expect(classifier.asked).toBe(0);
    await add([part("r1/0", 2, 1)]);
    const outcomes = await Promise.all([1, 2, 3].map(() => evaluate(classifier, T0)));
    expect(outcomes.filter((outcome) => outcome !== undefined)).toMatchObject([
      { previousStage: "none", stage: "warning", caseRef: expect.stringMatching(/^FU-[0-9A-F]{12}$/) },
    ]);
    expect(await evaluate(classifier, T0 + 12 * HOUR - 1)).toBeUndefined();
    expect(classifier.asked).toBe(1);
    expect(await evaluate(classifier, T0 + 12 * HOUR)).toMatchObject({ stage: "throttle" });
  });

  it("leads up the ladder with an event for each step, and the user with it", async () => {
    await add([part("r1/0", 1, 20_000), part("r1/0", 2, 0)], T0);
    const classifier = scripted(0.8, 0.3, 0.7, 0.75);
    const nows = [0, 12, 24, 36].map((hours) => T0 + hours * HOUR);
    const policy = policyWith({ FAIR_USE_WEEKLY_SPEECH_MS: "10000" });
    for (const nowMs of nows) await evaluate(classifier, nowMs, policy);
    const events = await listFairUseEvents(db, USER, 50);
    expect(events.map((event) => [event.previous_stage, event.new_stage, event.enforcement_action])).toEqual([
      ["throttle", "restrict", "restrict"],
      ["warning", "throttle", "throttle"],
      ["warning", "warning", "none"],
      ["none", "warning", "warning"],
    ]);
    expect(events[0]).toMatchObject({
      session_id: "r1",
      trigger: "realtime",
      window_speech_ms: { weekly: 20_000 },
      thresholds_ms: { weekly: 10_000 },
      classifier: { name: "scripted", score: 0.75, type: "podcast" },
    });
    const user = await findFairUseUser(db, USER);
    expect(user).toMatchObject({
      stage: "restrict",
      restrict_until: T0 + 36 * HOUR + FAIR_USE.restrictMs,
      restrict_reason: "podcast",
      last_case_ref: events[0]?.case_ref,
      last_violation_at: T0 + 36 * HOUR,
    });
    expect(await findFairUseCase(db, events[0]?.case_ref ?? "")).toMatchObject({ id: events[0]?.id, user_id: USER });
    const state = stageOf(user ?? expect.fail());
    expect(currentStage(state, T0 + 70 * DAY)).toEqual(NO_STAGE);
    const flagged = async (nowMs: number) =>
      (await listFlaggedUsers(db, undefined, 50, nowMs)).map((row) => row.user_id);
    expect(await flagged(T0 + 37 * HOUR)).toEqual([USER]);
    expect(await listFlaggedUsers(db, "warning", 50, T0 + 37 * HOUR)).toEqual([]);
    expect(await flagged(T0 + 70 * DAY)).toEqual([]);
  });

  it("that could not be made is asked for again at once, and one whose process died after five minutes", async () => {
    await add([part("r1/0", 1, 20_000)]);
    const classifier = scripted(new Error("away"), 0.9);
    await expect(evaluate(classifier, T0)).rejects.toThrow("away");
    const neverEnds: Classifier = { name: "stuck", classify: () => new Promise(() => {}) };
    void evaluate(neverEnds, T0);
    await expect
      .poll(async () => (await findFairUseUser(db, USER))?.classify_after)
      .toBe(T0 + FAIR_USE.classifierLeaseMs);
    expect(await evaluate(classifier, T0 + MINUTE)).toBeUndefined();
    expect(await evaluate(classifier, T0 + FAIR_USE.classifierLeaseMs)).toMatchObject({ stage: "warning" });
  });

  it("is never asked for of the exempt, or while fair use is off", async () => {
    await add([part("r1/0", 1, 20_000)]);
    const classifier = scripted(1, 1, 1);
    const asks = [{ FAIR_USE_ENABLED: "false" }, { FAIR_USE_KILL_SWITCH: "true" }, { FAIR_USE_EXEMPT_UIDS: USER }];
    for (const over of asks)
      expect(await evaluate(classifier, T0, policyWith(over as Record<string, string>))).toBeUndefined();
    expect(classifier.asked).toBe(0);
  });
});

describe("a person's word", () => {
  const restricted = () => setFairUseStage(db, { ...BY, nowMs: T0 }, "restrict");
  const stage = async (nowMs = T0) => currentStage((await loadFairUse(db, USER, nowMs)).state, nowMs).stage;

  async function waitingJob(reason: string): Promise<string> {
    const id = randomUUID();
    await enqueueJob(db, { userId: USER, id, kind: "repair", payload: {}, dueMs: T0, nowMs: T0 });
    const job = await claimJob(db, ["repair"], { owner: "w", nowMs: T0, leaseMs: 1_000 });
    const failure = { class: "throttle", code: reason, message: "", retryAfterMs: 6 * HOUR } as const;
    expect(await failJob(db, job ?? expect.fail(), failure, T0, 0)).toBe("queued");
    return id;
  }

  it("sets any stage, and a restriction without an end", async () => {
    await restricted();
    expect(stageOf((await findFairUseUser(db, USER)) ?? expect.fail())).toEqual(setStage("restrict", T0));
    expect(await stage(T0 + 900 * DAY)).toBe("restrict");
    await setFairUseStage(db, { ...BY, nowMs: T0 }, "none");
    expect(await stage()).toBe("none");
  });

  it("resets: a whole budget, no case, earlier violations forgotten, and waiting work is due", async () => {
    await add([part("r1/0", 1, 20_000)]);
    await evaluate(scripted(0.9), T0);
    await restricted();
    await add([part("r1/0", 2, 5_000)]);
    const waits = await waitingJob(FAIR_USE.repairWaits);
    const waitsForAnother = await waitingJob("stt_unreachable");
    await resetFairUse(db, { ...BY, nowMs: T0 + MINUTE });
    expect(await loadFairUse(db, USER, T0 + MINUTE)).toMatchObject({ state: NO_STAGE, budgetUsedMs: 0 });
    expect(await findFairUseUser(db, USER)).toMatchObject({
      last_case_ref: null,
      reset_by: BY.by,
      reset_at: T0 + MINUTE,
    });
    expect(await findJob(db, USER, waits)).toMatchObject({ dueMs: T0 + MINUTE, attempts: 0 });
    expect((await findJob(db, USER, waitsForAnother))?.dueMs).toBeGreaterThan(T0 + HOUR);
    // The speech is still there, so the next run finds it; it is the first violation again.
    expect(await evaluate(scripted(0.9), T0 + MINUTE)).toBeUndefined();
    expect(await evaluate(scripted(0.9), T0 + 13 * HOUR)).toMatchObject({ previousStage: "none", stage: "warning" });
    await add([part("r1/0", 3, 20_000, T0 + DAY)], T0 + DAY);
    expect(await evaluate(scripted(0.9), T0 + 26 * HOUR)).toMatchObject({ stage: "throttle" });
  });

  it("resolves an event, which counts no more", async () => {
    await add([part("r1/0", 1, 20_000)]);
    await evaluate(scripted(0.9), T0);
    const [event] = await listFairUseEvents(db, USER, 1);
    expect(await resolveFairUseEvent(db, { ...BY, nowMs: T0 }, event?.id ?? "", "a conference")).toBe(true);
    expect(await resolveFairUseEvent(db, { ...BY, nowMs: T0 }, randomUUID(), "")).toBe(false);
    expect((await listFairUseEvents(db, USER, 1))[0]).toMatchObject({
      resolved_by: BY.by,
      admin_notes: "a conference",
    });
    expect(await evaluate(scripted(0.9), T0 + 12 * HOUR)).toMatchObject({ stage: "warning" });
  });
});

describe("what is old", () => {
  it("goes, a page at a time; the case a user was told last stays", async () => {
    await add([part("a", 1, 20_000), part("b", 1, 1, T0 - HOUR), part("c", 1, 1, T0 - 2 * HOUR)]);
    await evaluate(scripted(0.9), T0);
    await evaluate(scripted(0.1), T0 + 12 * HOUR);
    await setFairUseStage(db, { ...BY, nowMs: T0 }, "restrict");
    await add([part("a", 2, 5)]);
    expect(await expireFairUse(db, T0 + 8 * DAY - 13 * HOUR, 10)).toBe(0);
    const later = T0 + 91 * DAY;
    expect(await expireFairUse(db, later, 2)).toBe(2 + 1 + 1);
    expect(await expireFairUse(db, later, 2)).toBe(1);
    expect(await expireFairUse(db, later, 2)).toBe(0);
    expect(await listFairUseEvents(db, USER, 5)).toMatchObject([{ enforcement_action: "warning" }]);
  });
});
