/** People, names on segments, corrections and what lies behind a conversation, over REST, in a real gateway. */
import type { Conversation } from "@holdfast/contract";
import { commitSegments, createConversation, openRecording, setTitle } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";

const T0 = Date.UTC(2026, 4, 1);

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

const segment = (id: string, text: string, start: number, speaker: number, provider = "a") => ({
  ...{ id, text, start, end: start + 1, speaker: `SPEAKER_0${speaker}`, speaker_id: speaker, is_user: false },
  ...{ person_id: null, translations: [], speech_profile_processed: true, stt_provider: provider },
});

/** A conversation of three segments by two speakers. */
beforeEach(async () => {
  const { db } = gateway;
  await sql`truncate conversations, people, recording_sessions cascade`.execute(db);
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
    upserts: [segment("s0", "One.", 0, 1), segment("s1", "Two.", 5, 2, "b"), segment("s2", "Three.", 10, 1)],
  });
});

async function ask(method: string, path: string, body?: object, token?: string) {
  const response = await gateway.ask(path, {
    method,
    ...(token === undefined ? {} : { token }),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : (JSON.parse(text) as Record<string, unknown>) };
}

const labels = (conversation: unknown) =>
  (conversation as Conversation).transcript_segments.map((item) => item.person_id ?? (item.is_user ? "me" : null));

const C1 = "/v1/conversations/c1";

describe("people", () => {
  it("are made, listed by name, read, renamed and forgotten", async () => {
    const made = await ask("POST", "/v1/users/people", { name: "  Zoe   Miller " });
    expect(made).toMatchObject({ status: 200, body: { name: "Zoe Miller", speech_samples: [] } });
    const id = String(made.body?.id);
    expect((await ask("POST", "/v1/users/people", { name: "zoe miller" })).body?.id).toBe(id);
    await ask("POST", "/v1/users/people", { name: "Adam" });
    const all = (await ask("GET", "/v1/users/people?include_speech_samples=true")).body as unknown as {
      name: string;
    }[];
    expect(all.map(({ name }) => name)).toEqual(["Adam", "Zoe Miller"]);
    expect((await ask("PATCH", `/v1/users/people/${id}/name?value=Zoe`)).body).toEqual({ status: "ok" });
    expect((await ask("GET", `/v1/users/people/${id}`)).body?.name).toBe("Zoe");
    expect((await ask("PATCH", `/v1/users/people/${id}/name?value=ADAM`)).status).toBe(409);
    await ask("PATCH", `${C1}/assign-speaker/1?assign_type=person_id&value=${id}`);
    expect(await ask("DELETE", `/v1/users/people/${id}`)).toEqual({ status: 204, body: null });
    expect(labels((await ask("GET", C1)).body)).toEqual([null, null, null]);
    expect((await ask("GET", `/v1/users/people/${id}`)).status).toBe(404);
  });

  it("are nobody else's business, and names are checked", async () => {
    const { body } = await ask("POST", "/v1/users/people", { name: "Zoe" });
    for (const [method, path] of [
      ["GET", `/v1/users/people/${body?.id}`],
      ["DELETE", `/v1/users/people/${body?.id}`],
      ["PATCH", `/v1/users/people/${body?.id}/name?value=X`],
    ] as const) {
      expect((await ask(method, path, undefined, gateway.bob)).status).toBe(404);
    }
    for (const name of ["", "  ", "x".repeat(101), "a\0b", 5]) {
      expect((await ask("POST", "/v1/users/people", { name })).status).toBe(422);
    }
    expect((await ask("GET", "/v1/users/people/not-a-uuid")).status).toBe(404);
  });
});

describe("whose words they are", () => {
  it("is said of one segment by its number, and taken back", async () => {
    const mine = await ask("PATCH", `${C1}/segments/1/assign?assign_type=is_user&value=true`);
    expect([mine.status, labels(mine.body)]).toEqual([200, [null, "me", null]]);
    const hers = await ask(
      "PATCH",
      `${C1}/segments/1/assign?assign_type=person_id&value=p1&use_for_speech_training=false`,
    );
    expect(labels(hers.body)).toEqual([null, "p1", null]);
    const nobody = await ask("PATCH", `${C1}/segments/1/assign?assign_type=person_id&value=null`);
    expect(labels(nobody.body)).toEqual([null, null, null]);
    for (const index of ["3", "-1", "x", "1.5"]) {
      expect((await ask("PATCH", `${C1}/segments/${index}/assign?assign_type=is_user&value=true`)).status).toBe(404);
    }
    expect((await ask("PATCH", `${C1}/segments/1/assign?assign_type=speaker&value=1`)).status).toBe(400);
    expect((await ask("PATCH", `${C1}/segments/1/assign?value=1`)).status).toBe(422);
  });

  it("is said of all segments of a speaker", async () => {
    const { body } = await ask("PATCH", `${C1}/assign-speaker/1?assign_type=person_id&value=p1`);
    expect(labels(body)).toEqual(["p1", null, "p1"]);
    const off = await ask("PATCH", `${C1}/assign-speaker/1?assign_type=is_user&value=false`);
    expect(labels(off.body)).toEqual([null, null, null]);
  });

  it("is said of a list, all or nothing; by number only when the conversation is completed", async () => {
    const bulk = (segment_ids: string[]) =>
      ask("PATCH", `${C1}/segments/assign-bulk`, { segment_ids, assign_type: "person_id", value: "p1" });
    expect(labels((await bulk(["s0", "s2"])).body)).toEqual(["p1", null, "p1"]);
    expect((await bulk(["s1", "s9"])).status).toBe(409);
    expect((await bulk(["#index:1"])).status).toBe(409);
    expect(labels((await ask("GET", C1)).body)).toEqual(["p1", null, "p1"]);
    await sql`update conversations set status = 'completed'`.execute(gateway.db);
    expect((await bulk(["#index:3"])).status).toBe(409);
    expect(labels((await bulk(["#index:1"])).body)).toEqual(["p1", "p1", "p1"]);
    expect((await bulk([])).status).toBe(422);
  });

  it("is not for strangers, and not for locked conversations", async () => {
    const paths = [
      `${C1}/segments/0/assign?assign_type=is_user&value=true`,
      `${C1}/assign-speaker/1?assign_type=is_user&value=true`,
    ];
    for (const path of paths) expect((await ask("PATCH", path, undefined, gateway.bob)).status).toBe(404);
    await sql`update conversations set is_locked = true`.execute(gateway.db);
    for (const path of paths) expect((await ask("PATCH", path)).status).toBe(402);
  });
});

describe("corrections", () => {
  it("of words are seen and found", async () => {
    expect((await ask("PATCH", `${C1}/segments/text`, { segment_id: "s1", text: " Zwei. " })).body).toEqual({
      status: "Ok",
    });
    const conversation = (await ask("GET", C1)).body as unknown as Conversation;
    expect(conversation.transcript_segments.map(({ text }) => text)).toEqual(["One.", "Zwei.", "Three."]);
    const found = await ask("POST", "/v1/conversations/search", { query: "zwei" });
    expect(found.body?.items).toHaveLength(1);
    expect((await ask("PATCH", `${C1}/segments/text`, { segment_id: "s9", text: "x" })).status).toBe(404);
    for (const text of ["", " ", "x".repeat(10_001)]) {
      expect((await ask("PATCH", `${C1}/segments/text`, { segment_id: "s1", text })).status).toBe(422);
    }
    expect((await ask("PATCH", `${C1}/segments/text`, { segment_id: "s1", text: "x" }, gateway.bob)).status).toBe(404);
  });

  it("of the overview are seen beside the title", async () => {
    await setTitle(gateway.db, "alice", "c1", "Mine", T0);
    expect((await ask("PATCH", `${C1}/summary`, { content: "What I think of it" })).body).toEqual({ status: "Ok" });
    expect((await ask("GET", C1)).body?.structured).toMatchObject({ title: "Mine", overview: "What I think of it" });
    expect((await ask("PATCH", `${C1}/summary`, { content: "x", app_id: "app" })).status).toBe(404);
    expect((await ask("PATCH", `${C1}/summary`, { content: "x" }, gateway.bob)).status).toBe(404);
  });
});

describe("what lies behind a conversation", () => {
  it("is pictures, words by provider, and whether sound is kept", async () => {
    expect((await ask("GET", `${C1}/photos`)).body).toEqual([]);
    const transcripts = (await ask("GET", `${C1}/transcripts`)).body as Record<string, { id: string }[]>;
    expect(Object.entries(transcripts).map(([name, list]) => [name, list.map(({ id }) => id)])).toEqual([
      ["a", ["s0", "s2"]],
      ["b", ["s1"]],
    ]);
    expect((await ask("GET", `${C1}/recording`)).body).toEqual({ has_recording: false });
    for (const what of ["photos", "transcripts", "recording"]) {
      expect((await ask("GET", `${C1}/${what}`, undefined, gateway.bob)).status).toBe(404);
    }
  });
});
