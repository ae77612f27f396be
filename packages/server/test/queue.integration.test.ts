/** What a client is told of the queue, before it is refused and when it is; against a real database. */
import { parseConfig, QUEUE } from "@holdfast/contract";
import { type FairUseAccount, fairUsePolicy, NO_SPEECH, NO_STAGE, type QueueLoad } from "@holdfast/core";
import { addServiceFigures, claimJob, failJob } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { audioSecondsOf } from "../src/queue/audio-seconds.ts";
import { createKnownLoad } from "../src/queue/load.ts";
import { fairUseQuotas, queueQuotas, rateLimitFields } from "../src/queue/quotas.ts";
import { SyncStatus, userLaneView } from "../src/queue/status.ts";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";
import { multipartRequest, recording } from "./support/multipart.ts";

let server: TestServer;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());
afterEach(async () => await gateway?.[Symbol.asyncDispose]());

const HOUR = 3_600_000;
const open = async (env: Record<string, string>): Promise<void> => {
  gateway = await startTestGateway(server, { env });
};

const upload = (ageMs: number) =>
  gateway.ask("/v2/sync-local-files", multipartRequest([recording(ageMs, `${ageMs}`)], {}));

/** Jobs of other users, so many hours of sound each. */
async function backlog(lane: string, users: number, hours: number, perUser = 1): Promise<void> {
  await sql`insert into jobs (user_id, id, kind, state, lane, payload, due_at, created_at, updated_at, audio_seconds)
    select 'other-' || n % ${users}::int, gen_random_uuid(), 'sync', 'queued', ${lane}, '{}', now(), now(), now(),
      ${hours * 3_600}::float8
    from generate_series(1, ${users * perUser}::int) n`.execute(gateway.db);
}

const status = async () => {
  const response = await gateway.ask("/v1/sync/status");
  expect(response.status).toBe(200);
  return { fields: response.headers, body: SyncStatus.parse(await response.json()) };
};

describe("a queue that has room", () => {
  it("takes recordings, and says how much more", async () => {
    await open({ HOLDFAST_BACKFILL_MAX_WAIT_HOURS: "1", HOLDFAST_FRESH_MAX_WAIT_HOURS: "2" });
    const taken = await upload(HOUR);
    expect(taken.status).toBe(202);
    expect(taken.headers.get("ratelimit-policy")).toBe(
      '"queue-fresh";q=7200;qu="work-seconds", "queue-backfill";q=3600;qu="work-seconds"',
    );
    expect(taken.headers.get("ratelimit")).toBe('"queue-fresh";r=7200, "queue-backfill";r=3600');
    const { body } = await status();
    expect(body.accepts).toEqual([
      { lane: "fresh", accepted: true },
      { lane: "backfill", accepted: true },
    ]);
  });

  it("says which place a user's recordings have, and why they rest", async () => {
    await open({});
    await backlog("backfill", 3, 1, 2);
    await upload(24 * HOUR);
    await upload(25 * HOUR);
    await expect.poll(async () => (await status()).body.queue.backfill.waiting, { timeout: 5_000 }).toBe(8);
    const { body, fields } = await status();
    expect(body.queue.audio_seconds_per_second).toBe(QUEUE.assumedSpeed);
    expect(fields.get("ratelimit")).toContain('"queue-backfill";r=');
    const [mine] = body.yours;
    expect(mine).toMatchObject({ lane: "backfill", waiting: 2, running: 0, position: 4, paused: null });
    // Three users with an hour each come first, at ten seconds of sound a second.
    const startsIn = (Date.parse(mine?.expected_start ?? "") - Date.now()) / 1_000;
    expect(startsIn).toBeGreaterThan(1_000);
    expect(startsIn).toBeLessThan(1_100);
    const takes = (Date.parse(mine?.expected_finish ?? "") - Date.parse(mine?.expected_start ?? "")) / 1_000;
    expect(takes).toBeGreaterThan(1_000);
    expect(takes).toBeLessThan(1_100);

    // Nothing of others is left; the user's own wait for the speech engine.
    await sql`delete from jobs where user_id <> 'alice'`.execute(gateway.db);
    const nowMs = Date.now();
    for (const _ of [1, 2]) {
      const job = await claimJob(gateway.db, ["sync"], { owner: "w", nowMs, leaseMs: 60_000 });
      if (job === undefined) throw new Error("nothing waits");
      const failure = { class: "transport", code: "stt_upstream_error", message: "x", retryAfterMs: 120_000 } as const;
      await failJob(gateway.db, job, failure, nowMs, 0.5);
    }
    const [resting] = (await status()).body.yours;
    expect(resting).toMatchObject({ position: 1, paused: { reason: "stt_upstream_error" } });
    expect(Date.parse(resting?.paused?.until ?? "")).toBeGreaterThanOrEqual(nowMs + 120_000);
    expect(resting?.expected_start).toBe(resting?.paused?.until);
  });
});

describe("a queue that is full", () => {
  it("refuses old recordings with a reason and the time it needs, takes fresh ones, and leaves nothing behind", async () => {
    await open({ HOLDFAST_BACKFILL_MAX_WAIT_HOURS: "1" });
    // Twelve hours of sound at ten seconds a second: 72 minutes, 12 too many.
    await backlog("backfill", 12, 1);
    const refused = await upload(24 * HOUR);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: "backfill_capacity" });
    expect(refused.headers.get("x-omi-rate-limit-reason")).toBe("backfill_capacity");
    const wait = Number(refused.headers.get("retry-after"));
    expect(wait).toBeGreaterThanOrEqual(720);
    expect(wait).toBeLessThanOrEqual(864);
    expect(refused.headers.get("ratelimit")).toMatch(/"queue-fresh";r=\d+, "queue-backfill";r=0;t=720/);
    expect(await gateway.leftovers()).toEqual([]);
    expect((await upload(HOUR)).status).toBe(202);
    expect((await status()).body.accepts).toEqual([
      { lane: "fresh", accepted: true },
      { lane: "backfill", accepted: false, code: "backfill_capacity", retry_after: expect.any(Number) },
    ]);
    const metrics = await (await gateway.ask("/metrics")).text();
    expect(metrics).toContain('holdfast_uploads_refused_total{reason="backfill_capacity"} 1');
    expect(metrics).toContain('holdfast_sync_queue_depth{lane="backfill"} 12');
    expect(metrics).toContain('holdfast_sync_queue_depth{lane="fresh"} 1');
    expect(metrics).toMatch(/holdfast_sync_queue_oldest_age_seconds\{lane="backfill"\} \d/);
  });

  it("tells a recording that is too old so first", async () => {
    await open({ HOLDFAST_MAX_QUEUED_UPLOADS: "1" });
    await backlog("fresh", 1, 1);
    expect((await upload(31 * 24 * HOUR)).status).toBe(422);
    expect((await upload(HOUR)).status).toBe(503);
  });
});

describe("what workers measured", () => {
  it("is added up, blended, and shown", async () => {
    await open({});
    const took = { name: "takeovers", labels: { kind: "sync" }, value: 1 };
    const end = { lane: "fresh", outcome: "failed", class: "content", reason: "stt_timeout" };
    await Promise.all(
      Array.from({ length: 4 }, () =>
        addServiceFigures(
          gateway.db,
          [took, { name: "outcomes", labels: end, value: 2 }],
          { audioSeconds: 60, busyMs: 2_000 },
          Date.now(),
        ),
      ),
    );
    const metrics = await (await gateway.ask("/metrics")).text();
    expect(metrics).toContain('holdfast_lease_takeovers_total{kind="sync"} 4');
    expect(metrics).toMatch(/holdfast_sync_outcomes_total\{[^}]*reason="stt_timeout"[^}]*\} 8/);
    expect(metrics).toContain("holdfast_sync_speed 30");
    expect((await status()).body.queue.audio_seconds_per_second).toBe(30);
  });
});

describe("the load as a gateway knows it", () => {
  it("is read once a second however many ask, and again after that", async () => {
    await open({});
    let nowMs = 0;
    let reads = 0;
    const db = new Proxy(gateway.db, {
      get(target, key) {
        if (key === "getExecutor") reads += 1;
        const value = Reflect.get(target, key) as unknown;
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const load = createKnownLoad({ db, clock: { now: () => nowMs, after: expect.fail, every: expect.fail } });
    const all = await Promise.all(Array.from({ length: 50 }, load));
    expect(new Set(all).size).toBe(1);
    const once = reads;
    expect(once).toBeGreaterThan(0);
    nowMs += QUEUE.snapshotMs - 1;
    await load();
    expect(reads).toBe(once);
    nowMs += 1;
    // What is known is given at once, and read anew beside it.
    expect(await load()).toBe(all[0]);
    await expect.poll(async () => (await load()) === all[0]).toBe(false);
    nowMs += 3_600_000;
    const before = await load();
    await gateway.db.deleteFrom("jobs").execute();
    nowMs += 3_600_000;
    expect(await load()).not.toBe(before);
  });
});

describe("quotas", () => {
  const lane = { waiting: 0, audioSeconds: 0, oldestMs: undefined };
  const load: QueueLoad = { fresh: lane, backfill: lane, running: 0, speed: 1, speedMeasuredMs: undefined };

  it("of fair use are windows of seconds of speech", () => {
    const policy = fairUsePolicy(parseConfig({ FAIR_USE_ENABLED: "true" }));
    const totals = { ...NO_SPEECH, daily: 8 * HOUR, three_day: HOUR };
    const account: FairUseAccount = { userId: "alice", state: NO_STAGE, totals, budgetUsedMs: 0 };
    const noonMs = Date.UTC(2026, 10, 1, 12);
    const fields = rateLimitFields(fairUseQuotas(policy, account, noonMs));
    expect(fields["ratelimit-policy"]).toBe(
      '"fair-use-daily";q=7200;w=86400;qu="speech-seconds", "fair-use-3day";q=28800;w=259200;qu="speech-seconds", ' +
        '"fair-use-weekly";q=36000;w=604800;qu="speech-seconds"',
    );
    expect(fields.ratelimit).toBe('"fair-use-daily";r=0;t=43200, "fair-use-3day";r=25200, "fair-use-weekly";r=36000');
    expect(fairUseQuotas(fairUsePolicy(parseConfig({})), account, noonMs)).toEqual([]);
  });

  it("have no field where there are none", () => {
    const none = { maxWaiting: 0, backfillWaitSeconds: 0, freshWaitSeconds: 0 };
    expect(rateLimitFields(queueQuotas(load, none, 0))).toEqual({});
  });

  it("show times a clock can show, however slow the queue", () => {
    const endless = { ...load, backfill: { ...lane, waiting: 1, audioSeconds: 1e12 }, speed: 0 };
    const mine = {
      waiting: 1,
      running: 0,
      audioSeconds: 1e12,
      usersAhead: 0,
      secondsAhead: 1e12,
      secondsBetween: 1e12,
    };
    const view = userLaneView({ ...mine, lane: "backfill", paused: null }, endless, 0);
    expect(view.expected_finish).toBe("+275760-09-13T00:00:00Z");
  });

  it.each([
    ["omi", "a_pcm16_16000_1_1756000000.bin", 32_000],
    ["omi", "a_pcm8_8000_1_1756000000.bin", 8_000],
    ["omi", "a_opus_16000_1_fs160_1756000000.bin", 4_000],
    ["omi", "no name", 4_000],
    ["sound", "walk.mp3", 16_000],
  ] as const)("a second of %s %s is %d bytes", (kind, name, bytes) => {
    expect(
      audioSecondsOf(kind, [
        { name, bytes },
        { name, bytes: 2 * bytes },
      ]),
    ).toBe(3);
  });
});
