/** Sharing by link: who has it reads what is allowed while it is shared, and learns nothing otherwise. */

import { createConversation, createPerson } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openShareKey, sealShareKey } from "../src/rest/share-key.ts";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";

const ID = "3f0c1a52-8f0e-4c63-9d3c-0f4f1f0b1c11";

let server: TestServer;
let gateway: TestGateway;
let path: string;

beforeAll(async () => {
  server = await startTestServer();
  gateway = await startTestGateway(server);
  await talk();
  path = ((await (await gateway.ask(`/v1/conversations/${ID}/share-link`)).json()) as { path: string }).path;
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

async function talk(): Promise<void> {
  const { db } = gateway;
  const nowMs = Date.now();
  const whose = { userId: "alice", id: ID, origin: "live", source: "omi", language: "en", externalData: null } as const;
  const device = { clientDeviceId: "secret-device", clientPlatform: "ios", recordingSessionId: null };
  await createConversation(db, { ...whose, ...device, silenceTimeoutMs: 120_000, startedAtMs: nowMs, nowMs });
  const anna = await createPerson(db, {
    userId: "alice",
    id: "0d9a5a0e-56a5-4c53-9d3c-0f4f1f0b1c11",
    name: "Anna",
    nowMs,
  });
  const said = [
    { id: "s1", text: "Ship it.", speaker: "SPEAKER_00", speaker_id: 0, is_user: true, person_id: null },
    { id: "s2", text: "On Friday.", speaker: "SPEAKER_01", speaker_id: 1, is_user: false, person_id: anna.id },
  ];
  for (const [index, body] of said.entries()) {
    const times = { start: index * 2, end: index * 2 + 1 };
    const row = { user_id: "alice", conversation_id: ID, id: body.id, start_s: times.start, end_s: times.end };
    await db
      .insertInto("segments")
      .values({ ...row, text: body.text, body: JSON.stringify({ ...body, ...times, stt_provider: "secret" }) })
      .execute();
  }
  const structured = {
    title: "Release",
    overview: "It ships.",
    action_items: [{ description: "Call", completed: true }],
  };
  const geolocation = JSON.stringify({ address: "Secret street" });
  await db
    .updateTable("conversations")
    .set({ structured: JSON.stringify(structured), status: "completed", geolocation })
    .where("id", "=", ID)
    .execute();
}

const visible = (value: string): Promise<Response> =>
  gateway.ask(`/v1/conversations/${ID}/visibility?value=${value}`, { method: "PATCH" });
const read = (link = path): Promise<Response> => gateway.ask(link.replace("/shared/", "/v1/shared/"), { token: null });

describe("a share link", () => {
  it("opens nothing while the conversation is private", async () => {
    expect(path).toMatch(/^\/shared\/[\w-]{80,}$/);
    const answer = await read();
    expect([answer.status, await answer.json()]).toEqual([404, { detail: "Conversation is private" }]);
  });

  it("shows what is allowed, and nothing else, while it is shared, and nothing afterwards", async () => {
    expect((await visible("shared")).status).toBe(200);
    const answer = await read();
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("x-robots-tag")).toBe("noindex, nofollow");
    const text = await answer.text();
    expect(JSON.parse(text)).toEqual({
      ...{ title: "Release", overview: "It ships.", started_at: expect.any(String), finished_at: expect.any(String) },
      action_items: [{ description: "Call", completed: true }],
      segments: [
        { id: "s1", start: 0, text: "Ship it.", speaker_id: 0, is_owner: true, name: null },
        { id: "s2", start: 2, text: "On Friday.", speaker_id: 1, is_owner: false, name: "Anna" },
      ],
    });
    expect(text).not.toMatch(/alice|secret|Secret/);
    await visible("private");
    expect((await read()).status).toBe(404);
  });

  it("is the same each time, and its owner's alone", async () => {
    const again = await (await gateway.ask(`/v1/conversations/${ID}/share-link`)).json();
    expect(again).toEqual({ path });
    expect((await gateway.ask(`/v1/conversations/${ID}/share-link`, { token: gateway.bob })).status).toBe(404);
    expect((await gateway.ask(`/v1/conversations/${ID}/share-link`, { token: null })).status).toBe(401);
  });

  it("that was changed, invented or made for something else opens nothing", async () => {
    await visible("shared");
    const key = path.slice("/shared/".length);
    const other = sealShareKey(new Uint8Array(32), { userId: "alice", conversationId: ID });
    for (const wrong of [
      "x",
      ID,
      "A".repeat(120),
      other,
      key.slice(0, -4),
      `${key.startsWith("A") ? "B" : "A"}${key.slice(1)}`,
    ]) {
      expect((await read(`/shared/${wrong}`)).status, wrong).toBe(404);
    }
    expect((await read()).status).toBe(200);
  });

  it("opens nothing that is locked or deleted", async () => {
    await gateway.db.updateTable("conversations").set({ is_locked: true }).where("id", "=", ID).execute();
    expect((await read()).status).toBe(404);
    await gateway.db.updateTable("conversations").set({ is_locked: false }).where("id", "=", ID).execute();
    expect((await read()).status).toBe(200);
    await gateway.ask(`/v1/conversations/${ID}`, { method: "DELETE" });
    expect((await read()).status).toBe(404);
  });
});

describe("a key", () => {
  const secret = new Uint8Array(32).fill(7);

  it.each([
    ["alice", "talk"],
    ["anna@example.org", "3f0c"],
    ["ü\u{1f600}", ""],
  ])("of %s and %s opens to them with the secret that sealed it, and with no other", (userId, conversationId) => {
    const key = sealShareKey(secret, { userId, conversationId });
    expect(Buffer.from(key, "base64url").toString("latin1")).not.toContain(userId);
    expect(openShareKey(secret, key)).toEqual({ userId, conversationId });
    expect(openShareKey(new Uint8Array(32).fill(8), key)).toBeUndefined();
  });
});
