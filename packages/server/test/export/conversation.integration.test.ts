/** One conversation as a document, over HTTP: each format with its type and name, with the names of people, and only one's own. */
import { commitSegments, createConversation, createPerson, openRecording } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";

const T0 = Date.UTC(2026, 4, 1, 12);
const ANNA = "9b7f2f2e-4d0a-4b62-8f6e-6f7f3b8f0a11";

let server: TestServer;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startTestServer();
  gateway = await startTestGateway(server);
  const { db } = gateway;
  await createPerson(db, { userId: "alice", id: ANNA, name: "Anna", nowMs: T0 });
  await createConversation(db, {
    ...{ userId: "alice", id: "c1", origin: "live", source: "omi", language: "en", externalData: null },
    ...{ clientDeviceId: null, clientPlatform: null, recordingSessionId: "r1", silenceTimeoutMs: 120_000 },
    ...{ startedAtMs: T0, nowMs: T0 },
  });
  const format = { codec: "opus", sampleRate: 16_000, channels: 1, language: "en" };
  const hold = await openRecording(db, { userId: "alice", id: "r1", ...format, nowMs: T0, leaseMs: 1 });
  const said = (id: string, text: string, start: number, personId: string | null) => ({
    ...{ id, text, start, end: start + 2, speaker: "SPEAKER_01", speaker_id: 1, is_user: false, person_id: personId },
    ...{ translations: [], speech_profile_processed: true, stt_provider: null },
  });
  await commitSegments(db, {
    ...{ hold, conversationId: "c1", deletedIds: [], nowMs: T0 },
    watermark: { transcribedMessages: 0, channelMarks: undefined },
    upserts: [said("s0", "Grüezi *all*", 0, ANNA), said("s1", "Hello", 5, null)],
  });
  await sql`update conversations set structured = structured || '{"title": "Zürich"}' where id = 'c1'`.execute(db);
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const PATH = "/v1/conversations/c1/export";

it.each([
  ["markdown", "md", "text/markdown; charset=utf-8", "**Anna** (00:00): Grüezi \\*all\\*"],
  ["txt", "txt", "text/plain; charset=utf-8", "[00:05] Speaker 2: Hello"],
  ["srt", "srt", "application/x-subrip; charset=utf-8", "1\n00:00:00,000 --> 00:00:02,000\nAnna:\nGrüezi *all*\n"],
  ["vtt", "vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n<v Anna>Grüezi *all*\n"],
  ["json", "json", "application/json; charset=utf-8", `"name": "Anna"`],
])("%s", async (format, extension, type, part) => {
  const answer = await gateway.ask(`${PATH}?format=${format}`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe(type);
  expect(answer.headers.get("content-disposition")).toBe(
    `attachment; filename="2026-05-01 Z_rich.${extension}"; filename*=UTF-8''2026-05-01%20Z%C3%BCrich.${extension}`,
  );
  const text = await answer.text();
  expect(text).toContain(part);
  if (format === "json") {
    const { id, people, transcript_segments } = JSON.parse(text) as Record<string, unknown>;
    expect([id, people]).toEqual(["c1", [{ id: ANNA, name: "Anna" }]]);
    expect(transcript_segments).toHaveLength(2);
  }
});

it("refuses what it does not know, and what is not the asker's", async () => {
  expect((await gateway.ask(`${PATH}?format=pdf`)).status).toBe(422);
  expect((await gateway.ask(PATH)).status).toBe(422);
  expect((await gateway.ask(`${PATH}?format=srt`, { token: gateway.bob })).status).toBe(404);
  expect((await gateway.ask(`${PATH}?format=srt`, { token: null })).status).toBe(401);
});
