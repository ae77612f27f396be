/** The conversation routes against a real database: what is listed, changed, ended and found, and who may see it. */
import { Conversation, Structured } from "@holdfast/contract";
import { silentLog } from "@holdfast/core";
import { systemClock } from "@holdfast/runtime";
import { admitConversation, createConversation, finishConversation, startJobLoop } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";
import { eventually } from "./support/wait.ts";

let server: TestServer;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());
beforeEach(async () => {
  gateway = await startTestGateway(server);
});
afterEach(async () => await gateway?.[Symbol.asyncDispose]());

const NOW = Date.now();
let counter = 0;

interface Made {
  readonly userId?: string;
  readonly ageMs?: number;
  readonly words?: string;
  readonly source?: string;
  readonly changes?: Record<string, unknown>;
}

/** A live conversation that began `ageMs` ago, open unless `changes` say otherwise. */
async function make({ userId = "alice", ageMs = 0, words, source = "omi", changes }: Made = {}): Promise<string> {
  counter += 1;
  const id = `conversation-${counter}`;
  const base = { origin: "live", source, language: "en", externalData: null, clientDeviceId: null } as const;
  const rest = { clientPlatform: null, recordingSessionId: null, silenceTimeoutMs: 120_000, startedAtMs: NOW - ageMs };
  await createConversation(gateway.db, { ...base, ...rest, userId, id, nowMs: NOW });
  if (words !== undefined) {
    const segment = { id: `s-${counter}`, text: words, speaker: "SPEAKER_00", is_user: false, start: 0, end: 2 };
    const values = { user_id: userId, conversation_id: id, id: segment.id, start_s: 0, end_s: 2, text: words };
    await gateway.db
      .insertInto("segments")
      .values({ ...values, body: JSON.stringify(segment) })
      .execute();
  }
  if (changes !== undefined) {
    await gateway.db.updateTable("conversations").set(changes).where("id", "=", id).execute();
  }
  return id;
}

async function json<T>(response: Response, schema: z.ZodType<T>, status = 200): Promise<T> {
  const body: unknown = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(status);
  return schema.parse(body);
}

const Ids = z.array(z.object({ id: z.string() })).transform((items) => items.map((item) => item.id));
const Detail = z.object({ detail: z.string() });
const Ended = z.object({ conversation: Conversation, messages: z.array(z.unknown()) });

/** Finishes conversations as a pusher would, with a title made of the trigger. */
function pusher() {
  const { db } = gateway;
  return startJobLoop({
    db,
    kinds: ["finalization"],
    owner: "test",
    concurrency: 1,
    clock: systemClock,
    log: silentLog,
    handle: async (job) => {
      const structured = Structured.parse({ title: `ended by ${String(job.payload.trigger)}` });
      const result = { structured, summaryKind: "basic", stateReason: null, discarded: false, memories: [] } as const;
      await finishConversation(db, job, { ...result, nowMs: Date.now() });
    },
  });
}

describe("listing", () => {
  it("shows every state, newest first, with transcripts", async () => {
    const open = await make({ words: "still talking" });
    const failed = await make({ ageMs: 2_000, changes: { status: "failed" } });
    const processing = await make({ ageMs: 3_000, changes: { status: "processing" } });
    const discarded = await make({ ageMs: 4_000, changes: { status: "completed", discarded: true } });
    await make({ userId: "bob" });
    const listed = await json(await gateway.ask("/v1/conversations"), z.array(Conversation));
    expect(listed.map((item) => item.id)).toEqual([open, failed, processing, discarded]);
    expect(listed[0]?.transcript_segments.map((segment) => segment.text)).toEqual(["still talking"]);
  });

  it("filters by status, source, star, discard and time, and pages", async () => {
    const a = await make({ ageMs: 1_000, changes: { status: "completed", starred: true } });
    const b = await make({ ageMs: 60_000, source: "phone", changes: { status: "completed", discarded: true } });
    const c = await make({ ageMs: 120_000, changes: { status: "failed" } });
    const list = async (query: string) => await json(await gateway.ask(`/v1/conversations?${query}`), Ids);
    expect(await list("statuses=completed")).toEqual([a, b]);
    expect(await list("statuses=completed,failed")).toEqual([a, b, c]);
    expect(await list("statuses=completed,failed&sources=phone")).toEqual([b]);
    expect(await list("sources=omi,phone&statuses=failed")).toEqual([c]);
    expect(await list("starred=true")).toEqual([a]);
    expect(await list("starred=false")).toEqual([b, c]);
    expect(await list("include_discarded=false")).toEqual([a, c]);
    expect(await list(`start_date=${new Date(NOW - 70_000).toISOString()}`)).toEqual([a, b]);
    expect(await list(`end_date=${new Date(NOW - 50_000).toISOString()}`)).toEqual([b, c]);
    expect(await list("limit=1&offset=1")).toEqual([b]);
    expect(await list("statuses=never-heard-of")).toEqual([]);
    expect(await list("folder_id=none")).toEqual([]);
  });

  it("cuts pages that are too long and says so", async () => {
    const response = await gateway.ask("/v1/conversations?limit=100000");
    expect(response.headers.get("x-omi-list-truncated")).toBe("true");
    expect((await gateway.ask("/v1/conversations?limit=500")).headers.get("x-omi-list-truncated")).toBeNull();
  });

  it("counts without discarded ones unless told otherwise", async () => {
    await make({ changes: { status: "completed" } });
    await make({ changes: { status: "completed", discarded: true } });
    const count = async (query: string) =>
      await json(await gateway.ask(`/v1/conversations/count${query}`), z.object({ count: z.number() }));
    expect(await count("")).toEqual({ count: 1 });
    expect(await count("?include_discarded=true")).toEqual({ count: 2 });
    expect(await count("?statuses=failed")).toEqual({ count: 0 });
  });

  it("lists a locked conversation without its words, and lets nobody read or change it", async () => {
    const locked = await make({
      words: "secret",
      changes: { is_locked: true, structured: '{"title":"t","overview":"secret"}' },
    });
    const listed = await json(await gateway.ask("/v1/conversations"), z.array(Conversation));
    expect(listed[0]).toMatchObject({ id: locked, is_locked: true, transcript_segments: [] });
    expect(JSON.stringify(listed)).not.toContain("secret");
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", ""],
      ["PATCH", "/title?title=x"],
      ["POST", "/finalize"],
      ["GET", "/finalization"],
    ]) {
      const init = method === undefined ? {} : { method };
      const answer = await json(await gateway.ask(`/v1/conversations/${locked}${path}`, init), Detail, 402);
      expect(answer.detail).toBe("A paid plan is required to access this conversation.");
    }
    const search = { method: "POST", headers: { "content-type": "application/json" }, body: '{"query":"secret"}' };
    const found = await gateway.ask("/v1/conversations/search", search);
    expect(await json(found, z.object({ items: z.array(z.unknown()) }))).toEqual({ items: [] });
  });
});

describe("one conversation", () => {
  it("is seen and changed by its owner only", async () => {
    const id = await make({ words: "hello there" });
    const mine = await json(await gateway.ask(`/v1/conversations/${id}`), Conversation);
    expect(mine.transcript_segments[0]?.text).toBe("hello there");
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", "?cascade=true"],
      ["PATCH", "/title?title=mine"],
      ["PATCH", "/starred?starred=true"],
      ["PATCH", "/visibility?value=public"],
      ["POST", "/finalize"],
      ["POST", "/reprocess"],
      ["GET", "/finalization"],
    ] as const) {
      const theirs = await gateway.ask(`/v1/conversations/${id}${path}`, { method, token: gateway.bob });
      expect(await json(theirs, Detail, 404), `${method} ${path}`).toEqual({ detail: "Conversation not found" });
    }
    expect(await json(await gateway.ask(`/v1/conversations/${id}`), Conversation)).toEqual(mine);
  });

  it("takes a title, a star and a visibility", async () => {
    const id = await make();
    const Changed = z.object({ status: z.literal("Ok"), conversation: Conversation });
    const patch = (path: string) => gateway.ask(`/v1/conversations/${id}/${path}`, { method: "PATCH" });
    const title = await json(await patch(`title?title=${encodeURIComponent("Ein Titel & mehr ✓")}`), Changed);
    expect(title.conversation.structured.title).toBe("Ein Titel & mehr ✓");
    expect((await json(await patch("starred?starred=true"), Changed)).conversation.starred).toBe(true);
    expect((await json(await patch("starred?starred=0"), Changed)).conversation.starred).toBe(false);
    expect(await json(await patch("visibility?value=shared"), z.unknown())).toEqual({ status: "Ok" });
    expect((await json(await gateway.ask(`/v1/conversations/${id}`), Conversation)).visibility).toBe("shared");
  });

  it("is gone once deleted, and cascade takes what was drawn from it", async () => {
    const id = await make({ words: "buy milk" });
    const at = new Date(NOW);
    const row = { user_id: "alice", conversation_id: id, created_at: at, updated_at: at };
    await gateway.db
      .insertInto("memories")
      .values({ ...row, id: "m", content: "likes milk", category: "interesting", tags: "[]" })
      .execute();
    await gateway.db
      .insertInto("action_items")
      .values({ ...row, id: "a", description: "buy milk" })
      .execute();
    const drawn = async () => [
      await json(await gateway.ask("/v1/memories"), z.array(z.object({ content: z.string() }))),
      await json(
        await gateway.ask("/v1/action-items"),
        z.object({ action_items: z.array(z.object({ description: z.string() })) }),
      ),
    ];
    expect(await drawn()).toEqual([[{ content: "likes milk" }], { action_items: [{ description: "buy milk" }] }]);
    const remove = () => gateway.ask(`/v1/conversations/${id}?cascade=true`, { method: "DELETE" });
    expect(await json(await remove(), z.unknown())).toEqual({ status: "Ok" });
    expect(await drawn()).toEqual([[], { action_items: [] }]);
    expect((await remove()).status).toBe(404);
    expect((await gateway.ask(`/v1/conversations/${id}`)).status).toBe(404);
    expect(await json(await gateway.ask("/v1/conversations"), Ids)).toEqual([]);
  });

  it("pages memories and action items", async () => {
    const at = new Date(NOW);
    for (const n of [1, 2, 3]) {
      const row = { user_id: "alice", id: `a${n}`, conversation_id: null, created_at: at, updated_at: at };
      await gateway.db
        .insertInto("action_items")
        .values({ ...row, description: `item ${n}`, completed: n === 3 })
        .execute();
    }
    const Page = z.object({ action_items: z.array(z.object({ id: z.string() })), has_more: z.boolean() });
    const page = async (query: string) => await json(await gateway.ask(`/v1/action-items?${query}`), Page);
    expect(await page("limit=2")).toEqual({ action_items: [{ id: "a1" }, { id: "a2" }], has_more: true });
    expect(await page("limit=2&offset=2")).toEqual({ action_items: [{ id: "a3" }], has_more: false });
    expect((await page("completed=true")).action_items).toEqual([{ id: "a3" }]);
  });
});

describe("ending a conversation", () => {
  it("stop waits until it is finished", async () => {
    const id = await make({ words: "let us ship on Friday" });
    const loop = pusher();
    try {
      const ended = await json(await gateway.ask("/v1/conversations", { method: "POST" }), Ended);
      expect(ended.messages).toEqual([]);
      expect(ended.conversation).toMatchObject({ id, status: "completed", structured: { title: "ended by stop" } });
      expect(ended.conversation.transcript_segments).toHaveLength(1);
    } finally {
      await loop.drain();
    }
    const again = await gateway.ask("/v1/conversations", { method: "POST" });
    expect(await json(again, Detail, 404)).toEqual({ detail: "Conversation in progress not found" });
  });

  it("stop answers everyone who pressed at once, and finalises once", async () => {
    await make({ words: "one of a kind" });
    const presses = Array.from({ length: 5 }, () => gateway.ask("/v1/conversations", { method: "POST", body: "" }));
    const jobs = async () => await gateway.db.selectFrom("jobs").selectAll().execute();
    await eventually("the job", async () => (await jobs()).length > 0);
    const loop = pusher();
    const answers = await Promise.all(presses).finally(() => loop.drain());
    // Those who came after the first had committed found nothing open any more.
    for (const answer of answers) expect([200, 404]).toContain(answer.status);
    expect(answers.some((answer) => answer.status === 200)).toBe(true);
    expect(await jobs()).toHaveLength(1);
  });

  it("stop says so where there was nothing in it, and removes it", async () => {
    await make();
    const answer = await gateway.ask("/v1/conversations", { method: "POST" });
    expect(await json(answer, Detail, 404)).toEqual({ detail: "Conversation in progress not found" });
    expect(await json(await gateway.ask("/v1/conversations"), Ids)).toEqual([]);
  });

  it("stop ends with the gateway's drain, and the work goes on", async () => {
    const id = await make({ words: "hold on" });
    const pressed = gateway.ask("/v1/conversations", { method: "POST" });
    const status = () =>
      gateway.db.selectFrom("conversations").select("status").where("id", "=", id).executeTakeFirst();
    await eventually("the admission", async () => (await status())?.status === "processing");
    await gateway.drain();
    const ended = await json(await pressed, Ended);
    expect(ended.conversation).toMatchObject({ id, status: "processing", state_reason: "awaiting_processing" });
  });

  it("finalize returns at once, keeps its answer, and its job can be watched", async () => {
    const id = await make({ words: "and so it ends" });
    const View = z.object({
      status: z.string(),
      terminal: z.boolean(),
      retryable: z.boolean(),
      attempt_count: z.number(),
    });
    const watch = () => gateway.ask(`/v1/conversations/${id}/finalization`);
    expect(await json(await watch(), Detail, 404)).toEqual({ detail: "Conversation finalization job not found" });
    const finalize = () => gateway.ask(`/v1/conversations/${id}/finalize`, { method: "POST" });
    expect((await json(await finalize(), Ended)).conversation.status).toBe("processing");
    expect((await json(await finalize(), Ended)).conversation.status).toBe("processing");
    expect(await json(await watch(), View)).toMatchObject({ status: "queued", terminal: false, retryable: true });
    const loop = pusher();
    await eventually("the end", async () => (await json(await watch(), View)).terminal).finally(() => loop.drain());
    expect(await json(await watch(), View)).toMatchObject({ status: "completed", retryable: false, attempt_count: 0 });
    expect(await gateway.db.selectFrom("jobs").selectAll().execute()).toHaveLength(1);
  });

  it("finalize removes an empty conversation and says that there is none", async () => {
    const id = await make();
    const answer = await gateway.ask(`/v1/conversations/${id}/finalize`, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" },
    });
    expect(await json(answer, Detail, 404)).toEqual({ detail: "Conversation not found" });
  });

  it("reprocess writes a finished one again and refuses an open one", async () => {
    const open = await make({ words: "talking" });
    const reprocess = (id: string) => gateway.ask(`/v1/conversations/${id}/reprocess`, { method: "POST" });
    expect((await reprocess(open)).status).toBe(409);
    const nowMs = Date.now();
    await admitConversation(gateway.db, { userId: "alice", conversationId: open, trigger: "stop", force: true, nowMs });
    expect((await json(await reprocess(open), Conversation)).status).toBe("processing");
    expect(await gateway.db.selectFrom("jobs").selectAll().execute()).toHaveLength(1);
    const loop = pusher();
    const read = async () => await json(await gateway.ask(`/v1/conversations/${open}`), Conversation);
    await eventually("the end", async () => (await read()).status === "completed");
    expect((await json(await reprocess(open), Conversation)).status).toBe("merging");
    await eventually("the second end", async () => (await read()).structured.title === "ended by finalize").finally(
      () => loop.drain(),
    );
    expect((await read()).status).toBe("completed");
  });
});

describe("search", () => {
  const Page = z.object({
    items: z.array(Conversation),
    total_pages: z.number(),
    current_page: z.number(),
    per_page: z.number(),
  });
  const search = async (body: object, token = gateway.alice) => {
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(body), token };
    return await json(await gateway.ask("/v1/conversations/search", init), Page);
  };

  it("finds what was said, also while it is still being said, for its owner only", async () => {
    const id = await make({ words: "the quarterly budget is late" });
    await make({ words: "nothing of interest" });
    const found = await search({ query: "budgets" });
    expect(found.items.map((item) => item.id)).toEqual([id]);
    expect(found).toMatchObject({ total_pages: 1, current_page: 1, per_page: 10 });
    expect((await search({ query: "budgets" }, gateway.bob)).items).toEqual([]);
    expect((await search({ query: "" })).items).toEqual([]);
    expect((await search({ query: `" ' ) or ( & | ! <-> :* \\` })).items).toEqual([]);
  });

  it("is narrowed by state, star and sound, as the list is", async () => {
    const audio_files = JSON.stringify([
      { id: "f", started_at: new Date(NOW).toISOString(), duration: 1, captured_duration: 1 },
    ]);
    const plain = await make({ words: "gamma", changes: { status: "processing" } });
    const failed = await make({ words: "gamma", changes: { status: "failed" } });
    const starred = await make({ words: "gamma", changes: { starred: true } });
    const heard = await make({ words: "gamma", changes: { audio_files } });
    const found = async (choice: object): Promise<string[]> =>
      (await search({ query: "gamma", ...choice })).items.map((item) => item.id).sort();
    const listed = async (query: string): Promise<string[]> =>
      (await json(await gateway.ask(`/v1/conversations?${query}`), z.array(Conversation)))
        .map((item) => item.id)
        .sort();
    expect(await found({})).toEqual([plain, failed, starred, heard].sort());
    expect(await found({ statuses: ["failed"] })).toEqual([failed]);
    expect(await found({ starred: true })).toEqual([starred]);
    expect(await found({ has_audio: true })).toEqual([heard]);
    expect(await found({ has_audio: false, starred: false, statuses: ["processing", "failed"] })).toEqual(
      [plain, failed].sort(),
    );
    expect(await listed("has_audio=true")).toEqual([heard]);
    expect(await listed("has_audio=false&starred=true")).toEqual([starred]);
    const wrong = { method: "POST", headers: { "content-type": "application/json" } };
    const body = JSON.stringify({ query: "gamma", statuses: ["lost"] });
    expect((await gateway.ask("/v1/conversations/search", { ...wrong, body })).status).toBe(422);
  });

  it("pages and filters by time and discard", async () => {
    for (const ageMs of [0, 60_000, 120_000]) await make({ words: "alpha", ageMs });
    await make({ words: "alpha", ageMs: 180_000, changes: { discarded: true } });
    expect(await search({ query: "alpha", per_page: 3, page: 2 })).toMatchObject({ total_pages: 2, current_page: 2 });
    expect((await search({ query: "alpha", include_discarded: false })).items).toHaveLength(3);
    const start_date = new Date(NOW - 90_000).toISOString();
    expect((await search({ query: "alpha", start_date })).items).toHaveLength(2);
    expect(
      (await search({ query: "alpha", start_date, end_date: new Date(NOW - 30_000).toISOString() })).items,
    ).toHaveLength(1);
  });
});
