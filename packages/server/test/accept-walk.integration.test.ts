/**
 * The accept path beside the reference, line by line: limits, lanes, proof of live capture, what a repeat gets, and the deprecated
 * route. A refusal leaves nothing on disk and in the tables.
 */
import { createHash } from "node:crypto";
import { HISTORICAL_BATCH, SYNC, SyncAccepted, SyncJobView, writeFrames } from "@holdfast/contract";
import { systemClock } from "@holdfast/runtime";
import { claimJob, completeJob, createConversation, deleteJob, type Job, noteContentEnd } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";
import { multipartRequest, type Part, recording } from "./support/multipart.ts";

const HOUR = 3_600_000;
let ahead = 0;
let server: TestServer;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startTestServer();
  gateway = await startTestGateway(server, { clock: { ...systemClock, now: () => Date.now() + ahead } });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  ahead = 0;
});

let n = 0;
/** Content that no other test has. */
const fresh = (ageMs = HOUR): Part => {
  n += 1;
  return recording(ageMs, `content ${n}`);
};

const ask = async (parts: readonly Part[], headers: Record<string, string> = {}, path = "/v2/sync-local-files") =>
  await gateway.ask(path, multipartRequest(parts, headers));

async function accepted(parts: readonly Part[], headers: Record<string, string> = {}, path = "/v2/sync-local-files") {
  const response = await ask(parts, headers, path);
  const body: unknown = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(202);
  return SyncAccepted.strict().parse(body);
}

async function job(id: string) {
  const response = await gateway.ask(`/v2/sync-local-files/${id}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const payloadOf = async (id: string) =>
  (await gateway.db.selectFrom("jobs").select("payload").where("id", "=", id).executeTakeFirstOrThrow()).payload;

/** Leases this job; the others of the table are not due meanwhile. */
async function leased(jobId: string): Promise<Job> {
  const others = gateway.db.updateTable("jobs").where("id", "<>", jobId).where("state", "=", "queued");
  await others.set({ due_at: new Date(Date.now() + 100 * HOUR) }).execute();
  const claimed = await claimJob(gateway.db, ["sync"], { owner: "w", nowMs: Date.now(), leaseMs: 60_000 });
  if (claimed?.id !== jobId) throw new Error("another job was leased");
  return claimed;
}

const RESULT = { new_memories: ["c1"], updated_memories: ["c2"], failed_segments: 0, total_segments: 4, errors: [] };

async function finish(
  jobId: string,
  outcome: "completed" | "partial_failure" | "failed",
  reasonCode: string | null = null,
) {
  const result = outcome === "completed" ? RESULT : { ...RESULT, failed_segments: 1, errors: ["stt_timeout"] };
  await completeJob(gateway.db, await leased(jobId), { outcome, result, reasonCode, nowMs: Date.now() });
}

/** What is on disk and in the tables, before and after. */
async function changes<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly added: number[] }> {
  const look = async () => [
    (await gateway.leftovers()).length,
    (await gateway.db.selectFrom("jobs").select("id").execute()).length,
    (await gateway.db.selectFrom("sync_contents").select("job_id").execute()).length,
    (await gateway.db.selectFrom("upload_files").select("name").execute()).length,
  ];
  const before = await look();
  const result = await work();
  const after = await look();
  return { result, added: after.map((count, at) => count - (before[at] ?? 0)) };
}
const NOTHING = [0, 0, 0, 0];

describe("times of capture", () => {
  const named = (seconds: number | string): Part => ({
    ...fresh(),
    fileName: `audio_x_opus_16000_1_fs160_${seconds}.bin`,
  });
  const nowS = () => Math.floor((Date.now() + ahead) / 1000);

  it("may be decimal, in milliseconds, and five minutes ahead", async () => {
    const start = nowS() - 100;
    for (const text of [`${start}.25`, `${start * 1000 + 250}`]) {
      const { job_id } = await accepted([named(text)]);
      const rows = await gateway.db
        .selectFrom("upload_files")
        .select("captured_at")
        .where("job_id", "=", job_id)
        .execute();
      expect(rows).toEqual([{ captured_at: start * 1000 + 250 }]);
    }
    const skewed = await accepted([named(nowS() + 290)]);
    expect(skewed.lane).toBe("fresh");
    expect((await job(skewed.job_id)).body.recording_age_seconds).toBe(0);
    const { result, added } = await changes(() => ask([named(nowS() + 400)]));
    expect(result.status).toBe(400);
    expect(JSON.stringify(await result.json())).toContain("invalid timestamp");
    expect(added).toEqual(NOTHING);
  });

  it("decide the lane by the newest, and the trust is legacy without proof", async () => {
    const cases: readonly [number[], string, string][] = [
      [[5.9], "fresh", "unbound_capture_time"],
      [[6.1], "backfill", "historical_capture"],
      [[100, 1], "fresh", "unbound_capture_time"],
      [[100, 29 * 24], "backfill", "historical_capture"],
    ];
    for (const [hours, lane, reason] of cases) {
      const answer = await accepted(hours.map((age) => fresh(age * HOUR)));
      expect(answer.lane).toBe(lane);
      const trust = { lane, lane_reason: reason, capture_time_trust: "legacy" };
      expect(await payloadOf(answer.job_id)).toMatchObject(trust);
      const { body } = await job(answer.job_id);
      expect(body).toMatchObject({ lane });
      expect(Number(body.recording_age_seconds)).toBeGreaterThanOrEqual(Math.max(...hours) * 3600 - 5);
    }
  });
});

describe("a batch of old recordings", () => {
  it("is 413 beyond its limits, before anything is kept, and is taken in smaller batches", async () => {
    const many = Array.from({ length: HISTORICAL_BATCH.files + 1 }, (_, at) => fresh(8 * HOUR + at * 1_000));
    const long = { ...fresh(9 * HOUR), bytes: writeFrames(Array.from({ length: 220_000 }, () => new Uint8Array(1))) };
    const empty = { ...fresh(10 * HOUR), bytes: "" };
    for (const parts of [many, [long], [empty]]) {
      const { result, added } = await changes(() => ask(parts));
      expect([result.status, added]).toEqual([413, NOTHING]);
      expect(await result.json()).toEqual({ detail: expect.stringContaining("old recordings") });
    }
    expect((await accepted(many.slice(1))).total_files).toBe(HISTORICAL_BATCH.files);
    expect((await accepted([...many.slice(0, 20), fresh()])).lane).toBe("fresh");
  });
});

describe("proof of live capture", () => {
  const device = { "x-app-platform": "ios", "x-device-id-hash": "abcd1234" };
  const digest = (part: Part) => createHash("sha256").update(part.bytes).digest("hex");
  const claim = async (conversationId: string, files: readonly Part[], headers: Record<string, string> = device) =>
    await gateway.ask("/v2/sync-capture-manifest", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({
        conversation_id: conversationId,
        files: files.map((part) => ({ name: part.fileName, sha256: digest(part) })),
      }),
    });

  async function conversation(): Promise<string> {
    const id = crypto.randomUUID();
    await createConversation(gateway.db, {
      userId: "alice",
      id,
      origin: "live",
      source: "omi",
      language: "en",
      externalData: null,
      clientDeviceId: "ios_abcd1234",
      clientPlatform: "ios",
      recordingSessionId: null,
      silenceTimeoutMs: 120_000,
      startedAtMs: Date.now() - 2 * HOUR,
      nowMs: Date.now() - 2 * HOUR,
    });
    return id;
  }

  it("raises the trust of exactly these bytes, and is worth nothing to others", async () => {
    const id = await conversation();
    const files = [fresh(), fresh(2 * HOUR)];
    const granted = await claim(id, files);
    expect(granted.status).toBe(200);
    const { manifest } = (await granted.json()) as { manifest: string };
    const path = `/v2/sync-local-files?conversation_id=${id}`;
    const proof = { ...device, "x-omi-sync-capture-manifest": manifest };
    const trustOf = async (parts: readonly Part[], headers: Record<string, string>, where = path) =>
      (await payloadOf((await accepted(parts, headers, where)).job_id)).capture_time_trust;

    const changed = files.map((part) => ({ ...part, bytes: writeFrames([Buffer.from(`other ${part.fileName}`)]) }));
    const { result, added } = await changes(() => ask(changed, proof, path));
    expect([result.status, await result.json(), added]).toMatchObject([
      422,
      { code: "capture_manifest_mismatch", detail: expect.any(String) },
      NOTHING,
    ]);
    expect(await trustOf(files, proof)).toBe("device_bound");
    expect(await trustOf([fresh(), ...files], proof)).toBe("legacy");
    expect(await trustOf([fresh()], { ...proof, "x-omi-sync-capture-manifest": "forged.abc" })).toBe("legacy");
    const again = await claim(id, [...files].reverse());
    expect(again.status).toBe(200);
  });

  it("is refused for good with 403 and 409, without a time to come back", async () => {
    const id = await conversation();
    const status = async (response: Promise<Response>) => {
      const answer = await response;
      expect(answer.headers.get("retry-after")).toBeNull();
      expect(await answer.json()).toHaveProperty(answer.status === 200 ? "manifest" : "detail");
      return answer.status;
    };
    const file = fresh();
    expect(await status(claim(id, [file], {}))).toBe(403);
    expect(await status(claim(id, [file], { ...device, "x-device-id-hash": "other" }))).toBe(403);
    expect(await status(claim(crypto.randomUUID(), [file]))).toBe(403);
    expect(await status(claim(id, [fresh(3 * HOUR)]))).toBe(403);
    expect(await status(claim(id, []))).toBe(422);
    expect(
      await status(
        claim(
          id,
          Array.from({ length: 21 }, () => fresh()),
        ),
      ),
    ).toBe(422);
    expect(await status(claim(id, [{ ...file, fileName: "no-time.bin" }]))).toBe(422);
    expect(await status(claim("x".repeat(129), [file]))).toBe(422);
    expect(await status(claim(id, [file]))).toBe(200);
    expect(await status(claim(id, [file, fresh()]))).toBe(409);
    await gateway.db
      .updateTable("capture_claims")
      .set({ claimed_at: new Date(Date.now() - 7 * HOUR) })
      .execute();
    expect(await status(claim(id, [file, fresh()]))).toBe(200);
  });
});

describe("the same content again", () => {
  it("is known after its job is gone, as a job of its own that is finished", async () => {
    const parts = [fresh()];
    const first = await accepted(parts);
    await finish(first.job_id, "completed");
    await deleteJob(gateway.db, "alice", first.job_id);
    expect((await job(first.job_id)).status).toBe(404);
    const { result: second, added } = await changes(() => accepted(parts));
    expect(added).toEqual([0, 1, 0, 0]);
    expect(second).toMatchObject({ status: "completed", total_segments: 4, poll_after_ms: 0, total_files: 1 });
    expect(second.job_id).not.toBe(first.job_id);
    const { body } = await job(second.job_id);
    expect(SyncJobView.strict().parse(body)).toMatchObject({
      status: "completed",
      total_segments: 0,
      processed_segments: 4,
      successful_segments: 4,
      result: RESULT,
    });
    expect((await accepted(parts)).job_id).not.toBe(first.job_id);
    ahead = SYNC.contentRetentionMs + HOUR;
    await gateway.db.deleteFrom("jobs").where("id", "=", second.job_id).execute();
  });

  it("is work again after a failure, and rests after the third of the same kind within a day", async () => {
    const parts = [fresh()];
    let last = await accepted(parts);
    const fail = async (cause: string | null) => {
      await finish(last.job_id, "failed", cause);
      await noteContentEnd(gateway.db, { userId: "alice", id: last.job_id }, cause, Date.now());
    };
    for (const cause of [
      "sync_invalid_audio",
      "sync_invalid_audio",
      null,
      "sync_invalid_audio",
      "sync_invalid_audio",
    ]) {
      await fail(cause);
      const next = await accepted(parts);
      expect(next).toMatchObject({ status: "queued" });
      expect(next.job_id).not.toBe(last.job_id);
      last = next;
    }
    await fail("sync_invalid_audio");
    const { result: paused, added } = await changes(() => accepted(parts));
    expect(paused).toMatchObject({ status: "failed", total_segments: 0, poll_after_ms: 0 });
    expect(added).toEqual([0, 1, 0, 0]);
    const { body } = await job(paused.job_id);
    expect(body).toMatchObject({ status: "failed", reason_code: "sync_repeat_failure_paused", total_segments: 0 });
    expect(body.error).not.toBe(body.reason_code);
    expect(body).not.toHaveProperty("result");
    ahead = SYNC.repeatPauseMs + HOUR;
    expect((await accepted(parts)).status).toBe("queued");
  });
});

describe("the deprecated route", () => {
  const path = "/v1/sync-local-files";
  const deprecated = (response: Response) => {
    expect(response.headers.get("deprecation")).toBe("true");
    expect(response.headers.get("link")).toBe('</v2/sync-local-files>; rel="successor-version"');
    return response;
  };

  it.each([
    ["completed", 200, { new_memories: ["c1"], updated_memories: ["c2"] }],
    ["partial_failure", 207, { ...RESULT, failed_segments: 1, errors: ["stt_timeout"] }],
    ["failed", 500, { detail: "sync_failed" }],
  ] as const)("waits for the job and answers %s with %d", async (outcome, status, body) => {
    const part = fresh();
    const answering = ask([part], {}, path);
    // The same batch on the other route names the job that is waited for.
    const { job_id } = await accepted([part]);
    await finish(job_id, outcome);
    const response = deprecated(await answering);
    expect([response.status, await response.json()]).toEqual([status, body]);
  });

  it("names itself deprecated also where it refuses", async () => {
    const { result, added } = await changes(() => ask([{ ...fresh(), fileName: "x.bin" }], {}, path));
    expect([deprecated(result).status, added]).toEqual([400, NOTHING]);
    const anonymous = await gateway.ask(path, { ...multipartRequest([fresh()]), token: null });
    expect(deprecated(anonymous).status).toBe(401);
  });

  it("gives up waiting after a minute and loses nothing", async () => {
    const part = fresh();
    const answering = ask([part], {}, path);
    const { job_id } = await accepted([part]);
    ahead = SYNC.v1WaitMs + 1_000;
    const response = deprecated(await answering);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await response.json()).toMatchObject({ code: "backfill_capacity" });
    ahead = 0;
    await finish(job_id, "completed");
    expect((await ask([part], {}, path)).status).toBe(200);
  });

  it("tells a client whose budget is used up when to come back", async () => {
    const part = fresh();
    const answering = ask([part], {}, path);
    const { job_id } = await accepted([part]);
    await gateway.db
      .updateTable("jobs")
      .set({ reason_code: "sync_transcription_budget_exhausted", due_at: new Date(Date.now() + HOUR) })
      .where("id", "=", job_id)
      .execute();
    const response = deprecated(await answering);
    expect([response.status, response.headers.get("x-omi-rate-limit-reason")]).toEqual([429, "fair_use"]);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(3_000);
    expect(await response.json()).toMatchObject({ dg_budget_exhausted: true, new_memories: [], skipped_segments: 0 });
  });
});
