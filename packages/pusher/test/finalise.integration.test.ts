/** From ended conversation to finished one, with a language model in every condition. Real database, real HTTP. */
import { Structured } from "@holdfast/contract";
import {
  type Db,
  deleteConversation,
  findConversation,
  findJob,
  listJobs,
  loadConversation,
  requestFinalization,
  setTitle,
} from "@holdfast/store";
import {
  type LlmStep,
  type ScriptedLlm,
  startScriptedLlm,
  startTestServer,
  type TestServer,
  waitFor,
} from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Cleanup, cleanUp, jobState, pusher, spoken, type TestPusher, USER, untilCompleted } from "./harness.ts";
import { said } from "./said.ts";

const TEXT = "The budget of the project is almost used up. I need to send the report to Anna by Friday.";
const LONG = said(`${"Many words about the garden and the new fence. ".repeat(15)}`);
const GOOD = {
  title: "Budget review",
  overview: "The budget is almost used up.",
  emoji: "💰",
  category: "finance",
  action_items: [{ description: "Send the report", due_at: "2025-05-16T17:00:00Z" }],
  events: [],
  memories: [{ content: "Reports to Anna.", category: "system" }],
  discard: false,
};
const good: LlmStep = { kind: "json", answer: GOOD };
const HOUR = 3_600_000;

const cleanup: Cleanup = [];
let server: TestServer;
let db: Db;
let llm: ScriptedLlm;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  const database = await server.database();
  cleanup.push(() => database.db.destroy());
  db = database.db;
  llm = await startScriptedLlm();
  cleanup.push(() => llm[Symbol.asyncDispose]());
});
afterEach(async () => {
  await cleanUp(cleanup);
});

const withLlm = (aheadMs = 0) =>
  pusher(cleanup, db, { HOLDFAST_LLM_URL: llm.url, HOLDFAST_LLM_TIMEOUT_SECONDS: "1.5" }, aheadMs);
const memories = async () =>
  (await db.selectFrom("memories").select("content").execute()).map(({ content }) => content);
const tasks = async () =>
  (await db.selectFrom("action_items").select("description").orderBy("id").execute()).map((row) => row.description);
const ended = (events: TestPusher["events"], trigger: string) =>
  events.filter((event) => event.type === "finalization_finished" && event.trigger === trigger);

describe("with a language model", () => {
  it("stores what it answered: structure, tasks, memories", async () => {
    llm.script(good);
    await withLlm();
    await spoken(db, "c1", said(TEXT));
    const conversation = await untilCompleted(db, "c1");
    expect(conversation).toMatchObject({ summary_kind: "llm", state_reason: null, discarded: false });
    expect(conversation.structured).toMatchObject({
      title: "Budget review",
      action_items: [{ description: "Send the report", due_at: "2025-05-16T17:00:00.000Z", conversation_id: "c1" }],
    });
    expect(conversation.structured.action_items[0]?.created_at).toMatch(/^20\d\d-/);
    expect(await memories()).toEqual(["Reports to Anna."]);
    expect(await tasks()).toEqual(["Send the report"]);
  });

  it("discards what it calls worthless, unless somebody pressed stop or it is long", async () => {
    llm.script({ kind: "json", answer: { ...GOOD, discard: true } });
    await withLlm();
    await spoken(db, "short", said("Well, the weather is what it is today."));
    await spoken(db, "forced", said("Well, the weather is what it is today."), { force: true });
    await spoken(db, "long", LONG);
    expect(await untilCompleted(db, "short")).toMatchObject({ discarded: true, structured: Structured.parse({}) });
    expect(await untilCompleted(db, "forced")).toMatchObject({
      discarded: false,
      structured: { title: "Budget review" },
    });
    expect(await untilCompleted(db, "long")).toMatchObject({
      discarded: false,
      structured: { title: "Budget review" },
    });
    const asked = llm.requests.map(({ messages }) => messages[0]?.content.includes("discard: always false"));
    expect(asked.sort()).toEqual([false, true, true]);
  });

  it("shows a few fillers of an upload as they are, and asks nobody about them until more arrives", async () => {
    llm.script(good);
    await spoken(db, "c1", said("Hm. Uh-huh."));
    await db.updateTable("conversations").set({ sync_relevance: "review" }).execute();
    await withLlm();
    expect(await untilCompleted(db, "c1")).toMatchObject({
      discarded: false,
      summary_kind: "basic",
      state_reason: null,
    });
    expect(llm.requests).toEqual([]);
    await db.updateTable("conversations").set({ sync_relevance: "keep" }).execute();
    const again = { userId: USER, conversationId: "c1", trigger: "finalize", force: false, nowMs: Date.now() } as const;
    await requestFinalization(db, again);
    await waitFor("the model's summary", async () => (await findConversation(db, USER, "c1"))?.summary_kind === "llm");
  });

  it("survives characters that PostgreSQL refuses", async () => {
    llm.script({ kind: "json", answer: { ...GOOD, title: "Bud\u0000get \ud800review" } });
    await withLlm();
    await spoken(db, "c1", said(TEXT));
    expect((await untilCompleted(db, "c1")).structured.title).toBe("Budget \ufffdreview");
  });

  it("keeps the title a person wrote", async () => {
    llm.script(good);
    await spoken(db, "c1", said(TEXT));
    await setTitle(db, USER, "c1", "My own title", Date.now());
    await withLlm();
    expect((await untilCompleted(db, "c1")).structured).toMatchObject({
      title: "My own title",
      overview: GOOD.overview,
    });
  });
});

describe("with a language model that fails", () => {
  it.each<[string, LlmStep, string]>([
    ["is down", { kind: "status", status: 503 }, "llm_unavailable"],
    ["breaks the connection", { kind: "drop" }, "llm_unavailable"],
    ["is too slow", { kind: "slow", ms: 5_000, next: good }, "llm_unavailable"],
    ["never ends its answer", { kind: "stall" }, "llm_unavailable"],
    ["refuses the key", { kind: "status", status: 401 }, "llm_unavailable"],
    ["talks nonsense", { kind: "text", text: "As a language model I like turtles." }, "llm_invalid_answer"],
    ["sends garbage", { kind: "body", body: "\u0001\u0002{{{" }, "llm_invalid_answer"],
    ["answers half an object", { kind: "text", text: '{"title": "Bud' }, "llm_invalid_answer"],
  ])("one that %s costs nothing but the better summary", async (_, step, reason) => {
    llm.script(step);
    const { events } = await withLlm();
    const ticket = await spoken(db, "c1", said(TEXT));
    const conversation = await untilCompleted(db, "c1");
    expect(conversation).toMatchObject({ summary_kind: "basic", state_reason: reason, discarded: false });
    expect(conversation.structured.title).not.toBe("");
    expect(conversation.structured.action_items).toMatchObject([{ description: "Send the report to Anna by Friday" }]);
    expect(conversation.transcript_segments.map(({ text }) => text)).toEqual([TEXT]);
    expect(await jobState(db, ticket)).toBe("completed");
    expect(events).toContainEqual(expect.objectContaining({ type: "summary_fell_back", code: reason }));
    const waiting = (await listJobs(db, { userId: USER, limit: 10 })).filter(({ state }) => state === "queued");
    expect(waiting).toMatchObject([{ payload: { trigger: "enrich", after: ticket.jobId }, attempts: 0 }]);
    expect((waiting[0]?.dueMs ?? 0) - Date.now()).toBeGreaterThan(50_000);
  });

  it("keeps even what is short and says little", async () => {
    llm.script({ kind: "status", status: 503 });
    await withLlm();
    await spoken(db, "c1", said("Yeah. Okay."));
    expect(await untilCompleted(db, "c1")).toMatchObject({ discarded: false, summary_kind: "basic" });
  });

  it("stops asking while it is down, and completes the rest at once", async () => {
    llm.script({ kind: "hang" });
    await withLlm();
    for (let index = 0; index < 12; index += 1) await spoken(db, `c${index}`, said(TEXT));
    for (let index = 0; index < 12; index += 1) await untilCompleted(db, `c${index}`);
    expect(llm.requests.length).toBeLessThanOrEqual(6);
  });
});

describe("enrichment", () => {
  /** A conversation with a basic summary that waits for the model. */
  async function basicFirst(step: LlmStep = { kind: "status", status: 503 }) {
    llm.script(step);
    const first = await withLlm();
    const ticket = await spoken(db, "c1", said(TEXT));
    await untilCompleted(db, "c1");
    await first.close();
    const waiting = (await listJobs(db, { limit: 10 })).find(({ state }) => state === "queued");
    if (waiting === undefined) throw new Error("no enrichment was planned");
    return { ticket, enrichmentId: waiting.id };
  }

  it("replaces the basic summary when the model is back, without leaving completed", async () => {
    await basicFirst();
    llm.script({ kind: "slow", ms: 300, next: good });
    const { events } = await withLlm(HOUR);
    await expect.poll(() => events.some(({ type }) => type === "finalization_started")).toBe(true);
    expect(await loadConversation(db, USER, "c1")).toMatchObject({ status: "completed", summary_kind: "basic" });
    await expect.poll(() => ended(events, "enrich")).toMatchObject([{ outcome: "completed", summaryKind: "llm" }]);
    const conversation = await loadConversation(db, USER, "c1");
    expect(conversation).toMatchObject({ status: "completed", summary_kind: "llm", state_reason: null });
    expect(conversation?.structured.title).toBe("Budget review");
    expect(await memories()).toEqual(["Reports to Anna."]);
    expect(await tasks()).toEqual(["Send the report"]);
    expect((await listJobs(db, { limit: 10 })).map(({ state }) => state)).toEqual(["completed", "completed"]);
  });

  it("waits longer each time while the model stays away, and spends no attempt", async () => {
    const { enrichmentId } = await basicFirst();
    const { events, close } = await withLlm(HOUR);
    await expect.poll(() => ended(events, "enrich")).toMatchObject([{ outcome: "postponed" }]);
    await close();
    const job = await findJob(db, USER, enrichmentId);
    expect(job).toMatchObject({ state: "queued", tries: 1, attempts: 0, reasonCode: "llm_unavailable" });
    expect((job?.dueMs ?? 0) - (Date.now() + HOUR)).toBeGreaterThan(100_000);
    expect(await loadConversation(db, USER, "c1")).toMatchObject({ status: "completed", summary_kind: "basic" });
  });

  it("gives up after the last try and leaves the basic summary", async () => {
    const { enrichmentId } = await basicFirst();
    await db.updateTable("jobs").set({ tries: 19 }).where("id", "=", enrichmentId).execute();
    const { events } = await withLlm(HOUR);
    await expect.poll(() => ended(events, "enrich")).toMatchObject([{ outcome: "gave_up" }]);
    expect(await findJob(db, USER, enrichmentId)).toMatchObject({
      state: "completed",
      result: { gave_up: "llm_unavailable" },
    });
    expect(await loadConversation(db, USER, "c1")).toMatchObject({
      status: "completed",
      state_reason: "llm_unavailable",
    });
  });

  it("ends sooner where the model itself cannot do it, and the conversation stays completed", async () => {
    const { enrichmentId } = await basicFirst({ kind: "text", text: "No." });
    await db.updateTable("jobs").set({ attempts: 4, tries: 4 }).where("id", "=", enrichmentId).execute();
    const { events } = await withLlm(HOUR);
    await expect.poll(() => ended(events, "enrich")).toMatchObject([{ outcome: "gave_up" }]);
    expect(await findJob(db, USER, enrichmentId)).toMatchObject({ state: "dead_letter" });
    expect(await loadConversation(db, USER, "c1")).toMatchObject({ status: "completed", summary_kind: "basic" });
  });

  it("gives way to a newer finalisation", async () => {
    const { enrichmentId } = await basicFirst();
    llm.script(good);
    const request = {
      userId: USER,
      conversationId: "c1",
      trigger: "finalize",
      force: true,
      nowMs: Date.now(),
    } as const;
    await db.transaction().execute((trx) => requestFinalization(trx, request));
    const { events } = await withLlm(HOUR);
    await expect.poll(() => ended(events, "enrich")).toHaveLength(1);
    await expect.poll(() => ended(events, "finalize")).toMatchObject([{ outcome: "completed", summaryKind: "llm" }]);
    expect(ended(events, "enrich")).toMatchObject([{ outcome: "obsolete" }]);
    expect(await findJob(db, USER, enrichmentId)).toMatchObject({ state: "completed", result: { fenced: true } });
    expect(llm.requests.filter(({ messages }) => messages.length > 0).length).toBe(2);
  });

  it("is dropped with the conversation, and where no model is configured any more", async () => {
    const { enrichmentId } = await basicFirst();
    await deleteConversation(db, USER, "c1", { cascade: true, nowMs: Date.now() });
    const { events, close } = await withLlm(HOUR);
    await expect.poll(() => ended(events, "enrich")).toMatchObject([{ outcome: "obsolete" }]);
    await close();
    await db.updateTable("jobs").set({ state: "queued", completed_at: null }).where("id", "=", enrichmentId).execute();
    const without = await pusher(cleanup, db, {}, HOUR);
    await expect.poll(() => ended(without.events, "enrich")).toMatchObject([{ outcome: "gave_up" }]);
  });
});

describe("without a language model", () => {
  it("discards what says nothing and keeps the rest", async () => {
    await pusher(cleanup, db);
    await spoken(db, "noise", said("Yeah. Okay. Mhm."));
    await spoken(db, "forced", said("Yeah. Okay. Mhm."), { force: true });
    await spoken(db, "task", said("Remind me to water the plants tomorrow."));
    expect(await untilCompleted(db, "noise")).toMatchObject({ discarded: true });
    expect(await untilCompleted(db, "forced")).toMatchObject({ discarded: false, summary_kind: "basic" });
    expect(await untilCompleted(db, "task")).toMatchObject({ discarded: false, state_reason: null });
    expect(await tasks()).toEqual(["Water the plants tomorrow"]);
    expect((await listJobs(db, { limit: 10 })).every(({ state }) => state === "completed")).toBe(true);
  });

  it("records a failure of its own with its class, and the conversation fails with the last one only", async () => {
    const ticket = await spoken(db, "c1", said(TEXT));
    // A row that cannot be summarised: its segment is not one.
    await db
      .updateTable("segments")
      .set({ body: JSON.stringify({ broken: true }) })
      .execute();
    await db.updateTable("jobs").set({ attempts: 4 }).where("id", "=", ticket.jobId).execute();
    const { events } = await pusher(cleanup, db);
    await expect.poll(() => jobState(db, ticket)).toBe("dead_letter");
    expect(events).toContainEqual(
      expect.objectContaining({ type: "finalization_failed", class: "content", state: "dead_letter" }),
    );
    expect(await findConversation(db, USER, "c1")).toMatchObject({
      status: "failed",
      state_reason: "processing_failed",
    });
  });
});
