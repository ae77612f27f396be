/**
 * Telling others that a conversation is finished, over real sockets and a real database: once in effect, whatever dies in the
 * middle; never about what is discarded, gone or overtaken; never to a private address; never late because of somebody else.
 */
import {
  adoptEnrichment,
  claimFanout,
  claimJob,
  type Db,
  deleteConversation,
  ensureSecret,
  fanoutJobId,
  fanoutStatus,
  findConversation,
  findJob,
  type Job,
  listWebhooks,
  requestEnrichment,
  requestFinalization,
  setWebhook,
} from "@holdfast/store";
import { type Receiver, startReceiver, startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { signatureOf } from "../src/webhooks/sign.ts";
import { type Cleanup, cleanUp, pusher, pusherProcess, spoken, USER, untilCompleted } from "./harness.ts";
import { said } from "./said.ts";

const TEXT = "The budget of the project is almost used up. I need to send the report to Anna by Friday.";
const OPEN = { HOLDFAST_WEBHOOK_ALLOW_PRIVATE: "127.0.0.1" };
const LEASE_MS = 20_000;
const DAY_MS = 86_400_000;

const cleanup: Cleanup = [];
let server: TestServer;
let db: Db;
let url: string;
let receiver: Receiver;
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
  receiver = await startReceiver();
  cleanup.push(() => receiver[Symbol.asyncDispose]());
  await hook(receiver.url);
});
afterEach(async () => {
  await cleanUp(cleanup);
});

const hook = (address: string, userId = USER) =>
  setWebhook(db, userId, { type: "memory_created", url: address, everySeconds: null }, Date.now());
const fanout = (id: string, revision = 1, userId = USER): Promise<Job | undefined> =>
  findJob(db, userId, fanoutJobId(userId, id, revision));
const ended = (id: string, revision = 1, userId = USER): Promise<Job> =>
  waitFor("the end of the fan-out", async () => {
    const job = await fanout(id, revision, userId);
    return job?.completedMs === null ? undefined : job;
  });
const deliveryIds = () => receiver.received.map(({ headers }) => headers["x-holdfast-delivery"]);
const told = (count: number) => waitFor(`${count} requests`, () => receiver.received.length >= count);

async function statusOf(id: string): Promise<string | undefined> {
  const row = await findConversation(db, USER, id);
  const job = row?.finalization_job_id ? await findJob(db, USER, row.finalization_job_id) : undefined;
  return row === undefined || job === undefined ? undefined : (await fanoutStatus(db, row, job)).status;
}

async function reprocess(id: string): Promise<void> {
  const request = { userId: USER, conversationId: id, trigger: "finalize", force: true, nowMs: Date.now() } as const;
  await db.transaction().execute(async (trx) => await requestFinalization(trx, request));
}

describe("what the last message came to", () => {
  const last = async () => {
    const [webhook] = await listWebhooks(db, USER);
    return webhook?.last;
  };

  it("is written down where it arrived, and why where it did not", async () => {
    await pusher(cleanup, db, OPEN);
    await spoken(db, "c1", said(TEXT), { force: true });
    await ended("c1");
    expect(await last()).toMatchObject({ code: null, status: 200 });
    receiver.script(410);
    await spoken(db, "c2", said(TEXT), { force: true });
    await ended("c2");
    expect(await last()).toMatchObject({ code: "webhook_refused", status: 410 });
    await receiver[Symbol.asyncDispose]();
    await spoken(db, "c3", said(TEXT), { force: true });
    await waitFor("another result", async () => (await last())?.status === null);
    expect((await last())?.code).toMatch(/^webhook_/);
  });

  it("says so where the address is one that nothing may be sent to", async () => {
    await pusher(cleanup, db);
    await spoken(db, "c1", said(TEXT), { force: true });
    await ended("c1");
    expect(await last()).toMatchObject({ code: "webhook_address_refused", status: null });
    expect(receiver.received).toHaveLength(0);
  });
});

describe("a finished conversation", () => {
  it("is told once, whole and signed", async () => {
    await pusher(cleanup, db, OPEN);
    await spoken(db, "c1", said(TEXT), { force: true });
    expect(await ended("c1")).toMatchObject({ state: "completed", result: { delivered: 1 }, attempts: 0 });
    const [got] = receiver.received;
    const body: unknown = JSON.parse(got?.body.toString() ?? "");
    expect(body).toMatchObject({ id: "c1", status: "completed", transcript_segments: [{ text: TEXT }] });
    expect(got?.query.get("uid")).toBe(USER);
    expect(got?.headers["x-holdfast-event"]).toBe("memory_created");
    const signature = String(got?.headers["x-holdfast-signature"]);
    const seconds = Number(/^t=(\d+),/.exec(signature)?.[1]);
    const secret = await ensureSecret(db, USER, Date.now());
    expect(signature).toBe(signatureOf(secret, seconds * 1000, got?.body ?? Buffer.alloc(0)));
    expect((await fanout("c1"))?.payload).toMatchObject({ fanout_key: "conversation:c1:finalization:1" });
    expect(await statusOf("c1")).toBe("completed");
  });

  it("is not told again when it is summarised anew", async () => {
    await pusher(cleanup, db, OPEN);
    await spoken(db, "c1", said(TEXT), { force: true });
    await ended("c1");
    await reprocess("c1");
    await waitFor("the second summary", async () => (await findConversation(db, USER, "c1"))?.completed_revision === 2);
    expect(await fanout("c1", 2)).toBeUndefined();
    expect(await statusOf("c1")).toBe("completed");
    expect(receiver.received).toHaveLength(1);
  });

  it("of a user whom nobody listens to makes no job, and counts as told", async () => {
    await pusher(cleanup, db, OPEN);
    await db.deleteFrom("webhooks").execute();
    await spoken(db, "c1", said(TEXT), { force: true });
    await untilCompleted(db, "c1");
    expect(await fanout("c1")).toBeUndefined();
    expect(await statusOf("c1")).toBe("completed");
  });
});

it("is claimed with its words: whatever becomes of them afterwards, nobody is told of it without them", async () => {
  receiver.script("hang");
  const first = await pusher(cleanup, db, OPEN);
  await spoken(db, "c1", said(TEXT), { force: true });
  await told(1);
  await first.close();
  const claimed = await claimJob(db, ["fanout"], { owner: "test", nowMs: Date.now() + 1, leaseMs: LEASE_MS });
  if (claimed === undefined) throw new Error("there is no fan-out");
  const claim = await claimFanout(db, claimed, Date.now());
  await deleteConversation(db, USER, "c1", { cascade: true, nowMs: Date.now() });
  expect(claim).toMatchObject({
    outcome: "claimed",
    targets: [{ type: "memory_created" }],
    conversation: { id: "c1", status: "completed", transcript_segments: [{ text: TEXT }] },
  });
  expect(await claimFanout(db, claimed, Date.now())).toEqual({ outcome: "fenced", reason: "conversation_gone" });
});

describe("whatever dies in the middle", () => {
  it("a pusher that ends while the receiver thinks leaves the message to the next, under the same id", async () => {
    receiver.script("hang");
    const first = await pusher(cleanup, db, OPEN);
    await spoken(db, "c1", said(TEXT), { force: true });
    await told(1);
    expect(await statusOf("c1")).toBe("leased");
    await first.close();
    expect(await fanout("c1")).toMatchObject({ state: "queued", attempts: 0 });
    await pusher(cleanup, db, OPEN);
    expect(await ended("c1")).toMatchObject({ state: "completed" });
    expect(receiver.received).toHaveLength(2);
    expect(new Set(deliveryIds()).size).toBe(1);
  });

  it("a pusher killed with -9 is replaced when its lease has run out; what was told is not told again", async () => {
    receiver.script("hang");
    const doomed = await pusherProcess(cleanup, { DATABASE_URL: url, ...OPEN });
    await spoken(db, "c1", said(TEXT), { force: true });
    await told(1);
    doomed.child.kill("SIGKILL");
    await pusher(cleanup, db, OPEN, LEASE_MS);
    expect(await ended("c1")).toMatchObject({ state: "completed", epoch: 2 });
    expect(receiver.received).toHaveLength(2);
    expect(new Set(deliveryIds()).size).toBe(1);
  });

  it("a delivery that was recorded is not repeated by whoever takes the job over", async () => {
    await pusher(cleanup, db, OPEN);
    await spoken(db, "c1", said(TEXT), { force: true });
    await ended("c1");
    // As if the pusher had died between recording the delivery and ending the job.
    const values = { state: "queued", completed_at: null, result: null } as const;
    await db.updateTable("jobs").set(values).where("kind", "=", "fanout").execute();
    expect(await ended("c1")).toMatchObject({ state: "completed", result: { delivered: 0 } });
    expect(receiver.received).toHaveLength(1);
  });
});

describe("nothing is sent", () => {
  it("about a conversation that was discarded", async () => {
    await pusher(cleanup, db, OPEN);
    await spoken(db, "c1", said("Okay."));
    const conversation = await untilCompleted(db, "c1");
    expect(conversation.discarded).toBe(true);
    expect(await fanout("c1")).toBeUndefined();
    expect(receiver.received).toHaveLength(0);
    // Kept after all: now somebody is told.
    await reprocess("c1");
    await ended("c1", 2);
    expect(receiver.received).toHaveLength(1);
  });

  const overtaken: readonly (readonly [string, string, () => Promise<unknown>])[] = [
    ["deleted meanwhile", "conversation_gone", () => deleteConversation(db, USER, "c1", { cascade: false, nowMs: 1 })],
    ["summarised anew meanwhile", "not_completed", () => reprocess("c1")],
    [
      "of a newer revision",
      "newer_revision",
      () => db.updateTable("conversations").set({ completed_revision: 2 }).where("id", "=", "c1").execute(),
    ],
    [
      "discarded meanwhile",
      "conversation_discarded",
      () => db.updateTable("conversations").set({ discarded: true }).where("id", "=", "c1").execute(),
    ],
  ];
  it.each(overtaken)("about one %s: %s", async (_what, reason, overtake) => {
    receiver.script("hang");
    const first = await pusher(cleanup, db, OPEN);
    await spoken(db, "c1", said(TEXT), { force: true });
    await told(1);
    await first.close();
    await overtake();
    // Only the fan-out is due: the new summary waits.
    await db
      .updateTable("jobs")
      .set({ due_at: new Date(Date.now() + DAY_MS) })
      .where("kind", "=", "finalization")
      .execute();
    const second = await pusher(cleanup, db, OPEN);
    expect(await ended("c1")).toMatchObject({ state: "completed", result: { fenced: true, reason } });
    expect(receiver.received).toHaveLength(1);
    const finished = second.events.filter((event) => event.type === "fanout_finished");
    expect(finished).toMatchObject([{ outcome: "fenced", reason, delivered: 0 }]);
  });

  it("to a private address, and the job says why", async () => {
    await pusher(cleanup, db);
    await spoken(db, "c1", said(TEXT), { force: true });
    expect(await ended("c1")).toMatchObject({ state: "failed", reasonCode: "webhook_address_refused", attempts: 0 });
    expect(receiver.received).toHaveLength(0);
    expect(await statusOf("c1")).toBe("unknown");
  });
});

it("a summary that is only being tried again does not fence the fan-out", async () => {
  receiver.script("hang");
  const first = await pusher(cleanup, db, OPEN);
  const ticket = await spoken(db, "c1", said(TEXT), { force: true });
  await told(1);
  await first.close();
  const nowMs = Date.now();
  const plan = { userId: USER, conversationId: "c1", afterJobId: ticket.jobId, delayMs: DAY_MS, nowMs };
  const enrichment = await findJob(db, USER, await requestEnrichment(db, plan));
  if (enrichment === undefined) throw new Error("no enrichment");
  expect(await adoptEnrichment(db, enrichment, nowMs)).toBe("adopted");
  expect(await statusOf("c1")).toBe("pending");
  await pusher(cleanup, db, OPEN);
  expect(await ended("c1")).toMatchObject({ state: "completed", result: { delivered: 1 } });
});

describe("a receiver in trouble", () => {
  it("is tried again, at no cost of attempts", async () => {
    receiver.script(500, 429);
    await pusher(cleanup, db, OPEN);
    await spoken(db, "c1", said(TEXT), { force: true });
    expect(await ended("c1")).toMatchObject({ state: "completed", attempts: 0, tries: 2 });
    expect(receiver.received).toHaveLength(3);
    expect(new Set(deliveryIds()).size).toBe(1);
  });

  it("is not asked twice where it refuses", async () => {
    receiver.script(404);
    const { events } = await pusher(cleanup, db, OPEN);
    await spoken(db, "c1", said(TEXT), { force: true });
    expect(await ended("c1")).toMatchObject({ state: "failed", reasonCode: "webhook_refused" });
    expect(receiver.received).toHaveLength(1);
    const [delivery] = await db.selectFrom("deliveries").selectAll().execute();
    expect(delivery).toMatchObject({ outcome: "refused", status: 404 });
    expect(events).toContainEqual(expect.objectContaining({ type: "webhook_failed", status: 404 }));
  });

  it("is given up for this conversation after a day, and the next one is tried", async () => {
    receiver.script(500, 500);
    await (await pusher(cleanup, db, OPEN)).close();
    const first = await pusher(cleanup, db, OPEN);
    await spoken(db, "c1", said(TEXT), { force: true });
    await told(1);
    await first.close();
    await pusher(cleanup, db, OPEN, DAY_MS);
    expect(await ended("c1")).toMatchObject({ state: "failed", reasonCode: "webhook_failed" });
    expect(await db.selectFrom("deliveries").select("outcome").execute()).toEqual([{ outcome: "gave_up" }]);
    await spoken(db, "c2", said(TEXT), { force: true });
    expect(await ended("c2")).toMatchObject({ state: "completed" });
  });

  it("keeps nobody else waiting", async () => {
    const slow = await startReceiver();
    cleanup.push(() => slow[Symbol.asyncDispose]());
    slow.always("hang");
    await hook(slow.url, "u2");
    await pusher(cleanup, db, OPEN);
    for (let i = 0; i < 6; i++) await spoken(db, `slow${i}`, said(TEXT), { force: true, userId: "u2" });
    await waitFor("the slow receiver", () => slow.received.length > 0);
    const startedMs = Date.now();
    await spoken(db, "c1", said(TEXT), { force: true });
    expect(await ended("c1")).toMatchObject({ state: "completed" });
    expect(Date.now() - startedMs).toBeLessThan(5_000);
    expect(receiver.received).toHaveLength(1);
  });
});
