/** Memories, tasks, webhooks and settings over HTTP: what clients send, what they get, and what they are refused. */
import {
  createConversation,
  enqueueJob,
  fanoutJobId,
  liveConsumers,
  noteWebhookResult,
  requestFinalization,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";

let server: TestServer;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startTestServer();
  gateway = await startTestGateway(server, { env: { HOLDFAST_WEBHOOK_ALLOW_PRIVATE: "10.1.0.0/16" } });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

type Json = Record<string, unknown>;

async function call(method: string, path: string, body?: unknown, token?: string): Promise<[number, Json]> {
  const json =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await gateway.ask(path, { method, ...json, ...(token === undefined ? {} : { token }) });
  const text = await response.text();
  return [response.status, text === "" ? {} : (JSON.parse(text) as Json)];
}

/** A finished conversation of alice with these tasks and one event. */
async function finished(id: string, tasks: readonly string[] = []): Promise<void> {
  const nowMs = Date.now();
  const base = { userId: "alice", id, origin: "live", source: "omi", language: "en", externalData: null } as const;
  const rest = { clientDeviceId: null, clientPlatform: null, recordingSessionId: null, silenceTimeoutMs: 120_000 };
  await createConversation(gateway.db, { ...base, ...rest, startedAtMs: nowMs, nowMs });
  const structured = {
    title: "T",
    action_items: tasks.map((description) => ({ description, conversation_id: id })),
    events: [{ title: "Lunch", start: "2026-11-02T12:00:00Z" }],
  };
  await gateway.db
    .updateTable("conversations")
    .set({ status: "completed", structured: JSON.stringify(structured) })
    .where("id", "=", id)
    .execute();
  for (const description of tasks) {
    const now = new Date(nowMs);
    await gateway.db
      .insertInto("action_items")
      .values({
        user_id: "alice",
        id: `${id} ${description}`,
        conversation_id: id,
        description,
        task_key: description.toLowerCase(),
        created_at: now,
        updated_at: now,
      })
      .execute();
  }
}

describe("memories", () => {
  it("are written, read, changed, judged and deleted", async () => {
    const [status, made] = await call("POST", "/v3/memories", { content: "Likes tea.", tags: ["food"] });
    expect([status, made]).toMatchObject([
      200,
      { content: "Likes tea.", category: "manual", uid: "alice", manually_added: true },
    ]);
    const id = String(made.id);
    expect(await call("PATCH", `/v3/memories/${id}?value=Likes%20coffee.`)).toEqual([200, { status: "ok" }]);
    expect(await call("PATCH", `/v3/memories/${id}/visibility?value=public`)).toEqual([200, { status: "ok" }]);
    expect(await call("GET", "/v3/memories?limit=10")).toMatchObject([
      200,
      [{ id, content: "Likes coffee.", edited: true, visibility: "public", tags: ["food"] }],
    ]);
    expect(await call("GET", "/v1/memories")).toMatchObject([200, [{ id }]]);
    expect(await call("GET", "/v3/memories?offset=1")).toEqual([200, []]);
    expect(await call("POST", `/v3/memories/${id}/review?value=false`)).toEqual([200, { status: "ok" }]);
    expect(await call("GET", "/v3/memories")).toEqual([200, []]);
    expect(await call("DELETE", `/v3/memories/${id}`)).toEqual([200, { status: "ok" }]);
    expect(await call("DELETE", `/v3/memories/${id}`)).toMatchObject([404, { detail: "Memory not found" }]);
  });

  it("of another user are unknown, and nonsense is refused", async () => {
    const [, made] = await call("POST", "/v3/memories", { content: "Secret." });
    expect(await call("PATCH", `/v3/memories/${String(made.id)}?value=x`, undefined, gateway.bob)).toMatchObject([
      404,
      {},
    ]);
    expect((await call("POST", "/v3/memories", { content: "  " }))[0]).toBe(422);
    expect((await call("POST", "/v3/memories", {}))[0]).toBe(422);
    expect((await call("POST", "/v3/memories", { content: "a\0b" }))[0]).toBe(422);
    expect((await call("PATCH", `/v3/memories/${String(made.id)}`))[0]).toBe(422);
    expect((await call("POST", `/v3/memories/${String(made.id)}/review?value=maybe`))[0]).toBe(422);
    expect((await call("GET", "/v3/memories?limit=0"))[0]).toBe(422);
  });
});

describe("tasks", () => {
  it("are written by hand, found by every filter, changed and deleted", async () => {
    const due = "2026-12-24T18:00:00.000Z";
    const [status, made] = await call("POST", "/v1/action-items", { description: "Buy a tree", due_at: due });
    expect([status, made]).toMatchObject([
      200,
      { description: "Buy a tree", completed: false, due_at: due, conversation_id: null },
    ]);
    const path = `/v1/action-items/${String(made.id)}`;
    expect(await call("GET", path)).toEqual([200, made]);
    const ids = async (query: string) =>
      ((await call("GET", `/v1/action-items?${query}`))[1].action_items as Json[]).map(({ id }) => id);
    expect(await ids("completed=false")).toContain(made.id);
    expect(await ids("completed=true")).not.toContain(made.id);
    expect(await ids("due_start_date=2026-12-24&due_end_date=2026-12-25")).toEqual([made.id]);
    expect(await ids("start_date=2020-01-01&end_date=2020-02-01")).toEqual([]);
    expect(await call("PATCH", path, { description: "Buy a small tree", due_at: null })).toMatchObject([
      200,
      { description: "Buy a small tree", due_at: null },
    ]);
    const [, done] = await call("PATCH", `${path}/completed?completed=true`);
    expect(done).toMatchObject({ completed: true });
    expect(done.completed_at).not.toBeNull();
    expect(await call("DELETE", path)).toEqual([204, {}]);
    expect((await call("GET", path))[0]).toBe(404);
    expect((await call("PATCH", path, { completed: true }))[0]).toBe(404);
  });

  it("come in pages", async () => {
    for (const description of ["one", "two", "three"]) await call("POST", "/v1/action-items", { description });
    const [, first] = await call("GET", "/v1/action-items?limit=2");
    expect(first).toMatchObject({ has_more: true });
    expect(first.action_items).toHaveLength(2);
    const [, last] = await call("GET", "/v1/action-items?limit=2&offset=2");
    expect(last).toMatchObject({ has_more: false });
  });

  it("of a conversation are changed there and here", async () => {
    await finished("c-tasks", ["call anna", "buy milk", "pay rent"]);
    const [, listed] = await call("GET", "/v1/action-items?conversation_id=c-tasks");
    expect(listed.action_items).toHaveLength(3);
    const places = { items_idx: [0, 2], values: [true, true] };
    expect(await call("PATCH", "/v1/conversations/c-tasks/action-items", places)).toEqual([200, { status: "Ok" }]);
    const reword = { old_description: "buy milk", description: "buy tea" };
    expect((await call("PATCH", "/v1/conversations/c-tasks/action-items/1", reword))[0]).toBe(200);
    const gone = { description: "pay rent", completed: true };
    expect((await call("DELETE", "/v1/conversations/c-tasks/action-items", gone))[0]).toBe(200);
    expect(await call("GET", "/v1/conversations/c-tasks/action-items")).toMatchObject([
      200,
      {
        conversation_id: "c-tasks",
        action_items: [
          { description: "call anna", completed: true },
          { description: "buy tea", completed: false },
        ],
      },
    ]);
    const [, after] = await call("GET", "/v1/action-items?conversation_id=c-tasks");
    expect((after.action_items as Json[]).map(({ description, completed }) => [description, completed]).sort()).toEqual(
      [
        ["buy tea", false],
        ["call anna", true],
      ],
    );
    const tea = (after.action_items as Json[]).find(({ description }) => description === "buy tea");
    await call("PATCH", `/v1/action-items/${encodeURIComponent(String(tea?.id))}/completed?completed=true`);
    const [, conversation] = await call("GET", "/v1/conversations/c-tasks");
    expect(conversation).toMatchObject({
      structured: { action_items: [{}, { description: "buy tea", completed: true }] },
    });
  });

  it("and events of a conversation need as many values as places", async () => {
    await finished("c-events");
    const uneven = { events_idx: [0, 1], values: [true] };
    expect((await call("PATCH", "/v1/conversations/c-events/events", uneven))[0]).toBe(422);
    expect((await call("PATCH", "/v1/conversations/c-events/action-items", { items_idx: [0], values: [] }))[0]).toBe(
      422,
    );
    expect((await call("PATCH", "/v1/conversations/c-events/events", { events_idx: [0], values: [true] }))[0]).toBe(
      200,
    );
    const [, conversation] = await call("GET", "/v1/conversations/c-events");
    expect(conversation).toMatchObject({ structured: { events: [{ title: "Lunch", created: true }] } });
    expect((await call("PATCH", "/v1/conversations/none/events", { events_idx: [], values: [] }))[0]).toBe(404);
    expect((await call("GET", "/v1/conversations/c-events/action-items", undefined, gateway.bob))[0]).toBe(404);
  });
});

describe("webhooks", () => {
  const at = (type: string, action = "") => `/v1/users/developer/webhook/${type}${action}`;
  const status = async () => (await call("GET", "/v1/users/developer/webhooks/status"))[1];

  it("say of the one that is never sent that it is not", async () => {
    const url = "http://10.1.2.3:8080/hook";
    const note = expect.stringContaining("never sent");
    expect(await call("POST", at("day_summary"), { url })).toEqual([200, { status: "ok", note }]);
    expect(await call("POST", at("day_summary", "/disable"))).toEqual([200, { status: "ok", note }]);
    expect(await call("GET", at("day_summary"))).toEqual([200, { url, note }]);
    await call("POST", at("day_summary"), { url: "" });
    expect(await call("GET", at("day_summary"))).toEqual([200, { url: "", note }]);
    expect(await call("GET", at("memory_created"))).toEqual([200, { url: "" }]);
  });

  it("are set, switched and removed", async () => {
    expect(await status()).toEqual({
      memory_created: false,
      realtime_transcript: false,
      audio_bytes: false,
      day_summary: false,
    });
    const url = "http://10.1.2.3:8080/hook?x=1";
    expect(await call("POST", at("realtime_transcript"), { url })).toEqual([200, { status: "ok" }]);
    expect(await call("GET", at("realtime_transcript"))).toEqual([200, { url }]);
    expect(await status()).toMatchObject({ realtime_transcript: true, memory_created: false });
    expect(await call("POST", at("realtime_transcript", "/disable"))).toEqual([200, { status: "ok" }]);
    expect(await status()).toMatchObject({ realtime_transcript: false });
    await call("POST", at("realtime_transcript"), { url: "http://10.1.2.4/" });
    expect(await status()).toMatchObject({ realtime_transcript: false });
    await call("POST", at("realtime_transcript", "/enable"));
    expect(await liveConsumers(gateway.db, "alice")).toEqual({ transcript: true, audio: false });
    await call("POST", at("realtime_transcript"), { url: "" });
    expect(await call("GET", at("realtime_transcript"))).toEqual([200, { url: "" }]);
    expect(await call("GET", at("realtime_transcript"), undefined, gateway.bob)).toEqual([200, { url: "" }]);
  });

  it("for sound say how many seconds a request holds", async () => {
    await call("POST", at("audio_bytes"), { url: "http://10.1.2.3/a,12.5" });
    expect(await call("GET", at("audio_bytes"))).toEqual([200, { url: "http://10.1.2.3/a,12.5" }]);
    await call("POST", at("audio_bytes"), { url: "http://10.1.2.3/a" });
    expect(await call("GET", at("audio_bytes"))).toEqual([200, { url: "http://10.1.2.3/a" }]);
    expect(await call("POST", at("audio_bytes"), { url: "http://10.1.2.3/a,0" })).toMatchObject([
      422,
      { code: "webhook_seconds_invalid" },
    ]);
    expect((await call("POST", at("audio_bytes"), { url: "http://10.1.2.3/a,999" }))[0]).toBe(422);
    expect(await call("POST", at("audio_bytes"), { url: "," })).toEqual([200, { status: "ok" }]);
    expect(await call("GET", at("audio_bytes"))).toEqual([200, { url: "" }]);
  });

  it.each([
    ["http://127.0.0.1/", "webhook_address_private"],
    ["http://localhost:8787/", "webhook_address_private"],
    ["http://[::1]/", "webhook_address_private"],
    ["http://[::ffff:10.0.0.1]/", "webhook_address_private"],
    ["http://169.254.169.254/latest/meta-data", "webhook_address_private"],
    ["http://10.2.0.1/", "webhook_address_private"],
    ["http://0x7f000001/", "webhook_address_private"],
    ["http://100.64.1.1/", "webhook_address_private"],
    ["https://user:pass@10.1.2.3/", "webhook_address_password"],
    ["ftp://10.1.2.3/", "webhook_address_invalid"],
    ["javascript:alert(1)", "webhook_address_invalid"],
    ["not a url", "webhook_address_invalid"],
  ])("may not go to %s", async (url, why) => {
    const [status, body] = await call("POST", at("memory_created"), { url });
    expect([status, body]).toEqual([422, { code: why, detail: expect.any(String) }]);
    expect(await call("GET", at("memory_created"))).toEqual([200, { url: "" }]);
  });

  it("are listed with what became of their last messages, as long as the address stays", async () => {
    const url = "http://10.1.2.3/list";
    await call("POST", at("memory_created"), { url });
    await call("POST", at("audio_bytes"), { url: `${url},30` });
    await call("POST", at("audio_bytes", "/disable"));
    const note = async (type: "memory_created" | "audio_bytes", to: string, code: string | null, status: number) =>
      await noteWebhookResult(gateway.db, "alice", { type, url: to }, { atMs: 1_000, code, status });
    await note("memory_created", url, null, 204);
    await note("audio_bytes", url, "webhook_refused", 410);
    await note("memory_created", "http://10.1.2.3/before", "webhook_failed", 500);
    const list = async (token?: string) => (await call("GET", "/v1/users/developer/webhooks", undefined, token))[1];
    const none = { url: "", every_seconds: null, enabled: false, last: null };
    const at1 = "1970-01-01T00:00:01.000Z";
    const on = { url, every_seconds: null, enabled: true, last: { at: at1, code: null, status: 204 } };
    const off = { url, every_seconds: 30, enabled: false, last: { at: at1, code: "webhook_refused", status: 410 } };
    expect(await list()).toEqual([
      { type: "memory_created", never_sent: false, ...on },
      { type: "realtime_transcript", never_sent: false, ...none },
      { type: "audio_bytes", never_sent: false, ...off },
      { type: "day_summary", never_sent: true, ...none },
    ]);
    expect(await list(gateway.bob)).toMatchObject([none, none, none, none]);
    await call("POST", at("audio_bytes"), { url });
    expect(await list()).toMatchObject([on, none, { url, enabled: false, last: null }, none]);
    for (const type of ["memory_created", "audio_bytes"]) await call("POST", at(type), { url: "" });
    expect(await list()).toMatchObject([none, none, none, none]);
  });

  it("of no known type are refused", async () => {
    expect((await call("POST", at("everything"), { url: "http://10.1.2.3/" }))[0]).toBe(422);
    expect((await call("POST", at("memory_created"), {}))[0]).toBe(422);
  });

  it("are signed with a secret of the user's own, which can be changed", async () => {
    const secret = async (token?: string) =>
      (await call("GET", "/v1/users/developer/webhooks/secret", undefined, token))[1].secret;
    const first = await secret();
    expect(first).toMatch(/^whsec_[\w-]{43}$/);
    expect(await secret()).toBe(first);
    expect(await secret(gateway.bob)).not.toBe(first);
    const [, rotated] = await call("POST", "/v1/users/developer/webhooks/secret");
    expect(rotated.secret).not.toBe(first);
    expect(await secret()).toBe(rotated.secret);
  });
});

it("keeping sound is off until it is switched on", async () => {
  const path = "/v1/users/private-cloud-sync";
  expect(await call("GET", path)).toEqual([200, { private_cloud_sync_enabled: false }]);
  expect(await call("POST", `${path}?value=true`)).toEqual([200, { status: "ok" }]);
  expect(await call("GET", path)).toEqual([200, { private_cloud_sync_enabled: true }]);
  expect(await call("GET", path, undefined, gateway.bob)).toEqual([200, { private_cloud_sync_enabled: false }]);
  expect((await call("POST", path))[0]).toBe(422);
});

it("finalization says how far the fan-out is", async () => {
  await finished("c-fanout");
  const { db } = gateway;
  const nowMs = Date.now();
  const request = { userId: "alice", conversationId: "c-fanout", trigger: "finalize", force: true, nowMs } as const;
  const ticket = await db.transaction().execute((trx) => requestFinalization(trx, request));
  const look = async () => (await call("GET", "/v1/conversations/c-fanout/finalization"))[1];
  expect(await look()).toMatchObject({ status: "queued", fanout_status: "pending" });
  const end = (id: string, values: object) => db.updateTable("jobs").set(values).where("id", "=", id).execute();
  await end(ticket?.jobId ?? "", { state: "completed", result: "{}", completed_at: new Date() });
  await db
    .updateTable("conversations")
    .set({ status: "completed", completed_revision: 1 })
    .where("id", "=", "c-fanout")
    .execute();
  expect(await look()).toMatchObject({ fanout_status: "completed" });
  const id = fanoutJobId("alice", "c-fanout", 1);
  await enqueueJob(db, {
    userId: "alice",
    id,
    kind: "fanout",
    conversationId: "c-fanout",
    payload: {},
    dueMs: nowMs,
    nowMs,
  });
  expect(await look()).toMatchObject({ fanout_status: "pending" });
  await end(id, { state: "leased", lease_until: new Date(nowMs + 60_000) });
  expect(await look()).toMatchObject({ fanout_status: "leased" });
  const over = { lease_until: null, completed_at: new Date() };
  await end(id, { ...over, state: "completed", result: JSON.stringify({ fenced: true }) });
  expect(await look()).toMatchObject({ fanout_status: "fenced" });
  await end(id, { ...over, state: "completed", result: JSON.stringify({ delivered: 1 }) });
  expect(await look()).toMatchObject({ fanout_status: "completed" });
  await end(id, { ...over, state: "failed", result: "{}", reason_code: "webhook_refused" });
  expect(await look()).toMatchObject({ fanout_status: "unknown", fanout_reason_code: "webhook_refused" });
});
