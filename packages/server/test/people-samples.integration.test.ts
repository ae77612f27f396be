/** Samples of voices over REST, in a real gateway: naming somebody asks for them, people show them, links play them. */
import { Readable } from "node:stream";
import { encodeWav16 } from "@holdfast/codecs";
import type { Conversation } from "@holdfast/contract";
import {
  claimJob,
  commitSegments,
  completeSamples,
  createConversation,
  type Job,
  listJobs,
  openRecording,
  sampleFolder,
  setPrivateCloudSync,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";

const T0 = Date.UTC(2026, 4, 1);
const C1 = "/v1/conversations/c1";

let server: TestServer;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startTestServer();
  gateway = await startTestGateway(server);
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const segment = (id: string, start: number) => ({
  ...{ id, text: id, start, end: start + 4, speaker: "SPEAKER_01", speaker_id: 1, is_user: false },
  ...{ person_id: null, translations: [], speech_profile_processed: true, stt_provider: null },
});

beforeEach(async () => {
  const { db } = gateway;
  await sql`truncate conversations, people, recording_sessions, jobs, speech_samples cascade`.execute(db);
  await createConversation(db, {
    ...{ userId: "alice", id: "c1", origin: "live", source: "omi", language: "en", externalData: null },
    ...{ clientDeviceId: null, clientPlatform: null, recordingSessionId: "r1", silenceTimeoutMs: 120_000 },
    ...{ startedAtMs: T0, nowMs: T0 },
  });
  const format = { codec: "opus", sampleRate: 16_000, channels: 1, language: "en" };
  const hold = await openRecording(db, { userId: "alice", id: "r1", ...format, nowMs: T0, leaseMs: 1 });
  await commitSegments(db, {
    ...{ hold, conversationId: "c1", deletedIds: [], nowMs: T0 },
    watermark: { transcribedMessages: 0, channelMarks: undefined },
    upserts: [segment("s0", 0), segment("s1", 10), segment("s2", 20)],
  });
  await setPrivateCloudSync(db, "alice", true, T0);
});

async function ask<T>(method: string, path: string, body?: object, token?: string) {
  const response = await gateway.ask(path, {
    method,
    ...(token === undefined ? {} : { token }),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === "" ? null : JSON.parse(text)) as T };
}

interface PersonView {
  readonly id: string;
  readonly speech_samples: readonly string[];
}

const anna = async () => (await ask<PersonView>("POST", "/v1/users/people", { name: "Anna" })).body.id;
const person = async (id: string, query = "") =>
  (await ask<PersonView>("GET", `/v1/users/people/${id}${query}`)).body.speech_samples;
const bulk = (personId: string | null, segmentIds: string[], more: object = {}) => {
  const body = { segment_ids: segmentIds, assign_type: "person_id", value: personId, ...more };
  return ask<Conversation>("PATCH", `${C1}/segments/assign-bulk`, body);
};
const requests = () => listJobs(gateway.db, { kinds: ["speech_sample"], limit: 10 });

const wav = encodeWav16(Float32Array.from({ length: 64_000 }, Math.sin), 16_000);

/** What a pusher does once the sound is there. */
async function made(...segmentIds: string[]): Promise<Job> {
  const { db, blobs } = gateway;
  const job = await claimJob(db, ["speech_sample"], { owner: "test", nowMs: Date.now(), leaseMs: 60_000 });
  if (job === undefined) throw new Error("nothing was asked for");
  const cut = [];
  for (const segmentId of segmentIds) {
    const staged = await blobs.stage(Readable.from([wav]), { maxBytes: 1e6 });
    const blobKey = `${sampleFolder(job)}/${segmentId}.wav`;
    await blobs.commit(staged, blobKey);
    cut.push({ segmentId, samples: 64_000, bytes: staged.bytes, blobKey });
  }
  expect(await completeSamples(db, job, cut, Date.now())).toMatchObject({ outcome: "stored" });
  return job;
}

describe("naming a person", () => {
  it.each([
    ["of a list", (id: string) => bulk(id, ["s0", "s2"]), ["s0", "s2"]],
    ["of a speaker", (id: string) => ask("PATCH", `${C1}/assign-speaker/1?assign_type=person_id&value=${id}`), 3],
    ["of one", (id: string) => ask("PATCH", `${C1}/segments/1/assign?assign_type=person_id&value=${id}`), ["s1"]],
  ])("asks for samples %s, with the name", async (_, name, named) => {
    const id = await anna();
    const before = Date.now();
    expect((await name(id)).status).toBe(200);
    const [request, ...more] = await requests();
    expect(more).toEqual([]);
    const segmentIds = typeof named === "number" ? ["s0", "s1", "s2"] : named;
    expect(request).toMatchObject({
      ...{ userId: "alice", conversationId: "c1", state: "queued" },
      payload: { person_id: id, segment_ids: segmentIds },
    });
    expect(request?.dueMs).toBeGreaterThanOrEqual(before);
    expect(request?.dueMs).toBeLessThanOrEqual(Date.now());
  });

  it("asks for none where the words are not to be learnt from, the person is not known, or the user keeps no sound", async () => {
    const id = await anna();
    await bulk(id, ["s0"], { use_for_speech_training: false });
    await ask("PATCH", `${C1}/segments/1/assign?assign_type=person_id&value=${id}&use_for_speech_training=false`);
    await bulk("somebody", ["s0"]);
    await bulk(null, ["s0"]);
    await bulk("true", ["s0"], { assign_type: "is_user" });
    await setPrivateCloudSync(gateway.db, "alice", false, Date.now());
    await bulk(id, ["s0"]);
    expect(await requests()).toEqual([]);
    expect((await bulk("x", ["s0", "unknown"])).status).toBe(409);
  });
});

describe("samples", () => {
  it("are shown with their person, and play without a token", async () => {
    const id = await anna();
    await bulk(id, ["s0", "s1"]);
    await made("s0", "s1");
    const [first, second, ...more] = await person(id);
    expect(more).toEqual([]);
    if (first === undefined || second === undefined) throw new Error("no links");
    expect(first).not.toBe(second);
    const whole = await fetch(first);
    expect([whole.status, whole.headers.get("content-type")]).toEqual([200, "audio/wav"]);
    expect(Buffer.from(await whole.arrayBuffer()).equals(wav)).toBe(true);
    const part = await fetch(second, { headers: { range: "bytes=44-143" } });
    expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 44-143/${wav.length}`]);
    expect(Buffer.from(await part.arrayBuffer()).equals(wav.subarray(44, 144))).toBe(true);
    const head = await fetch(first, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(wav.length)]);
    expect((await fetch(first, { headers: { range: `bytes=${wav.length}-` } })).status).toBe(416);
    const all = (await ask<PersonView[]>("GET", "/v1/users/people")).body;
    expect(all.map((one) => one.speech_samples.length)).toEqual([2]);
    const none = (await ask<PersonView[]>("GET", "/v1/users/people?include_speech_samples=false")).body;
    expect(none.map((one) => one.speech_samples)).toEqual([[]]);
    expect(await person(id, "?include_speech_samples=false")).toEqual([]);
  });

  it("are nobody else's: a link says who and until when, and is signed", async () => {
    const id = await anna();
    await bulk(id, ["s0"]);
    await made("s0");
    const [signed = ""] = await person(id);
    const url = new URL(signed);
    const changed = (change: (copy: URL) => void) => {
      const copy = new URL(url);
      change(copy);
      return fetch(copy).then(({ status }) => status);
    };
    expect(await changed((copy) => copy.searchParams.set("signature", "A".repeat(43)))).toBe(403);
    expect(await changed((copy) => copy.searchParams.set("expires", "9999999999"))).toBe(403);
    expect(
      await changed((copy) => {
        copy.pathname = copy.pathname.replace("alice", "bob");
      }),
    ).toBe(403);
    expect(
      await changed((copy) => {
        copy.pathname = copy.pathname.replace("/v1/users/signed-samples", "/v1/sync/signed-audio");
      }),
    ).toBe(403);
    expect((await ask("GET", `/v1/users/people/${id}`, undefined, gateway.bob)).status).toBe(404);
    expect((await fetch(signed)).status).toBe(200);
  });

  it("go one by one, by their place, and all with the person", async () => {
    const id = await anna();
    await bulk(id, ["s0", "s1", "s2"]);
    await made("s0", "s1", "s2");
    const [first, second, third] = await person(id);
    const remove = (index: string, token?: string) =>
      ask("DELETE", `/v1/users/people/${id}/speech-samples/${index}`, undefined, token);
    expect((await remove("1", gateway.bob)).status).toBe(404);
    for (const index of ["3", "-1", "x"]) expect((await remove(index)).status).toBe(404);
    expect(await remove("1")).toEqual({ status: 200, body: { status: "ok" } });
    const path = (link: string | undefined) => new URL(link ?? "").pathname;
    expect((await person(id)).map(path)).toEqual([path(first), path(third)]);
    expect((await fetch(second ?? "")).status).toBe(404);
    expect((await ask("DELETE", `/v1/users/people/${id}`)).status).toBe(204);
    expect((await fetch(first ?? "")).status).toBe(404);
    const removals = await listJobs(gateway.db, { kinds: ["audio_removal"], limit: 10 });
    expect(removals.flatMap(({ payload }) => payload.folders as string[])).toHaveLength(3);
  });
});
