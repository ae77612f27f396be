/** Uploads against a real database and a real folder: what is accepted, what is remembered, and what a repeat costs. */

import { SyncAccepted, SyncJobView, writeFrames } from "@holdfast/contract";
import { claimJob, completeJob, failJob, loadUploadFiles, uploadFolder } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";
import { multipartRequest, type Part, recording, wav } from "./support/multipart.ts";

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

const HOUR = 3_600_000;

async function accepted(response: Response): Promise<SyncAccepted> {
  const body: unknown = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(202);
  return SyncAccepted.strict().parse(body);
}

async function upload(parts: readonly Part[], headers: Record<string, string> = {}, token = gateway.alice) {
  return await accepted(await gateway.ask("/v2/sync-local-files", { ...multipartRequest(parts, headers), token }));
}

async function job(id: string, path = "/v2/sync-local-files") {
  const response = await gateway.ask(`${path}/${id}`);
  expect(response.status).toBe(200);
  return SyncJobView.parse(await response.json());
}

async function jobRow(id: string) {
  return await gateway.db.selectFrom("jobs").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
}

const jobCount = async () => (await gateway.db.selectFrom("jobs").select("id").execute()).length;

/** Does the worker's part for the next job. */
async function leaseNext() {
  const nowMs = Date.now();
  const claimed = await claimJob(gateway.db, ["sync"], { owner: "test", nowMs, leaseMs: 60_000 });
  if (claimed === undefined) throw new Error("no job is waiting");
  return claimed;
}

const RESULT = { new_memories: ["c1"], updated_memories: [], failed_segments: 0, total_segments: 4, errors: [] };

describe("recordings of an Omi client", () => {
  it("are stored byte for byte, described for the worker, and answered with all six fields", async () => {
    const parts = [recording(2 * HOUR, "first"), recording(HOUR, "second")];
    const headers = { "x-app-platform": "Android", "x-device-id-hash": "ABCD1234" };
    const answer = await upload(parts, headers);
    expect(answer).toMatchObject({
      status: "queued",
      total_files: 2,
      total_segments: 0,
      poll_after_ms: 3000,
      lane: "fresh",
    });
    const row = await jobRow(answer.job_id);
    expect(row).toMatchObject({
      user_id: "alice",
      kind: "sync",
      state: "queued",
      lane: "fresh",
      conversation_id: null,
    });
    expect(row.payload).toMatchObject({
      kind: "omi",
      source: "omi",
      client_device_id: "android_abcd1234",
      client_platform: "android",
      language: null,
      lane: "fresh",
      lane_reason: "unbound_capture_time",
      capture_time_trust: "legacy",
      file_names: parts.map((part) => part.fileName),
    });
    expect(row.payload.recording_age_seconds).toBeGreaterThanOrEqual(7_200);
    const files = await loadUploadFiles(gateway.db, "alice", answer.job_id);
    expect(files.map((file) => file.name)).toEqual(parts.map((part) => part.fileName));
    for (const [at, file] of files.entries()) {
      expect(file.blobKey).toBe(`${uploadFolder(answer.job_id)}/${at}`);
      expect(Buffer.from(await gateway.blobs.read(file.blobKey)).equals(Buffer.from(parts[at]?.bytes ?? ""))).toBe(
        true,
      );
    }
    expect(await gateway.leftovers()).toHaveLength(2);
  });

  it("go to the lane of the newest one, with the age of the oldest", async () => {
    const old = await upload([recording(7 * HOUR, "old"), recording(30 * HOUR, "older")]);
    expect(old.lane).toBe("backfill");
    expect((await job(old.job_id)).recording_age_seconds).toBeGreaterThanOrEqual(30 * 3600);
    expect((await upload([recording(30 * HOUR, "x"), recording(HOUR, "y")])).lane).toBe("fresh");
  });

  it("carry what a client says of them, as far as it makes sense", async () => {
    const id = "0f6c1c1e-8f3b-4d5a-9a51-3b2f1d0c9e8a";
    const send = async (query: string, content: string, geolocation?: string) => {
      const headers: Record<string, string> =
        geolocation === undefined ? {} : { "x-omi-conversation-geolocation": geolocation };
      const request = multipartRequest([recording(HOUR, content)], headers);
      return await jobRow((await accepted(await gateway.ask(`/v2/sync-local-files?${query}`, request))).job_id);
    };
    const place = { latitude: 52.5, longitude: 13.4, capture_source: "manual", accuracy: 5 };
    const window = "audio_start_seconds=1.5&audio_end_seconds=60";
    const named = await send(`conversation_id=${id.toUpperCase()}&${window}`, "a", JSON.stringify({ ...place, x: 1 }));
    expect(named.conversation_id).toBe(id);
    expect(named.payload).toMatchObject({
      target_conversation_id: id,
      audio_start_seconds: 1.5,
      audio_end_seconds: 60,
      geolocation: place,
    });
    expect(named.payload.geolocation).not.toHaveProperty("x");
    const strange = await send("conversation_id=../../etc", "b", '{"latitude":91,"longitude":0}');
    expect(strange.conversation_id).toBeNull();
    expect(strange.payload).not.toHaveProperty("target_conversation_id");
    expect(strange.payload).not.toHaveProperty("geolocation");
    expect((await send(`recording_session_id=${id}`, "c")).payload.target_recording_session_id).toBe(id);
    for (const bad of ["{", "[]", "x".repeat(4_097)]) {
      expect((await send("", bad, bad)).payload).not.toHaveProperty("geolocation");
    }
    const malformed = await gateway.ask(
      "/v2/sync-local-files?audio_start_seconds=soon",
      multipartRequest([recording(HOUR)]),
    );
    expect([malformed.status, await malformed.json()]).toMatchObject([
      422,
      { detail: [{ loc: ["query", "audio_start_seconds"] }] },
    ]);
  });

  it("take an empty file, which is the worker's to judge", async () => {
    const empty = { ...recording(HOUR), bytes: "" };
    const answer = await upload([empty]);
    expect(await loadUploadFiles(gateway.db, "alice", answer.job_id)).toMatchObject([{ bytes: 0 }]);
  });

  it("pass over other parts of the form", async () => {
    const extra = { field: "attachment", fileName: "note.txt", bytes: "hello" };
    const answer = await upload([{ field: "note", fileName: null, bytes: "hello" }, recording(HOUR), extra]);
    expect(answer.total_files).toBe(1);
    expect(await gateway.leftovers()).toHaveLength(1);
  });

  it("may be many in one request", async () => {
    const parts = Array.from({ length: 120 }, (_, at) => recording(HOUR + at * 10_000, `part ${at}`));
    expect((await upload(parts)).total_files).toBe(120);
    expect(await gateway.leftovers()).toHaveLength(120);
  });

  it("survive a hundred kilobytes arriving a few bytes at a time", async () => {
    const part = {
      ...recording(HOUR),
      bytes: writeFrames(Array.from({ length: 200 }, (_, n) => new Uint8Array(500).fill(n))),
    };
    const { body, headers } = multipartRequest([part]);
    const whole = body as Uint8Array;
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < whole.length; at += 777) controller.enqueue(whole.subarray(at, at + 777));
        controller.close();
      },
    });
    const init = {
      method: "POST",
      headers: headers as Record<string, string>,
      body: stream,
      duplex: "half",
    } as RequestInit;
    const answer = await accepted(await gateway.ask("/v2/sync-local-files", init));
    const stored = await gateway.blobs.read(`${uploadFolder(answer.job_id)}/0`);
    expect(Buffer.from(stored).equals(Buffer.from(part.bytes))).toBe(true);
  });
});

describe("the same content again", () => {
  it("is one job, also when twenty come at once", async () => {
    const parts = [recording(HOUR, "same"), recording(2 * HOUR, "again")];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => upload(at % 2 === 0 ? parts : [...parts].reverse())),
    );
    expect(new Set(answers.map((answer) => answer.job_id)).size).toBe(1);
    expect(answers.every((answer) => answer.status === "queued" && answer.poll_after_ms === 3000)).toBe(true);
    expect(await jobCount()).toBe(1);
    expect(await gateway.leftovers()).toHaveLength(2);
  });

  it("is another job for another user", async () => {
    const parts = [recording(HOUR)];
    const mine = await upload(parts);
    const theirs = await upload(parts, {}, gateway.bob);
    expect(theirs.job_id).not.toBe(mine.job_id);
  });

  it("is answered with the running job, and with the totals once it is done", async () => {
    const parts = [recording(HOUR)];
    const first = await upload(parts);
    const claimed = await leaseNext();
    expect(await upload(parts)).toMatchObject({ job_id: first.job_id, status: "processing", poll_after_ms: 3000 });
    await completeJob(gateway.db, claimed, { outcome: "completed", result: RESULT, nowMs: Date.now() });
    const done = await upload(parts);
    expect(done).toMatchObject({ job_id: first.job_id, status: "completed", total_segments: 4, poll_after_ms: 0 });
    expect(await job(first.job_id)).toMatchObject({ status: "completed", successful_segments: 4, result: RESULT });
    expect(await gateway.leftovers()).toHaveLength(1);
  });

  it.each(["partial_failure", "failed"] as const)("is a new job after %s", async (outcome) => {
    const parts = [recording(HOUR)];
    const first = await upload(parts);
    const claimed = await leaseNext();
    await completeJob(gateway.db, claimed, { outcome, result: { ...RESULT, failed_segments: 1 }, nowMs: Date.now() });
    const second = await upload(parts);
    expect(second.job_id).not.toBe(first.job_id);
    expect(second.status).toBe("queued");
  });
});

describe("a job", () => {
  it("is told as it is: waiting with a reason, running, failed", async () => {
    const { job_id } = await upload([recording(HOUR)]);
    expect(await job(job_id)).toMatchObject({ status: "queued", total_segments: 0 });
    const claimed = await leaseNext();
    expect((await job(job_id)).status).toBe("processing");
    const failure = { class: "transport", code: "stt_unavailable", message: "x", retryAfterMs: 30_000 } as const;
    await failJob(gateway.db, claimed, failure, Date.now(), 0.5);
    const waiting = await job(job_id);
    expect(waiting).toMatchObject({ status: "queued", reason_code: "stt_unavailable" });
    expect(waiting.retry_after).toBeGreaterThan(20);
    expect(waiting.error).toBeUndefined();
  });

  it("is 403 for another user and 404 where there is none, on both routes", async () => {
    const { job_id } = await upload([recording(HOUR)]);
    const status = async (path: string, token: string) => (await gateway.ask(path, { token })).status;
    for (const route of ["/v2/sync-local-files", "/v1/uploads"]) {
      expect(await status(`${route}/${job_id}`, gateway.alice)).toBe(200);
      expect(await status(`${route}/${job_id}`, gateway.bob)).toBe(403);
      expect(await status(`${route}/00000000-0000-4000-8000-000000000000`, gateway.alice)).toBe(404);
      expect(await status(`${route}/not-a-uuid`, gateway.alice)).toBe(404);
    }
  });
});

describe("sound files of a person", () => {
  const post = async (parts: readonly Part[]) =>
    await accepted(await gateway.ask("/v1/uploads", multipartRequest(parts)));
  const sound = (name = "talk.wav", bytes: Uint8Array = wav()): Part => ({ field: "file", fileName: name, bytes });

  it("are taken with the time the person gives, before or after the file", async () => {
    const startedAt = new Date(Date.now() - HOUR).toISOString();
    const when = { field: "started_at", fileName: null, bytes: startedAt };
    for (const parts of [
      [when, sound("a.wav")],
      [sound("b.wav"), when],
    ]) {
      const row = await jobRow((await post(parts)).job_id);
      expect(row.payload).toMatchObject({ kind: "sound", started_at_ms: Date.parse(startedAt), lane: "fresh" });
    }
  });

  it("count as recorded now where nobody says when, and as old as they are otherwise", async () => {
    const before = Date.now();
    const answer = await post([sound()]);
    const { payload } = await jobRow(answer.job_id);
    expect(payload.started_at_ms).toBeGreaterThanOrEqual(before);
    expect(payload.recording_age_seconds).toBeNull();
    expect(await loadUploadFiles(gateway.db, "alice", answer.job_id)).toMatchObject([{ capturedAtMs: null }]);
    const years = { field: "started_at", fileName: null, bytes: "2009-01-20T17:00:00Z" };
    expect((await post([years, sound("old.wav", wav(9))])).lane).toBe("backfill");
  });

  it("are listed with their names, newest first, for their owner only", async () => {
    await post([sound("one.wav", wav(1)), sound("zwei.wav", wav(2))]);
    await post([sound("three.wav", wav(3))]);
    const list = async (token: string) => {
      const body = (await (await gateway.ask("/v1/uploads", { token })).json()) as {
        uploads: { file_names: string[] }[];
      };
      return body.uploads.map((item) => item.file_names);
    };
    expect(await list(gateway.alice)).toEqual([["three.wav"], ["one.wav", "zwei.wav"]]);
    expect(await list(gateway.bob)).toEqual([]);
  });

  it("may be an Omi recording dropped by hand", async () => {
    const part = { ...recording(HOUR), field: "file" };
    const row = await jobRow((await post([part])).job_id);
    expect(row.payload).toMatchObject({ kind: "omi", source: "omi" });
    expect(row.payload.started_at_ms).toBeUndefined();
  });
});
