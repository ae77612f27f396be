/** The queue as the owner of the server sees it, against a real database. */
import { QueueView } from "@holdfast/contract";
import { claimJob, createToken, enqueueJob, failJob, findJob, OWNER_USER_ID } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";
import { multipartRequest, recording } from "./support/multipart.ts";

let server: TestServer;
let gateway: TestGateway;
let owner: string;
beforeAll(async () => {
  server = await startTestServer();
  gateway = await startTestGateway(server);
  owner = await createToken(gateway.db, { userId: OWNER_USER_ID, name: "test", nowMs: Date.now() });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const HOUR = 3_600_000;
const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const asOwner = (path: string, init: RequestInit = {}) => gateway.ask(path, { ...init, token: owner });
const queue = async () => {
  const response = await asOwner("/v1/queue");
  expect(response.status).toBe(200);
  return QueueView.parse(await response.json());
};
const retry = (job: string) =>
  asOwner(`/v1/queue/${job}/retry`, {
    method: "POST",
    body: "{}",
    headers: { "content-type": "application/json" },
  });
const codeOf = async (response: Response): Promise<unknown> => ((await response.json()) as { code?: unknown }).code;
const enqueue = (n: number, dueMs = Date.now()) =>
  enqueueJob(gateway.db, { userId: "bob", id: id(n), kind: "fanout", payload: {}, dueMs, nowMs: dueMs - n * 1_000 });

describe("the queue of the server", () => {
  it("is nobody's business but the owner's", async () => {
    for (const [path, method] of [
      ["/v1/queue", "GET"],
      [`/v1/queue/${id(1)}/retry`, "POST"],
    ] as const) {
      const refused = await gateway.ask(path, { method });
      expect([refused.status, await codeOf(refused)]).toEqual([403, "owner_only"]);
      expect((await gateway.ask(path, { method, token: null })).status).toBe(401);
    }
  });

  it("is empty while nothing waits", async () => {
    const lane = { waiting: 0, sound_seconds: 0, oldest_age_seconds: 0, done_in_seconds: 0 };
    expect(await queue()).toMatchObject({ fresh: lane, backfill: lane, jobs: [], more: 0, gave_up: [] });
  });

  it("shows work, what waits with its reason, and what gave up; which can be asked for again, once", async () => {
    const { db } = gateway;
    expect((await gateway.ask("/v2/sync-local-files", multipartRequest([recording(HOUR, "1")], {}))).status).toBe(202);
    for (const n of [1, 2, 3]) await enqueue(n);
    const nowMs = Date.now();
    const claim = () => claimJob(db, ["fanout"], { owner: "w", nowMs, leaseMs: 30_000 });
    const [dead, resting, working] = [await claim(), await claim(), await claim()];
    if (dead === undefined || resting === undefined || working === undefined) throw new Error("three jobs are due");
    const later = { retryAfterMs: HOUR, class: "transport", code: "away", message: "no" } as const;
    const wrong = { class: "permanent_input", code: "unreadable", message: "no" } as const;
    expect(await failJob(db, dead, wrong, nowMs, 0.5)).toBe("failed");
    expect(await failJob(db, resting, later, nowMs, 0.5)).toBe("queued");

    // What all lanes hold together is remembered for a moment.
    await expect.poll(async () => (await queue()).fresh.waiting, { timeout: 5_000 }).toBe(1);
    const seen = await queue();
    expect(seen.jobs.map((job) => [job.kind, job.state, job.user_id, job.reason_code])).toEqual([
      ["fanout", "leased", "bob", null],
      ["fanout", "queued", "bob", "away"],
      ["sync", "queued", "alice", null],
    ]);
    expect(Date.parse(seen.jobs[1]?.waits_until ?? "")).toBeGreaterThan(nowMs);
    expect(seen.jobs[2]?.waits_until).toBeNull();
    expect(seen.gave_up.map((job) => [job.id, job.reason_code])).toEqual([[dead.id, "unreadable"]]);

    const again = await retry(dead.id);
    expect([again.status, await again.json()]).toEqual([202, { state: "queued", generation: 2 }]);
    expect((await findJob(db, "bob", dead.id))?.state).toBe("queued");
    const twice = await retry(dead.id);
    expect([twice.status, await codeOf(twice)]).toEqual([409, "job_not_retryable"]);
    const unknown = await retry(id(99));
    expect([unknown.status, await codeOf(unknown)]).toEqual([404, "job_not_found"]);
    expect((await retry("nonsense")).status).toBe(422);
    expect((await queue()).gave_up).toEqual([]);
  });

  it("lists a hundred, and says how many more there are", async () => {
    for (let n = 200; n < 310; n++) await enqueue(n);
    const seen = await queue();
    expect(seen.jobs).toHaveLength(100);
    expect(seen.more).toBeGreaterThanOrEqual(13);
  });
});
