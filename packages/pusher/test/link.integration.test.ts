/** The link over real sockets: who gets in, which frames count, what 104 is answered, and that sockets decide nothing. */
import { request as httpRequest } from "node:http";
import {
  encodeAudio,
  encodeConversation,
  encodeHeartbeat,
  encodeSpeakerSample,
  encodeTranscript,
  parseConfig,
} from "@holdfast/contract";
import { silentLog } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import { claimJobById, type Db, deleteConversation, enqueueJob, findJob, loadConversation } from "@holdfast/store";
import { type ScriptedLlm, startScriptedLlm, startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startPusher } from "../src/index.ts";
import {
  type Cleanup,
  cleanUp,
  jobState,
  link,
  pusher,
  requestFor,
  spoken,
  TOKEN,
  USER,
  untilCompleted,
} from "./harness.ts";
import { said } from "./said.ts";

const TEXT = "I need to send the report to Anna by Friday. The budget of the project is almost used up.";
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

/** A leased job that nobody here holds, so that the poll leaves it alone. */
const leaseElsewhere = (jobId: string) =>
  claimJobById(db, { userId: USER, id: jobId }, { owner: "other", nowMs: Date.now(), leaseMs: 600_000 });

function upgradeStatus(port: number, path: string, authorization?: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...(authorization === undefined ? {} : { authorization }),
    };
    const request = httpRequest({ host: "127.0.0.1", port, path, headers, agent: false });
    request.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve(response.statusCode);
    });
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("error", reject);
    request.end();
  });
}

describe("the port", () => {
  it("lets in who has the token and names a user, before the upgrade", async () => {
    const { port, events } = await pusher(cleanup, db);
    const path = "/v1/trigger/listen?uid=u1&sample_rate=16000";
    expect(await upgradeStatus(port, path)).toBe(401);
    expect(await upgradeStatus(port, path, "Bearer wrong")).toBe(401);
    expect(await upgradeStatus(port, "/v1/trigger/listen", `Bearer ${TOKEN}`)).toBe(400);
    expect(await upgradeStatus(port, "/elsewhere?uid=u1", `Bearer ${TOKEN}`)).toBe(404);
    expect(await upgradeStatus(port, path, `Bearer ${TOKEN}`)).toBe(101);
    expect(events.filter(({ type }) => type === "link_refused")).toHaveLength(4);
  });

  it("refuses to be open to other machines without a token", async () => {
    const deps = { db, clock: systemClock, random: systemRandom, log: silentLog, port: 0, host: "0.0.0.0" };
    await expect(startPusher({ ...deps, config: parseConfig({}) })).rejects.toMatchObject({ code: "config_invalid" });
  });

  it("says whether it can finish conversations", async () => {
    const { port, drain } = await pusher(cleanup, db, { HOLDFAST_LLM_URL: llm.url });
    const ask = async (path: string, method = "GET") => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
      return { status: response.status, body: await response.json() };
    };
    expect(await ask("/health")).toEqual({
      status: 200,
      body: { status: "ok", running: 0, links: 0, summaries: "llm" },
    });
    expect((await ask("/other")).status).toBe(404);
    expect((await ask("/health", "POST")).status).toBe(405);
    await drain();
    expect(await ask("/health")).toMatchObject({ status: 503, body: { status: "draining" } });
    expect(await upgradeStatus(port, "/v1/trigger/listen?uid=u1", `Bearer ${TOKEN}`)).toBe(503);
  });

  it("reports a database that cannot be reached", async () => {
    const database = await server.database();
    const { port } = await pusher(cleanup, database.db);
    await database.db.destroy();
    const response = await fetch(`http://127.0.0.1:${port}/health`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ status: "database_unreachable" });
  });
});

describe("process requests", () => {
  it("a nudge completes the conversation with a basic summary, and says so", async () => {
    const { port } = await pusher(cleanup, db);
    const { ask, answer } = await link(cleanup, port);
    const ticket = await spoken(db, "c1", said(TEXT));
    ask(requestFor("c1", ticket));
    expect(await answer("c1")).toEqual({ conversation_id: "c1", success: true });
    const conversation = await loadConversation(db, USER, "c1");
    expect(conversation).toMatchObject({
      status: "completed",
      summary_kind: "basic",
      state_reason: null,
      discarded: false,
    });
    expect(conversation?.structured.action_items).toMatchObject([
      { description: "Send the report to Anna by Friday", conversation_id: "c1", completed: false },
    ]);
    expect(conversation?.transcript_segments.map(({ text }) => text)).toEqual([TEXT]);
    ask(requestFor("c1", ticket));
    expect(await answer("c1")).toEqual({ conversation_id: "c1", success: true });
  });

  it("finds jobs that nobody named", async () => {
    await pusher(cleanup, db);
    await spoken(db, "c1", said(TEXT));
    expect((await untilCompleted(db, "c1")).structured.title).not.toBe("");
  });

  it("answers every other case with its own words", async () => {
    const { port } = await pusher(cleanup, db);
    const { ask, answer } = await link(cleanup, port);
    ask({ conversation_id: "c1" });
    expect(await answer("c1")).toEqual({ conversation_id: "c1", error: "durable_job_required" });
    ask({ conversation_id: "c1", finalization_job_id: systemRandom.uuid(), dispatch_generation: 1 });
    expect(await answer("c1")).toEqual({ conversation_id: "c1", error: "job_missing" });
    ask({ conversation_id: "c1", finalization_job_id: "not a uuid", dispatch_generation: 1 });
    expect(await answer("c1")).toEqual({ conversation_id: "c1", error: "job_missing" });

    const blocked = systemRandom.uuid();
    const common = { userId: USER, kind: "finalization", payload: {}, nowMs: Date.now() } as const;
    await enqueueJob(db, { ...common, id: blocked, conversationId: "c2", state: "blocked", dueMs: Date.now() });
    ask({ conversation_id: "c2", finalization_job_id: blocked, dispatch_generation: 1 });
    expect(await answer("c2")).toEqual({ conversation_id: "c2", error: "job_not_actionable" });
    ask({ conversation_id: "c3", finalization_job_id: blocked, dispatch_generation: 1 });
    expect(await answer("c3")).toEqual({ conversation_id: "c3", error: "job_identity_mismatch" });

    const later = systemRandom.uuid();
    await enqueueJob(db, { ...common, id: later, conversationId: "c4", dueMs: Date.now() + 600_000 });
    ask({ conversation_id: "c4", finalization_job_id: later, dispatch_generation: 7 });
    expect(await answer("c4")).toEqual({
      conversation_id: "c4",
      error: "job_stale_generation",
      dispatch_generation: 7,
    });
    await leaseElsewhere(later);
    ask({ conversation_id: "c4", finalization_job_id: later, dispatch_generation: 1 });
    expect(await answer("c4")).toEqual({ conversation_id: "c4", error: "job_leased" });

    const dead = systemRandom.uuid();
    await enqueueJob(db, { ...common, id: dead, conversationId: "c5", dueMs: Date.now() + 600_000 });
    await db.updateTable("jobs").set({ state: "dead_letter" }).where("id", "=", dead).execute();
    ask({ conversation_id: "c5", finalization_job_id: dead, dispatch_generation: 1 });
    expect(await answer("c5")).toEqual({ conversation_id: "c5", error: "job_dead_letter", terminal: true });
  });

  it("closes the job of a conversation that is gone as fenced", async () => {
    const ticket = await spoken(db, "c1", said(TEXT));
    await deleteConversation(db, USER, "c1", { cascade: true, nowMs: Date.now() });
    const { port } = await pusher(cleanup, db);
    const { ask, answer } = await link(cleanup, port);
    ask(requestFor("c1", ticket));
    expect(await answer("c1")).toEqual({ conversation_id: "c1", fenced: true });
  });

  it("knows no job of another user", async () => {
    const { port } = await pusher(cleanup, db);
    const ticket = await spoken(db, "c1", said(TEXT));
    const { ask, answer } = await link(cleanup, port, "somebody-else");
    ask(requestFor("c1", ticket));
    expect(await answer("c1")).toEqual({ conversation_id: "c1", error: "job_missing" });
  });

  it("joins a run that polling began", async () => {
    llm.script({ kind: "slow", ms: 1_500, next: { kind: "json", answer: { title: "From the model" } } });
    const { port, events } = await pusher(cleanup, db, { HOLDFAST_LLM_URL: llm.url });
    const { ask, answer } = await link(cleanup, port);
    const ticket = await spoken(db, "c1", said(TEXT));
    await expect.poll(() => events.some(({ type }) => type === "finalization_started")).toBe(true);
    ask(requestFor("c1", ticket));
    expect(await answer("c1")).toEqual({ conversation_id: "c1", success: true });
    expect(llm.requests).toHaveLength(1);
  });

  it("two pushers that race for the same jobs do each once", async () => {
    const a = await pusher(cleanup, db);
    const b = await pusher(cleanup, db);
    const links = [await link(cleanup, a.port), await link(cleanup, b.port)];
    const ids = Array.from({ length: 12 }, (_, index) => `c${index}`);
    const tickets = await Promise.all(
      ids.map(async (id) => {
        const ticket = await spoken(db, id, said(TEXT));
        for (const { ask } of links) ask(requestFor(id, ticket));
        return ticket;
      }),
    );
    for (const id of ids) {
      const answers = await Promise.all(links.map(({ answer }) => answer(id)));
      for (const answer of answers) expect([{ success: true }, { error: "job_leased" }]).toContainEqual(rest(answer));
      await untilCompleted(db, id);
    }
    const finished = [...a.events, ...b.events].filter(({ type }) => type === "finalization_finished");
    expect(finished.map((event) => "jobId" in event && event.jobId).sort()).toEqual(
      tickets.map(({ jobId }) => jobId).sort(),
    );
    const epochs = await Promise.all(tickets.map(async ({ jobId }) => (await findJob(db, USER, jobId))?.epoch));
    expect(epochs).toEqual(tickets.map(() => 1));
  });

  it("bounds the requests of one link, and answers each one it took", async () => {
    llm.script({ kind: "slow", ms: 1_000, next: { kind: "json", answer: { title: "From the model" } } });
    const { port, events } = await pusher(cleanup, db, { HOLDFAST_LLM_URL: llm.url });
    const { ask, socket, results } = await link(cleanup, port);
    const ticket = await spoken(db, "c1", said(TEXT));
    for (let time = 0; time < 150; time += 1) ask(requestFor("c1", ticket));
    await untilCompleted(db, "c1");
    await expect.poll(() => results.length).toBe(100);
    expect(results.every(({ success }) => success === true)).toBe(true);
    expect(llm.requests).toHaveLength(1);
    socket.close(1000);
    await expect
      .poll(() => events.find(({ type }) => type === "link_closed"))
      .toMatchObject({ requests: 150, dropped: 50 });
  });

  it("goes on when the socket closes during the work", async () => {
    llm.script({ kind: "slow", ms: 500, next: { kind: "json", answer: { title: "From the model" } } });
    const { port, events } = await pusher(cleanup, db, { HOLDFAST_LLM_URL: llm.url });
    const { ask, socket, closed } = await link(cleanup, port);
    ask(requestFor("c1", await spoken(db, "c1", said(TEXT))));
    await expect.poll(() => llm.requests.length).toBe(1);
    socket.terminate();
    await closed;
    await expect.poll(() => events.some(({ type }) => type === "link_closed")).toBe(true);
    expect(await untilCompleted(db, "c1")).toMatchObject({
      summary_kind: "llm",
      structured: { title: "From the model" },
    });
  });

  it("gives its jobs back when it drains, and says that they come later", async () => {
    llm.script({ kind: "hang" });
    const { port, close } = await pusher(cleanup, db, { HOLDFAST_LLM_URL: llm.url });
    const { ask, answer, closed } = await link(cleanup, port);
    const ticket = await spoken(db, "c1", said(TEXT));
    ask(requestFor("c1", ticket));
    await expect.poll(() => llm.requests.length).toBe(1);
    const ending = close();
    expect(await answer("c1")).toMatchObject({
      conversation_id: "c1",
      error: expect.stringMatching(/^(processing_failed|job_leased)$/),
    });
    expect(await closed).toBe(1001);
    await ending;
    await close();
    expect(await jobState(db, ticket)).toBe("queued");
    await pusher(cleanup, db);
    expect(await untilCompleted(db, "c1")).toMatchObject({ summary_kind: "basic" });
  });
});

describe("other frames", () => {
  it("are counted, and bad ones are ignored while the link goes on", async () => {
    const { port, events } = await pusher(cleanup, db);
    const { socket, ask, answer, closed } = await link(cleanup, port);
    socket.send(encodeHeartbeat());
    socket.send(encodeConversation("c9"));
    socket.send(encodeAudio(1_700_000_000, new Uint8Array(3_200)));
    socket.send(encodeTranscript({ segments: said("one", "two"), memory_id: null }));
    socket.send(encodeSpeakerSample({ person_id: "p", conversation_id: "c9", segment_ids: [] }));
    const garbage = [
      new Uint8Array(0),
      Uint8Array.of(1, 2, 3),
      Uint8Array.of(99, 0, 0, 0),
      Uint8Array.of(104, 0, 0, 0, 0x7b),
      Uint8Array.of(102, 0, 0, 0, 0xff, 0xfe),
      Uint8Array.of(101, 0, 0, 0, 1),
      Uint8Array.of(201, 0, 0, 0, ...new TextEncoder().encode('{"conversation_id":"c9"}')),
    ];
    for (const frame of garbage) socket.send(frame);
    socket.send("text, where frames are due");
    ask({ conversation_id: "c1" });
    expect(await answer("c1")).toMatchObject({ error: "durable_job_required" });
    socket.close(1000);
    await closed;
    await expect
      .poll(() => events.find(({ type }) => type === "link_closed"))
      .toMatchObject({
        code: 1000,
        bound: true,
        frames: 14,
        invalidFrames: 8,
        audioBytes: 3_200,
        segments: 2,
        requests: 1,
        dropped: 1,
      });
  });

  it("a frame beyond the limit ends that link only", async () => {
    const { port } = await pusher(cleanup, db);
    const big = await link(cleanup, port);
    const other = await link(cleanup, port);
    big.socket.on("error", () => {});
    big.socket.send(new Uint8Array(5 * 1024 * 1024));
    expect(await big.closed).toBe(1009);
    other.ask({ conversation_id: "c1" });
    expect(await other.answer("c1")).toMatchObject({ error: "durable_job_required" });
  });
});

function rest({ conversation_id: _, ...body }: { conversation_id: string }) {
  return body;
}
