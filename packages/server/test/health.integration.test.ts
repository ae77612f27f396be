/** Whether the gateway tells the truth about itself: readiness by part, figures, and who may see them. */
import { type BlobStore, createToken, enqueueJob, OWNER_USER_ID } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway } from "./support/gateway.ts";
import { eventually } from "./support/wait.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());

interface Ready {
  readonly ok: boolean;
  readonly parts: Record<string, { ok: boolean; why?: string }>;
}

describe("readiness", () => {
  it("is 200 when everything needed to record is there, and says what is not", async () => {
    await using gateway = await startTestGateway(server);
    const ready = async () => {
      const answer = await gateway.ask("/health/ready", { token: null });
      return { status: answer.status, body: (await answer.json()) as Ready };
    };
    const well = { ok: true, parts: { database: { ok: true }, blobs: { ok: true }, speech: { ok: true } } };
    expect(await ready()).toEqual({ status: 200, body: well });
    gateway.speech.healthy = false;
    const ill = await eventually("the news", async () => {
      const answer = await ready();
      return answer.status === 503 && answer.body;
    });
    expect(ill.parts).toMatchObject({ database: { ok: true }, speech: { ok: false, why: expect.any(String) } });
    gateway.speech.healthy = true;
    await eventually("the recovery", async () => (await ready()).status === 200);
  });

  it("asks each part at most once a second however many ask", async () => {
    let checks = 0;
    const blobs = (real: BlobStore): BlobStore => ({
      ...real,
      check: async () => {
        checks += 1;
        await real.check();
      },
    });
    await using gateway = await startTestGateway(server, { blobs });
    const answers = await Promise.all(Array.from({ length: 50 }, () => gateway.ask("/health/ready")));
    expect(answers.every((answer) => answer.status === 200)).toBe(true);
    expect(checks).toBeLessThanOrEqual(2);
  });

  it("sees a blob folder that cannot be written, and does not tell where it is", async () => {
    const blobs = (real: BlobStore): BlobStore => ({
      ...real,
      check: async () => {
        throw new Error("EROFS: read-only file system, access '/secret/place'");
      },
    });
    await using gateway = await startTestGateway(server, { blobs });
    const answer = await gateway.ask("/health/ready");
    const body = await answer.text();
    expect(answer.status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({ ok: false, parts: { blobs: { ok: false }, database: { ok: true } } });
    expect(body).not.toContain("/secret");
  });

  it.each([
    [{ HOLDFAST_SPEECH_URL: "" }, 503],
    [{ HOLDFAST_SPEECH_URL: "", HOLDFAST_STT: "deepgram+wss://engine.example" }, 200],
    [{ HOLDFAST_SPEECH_URL: "", HOLDFAST_STT: "openai+https://engine.example" }, 503],
    [{ HOLDFAST_SPEECH_URL: "http://127.0.0.1:9" }, 503],
  ])("with %o is %i", async (env, status) => {
    await using gateway = await startTestGateway(server, { env });
    expect((await gateway.ask("/health/ready")).status).toBe(status);
  });
});

describe("draining", () => {
  it("takes nothing new, and stays alive until it is closed", async () => {
    await using gateway = await startTestGateway(server);
    expect((await gateway.ask("/v1/users/me")).status).toBe(200);
    await gateway.drain();
    await gateway.drain();
    await expect(gateway.ask("/v1/users/me")).rejects.toThrow();
  });
});

describe("metrics", () => {
  it("say how old the oldest unfinished work is, how deep the queues are, and how long requests take", async () => {
    await using gateway = await startTestGateway(server);
    const nowMs = Date.now();
    const job = { userId: "alice", kind: "sync", payload: {}, dueMs: nowMs } as const;
    await enqueueJob(gateway.db, { ...job, id: "00000000-0000-4000-8000-000000000001", nowMs: nowMs - 90_000 });
    await enqueueJob(gateway.db, { ...job, id: "00000000-0000-4000-8000-000000000002", nowMs });
    await gateway.ask("/v1/users/me");
    await gateway.ask("/v1/conversations/some-private-id");
    const answer = await gateway.ask("/metrics", { token: null });
    expect(answer.headers.get("content-type")).toContain("text/plain");
    const figures = await answer.text();
    expect(figures).toContain('holdfast_jobs{kind="sync",state="queued"} 2');
    const age = /oldest_nonterminal_age_seconds\{kind="sync"\} ([\d.]+)/.exec(figures)?.[1];
    expect(Number(age)).toBeGreaterThanOrEqual(90);
    expect(Number(age)).toBeLessThan(150);
    expect(figures).toContain('oldest_nonterminal_age_seconds{kind="repair"} 0');
    expect(figures).toMatch(/holdfast_event_loop_delay_ms\{quantile="0.99"\} [\d.]+/);
    expect(figures).toContain("holdfast_live_sessions 0");
    expect(figures).toContain('holdfast_http_request_seconds_count{method="GET",route="/v1/users/me",status="2xx"} 1');
    expect(figures).toContain('route="/v1/conversations/:id",status="4xx"} 1');
    expect(figures).not.toContain("some-private-id");
  });

  it("are shown through a proxy only to the owner and to our own processes", async () => {
    await using gateway = await startTestGateway(server);
    const status = async (token: string | null) => {
      const headers = { "x-forwarded-for": "203.0.113.9" };
      return (await gateway.ask("/metrics", { token, headers })).status;
    };
    expect(await status(null)).toBe(401);
    expect(await status("hf_wrong")).toBe(401);
    expect(await status(gateway.alice)).toBe(401);
    expect(await status("internal-token-of-the-test")).toBe(200);
    const owner = await createToken(gateway.db, { userId: OWNER_USER_ID, name: "owner", nowMs: Date.now() });
    expect(await status(owner)).toBe(200);
  });
});
