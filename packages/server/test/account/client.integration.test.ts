/** The client library against a real gateway: tokens, facts about the server, and taking one's data along. */
import { HoldfastApi } from "@holdfast/client";
import { VERSION } from "@holdfast/contract";
import { systemClock } from "@holdfast/runtime";
import { createConversation } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readZip } from "../export/read-zip.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());

const apiOf = (gateway: TestGateway, token: string): HoldfastApi =>
  new HoldfastApi({ server: `${gateway.url}/`, token, clock: systemClock, fetch });

it("makes, lists and revokes tokens, and learns that it signed itself out", async () => {
  await using gateway = await startTestGateway(server);
  const api = apiOf(gateway, gateway.alice);
  const endMs = systemClock.now() + 3_600_000;
  const made = await api.createToken("phone", endMs);
  expect(Date.parse(made.expires_at ?? "")).toBe(endMs);
  const phone = apiOf(gateway, made.token);
  expect((await phone.listTokens()).map(({ name, current }) => [name, current])).toEqual([
    ["phone", true],
    ["test", false],
  ]);
  const forever = await api.createToken("speaker");
  expect(forever.expires_at).toBeNull();
  expect(await api.revokeToken(forever.id)).toBe(false);
  expect(await phone.revokeToken(made.id)).toBe(true);
  await expect(phone.getAccount()).rejects.toMatchObject({ code: "unauthorized", class: "auth" });
  await expect(api.revokeToken(made.id)).rejects.toMatchObject({ code: "token_not_found", class: "permanent_input" });
});

it("reads what the server is, a conversation as a file, and everything by a link", async () => {
  await using gateway = await startTestGateway(server);
  const api = apiOf(gateway, gateway.alice);
  expect(await api.getServerFacts()).toMatchObject({ version: VERSION, storage: { kind: "directory" } });
  const startedAtMs = Date.UTC(2026, 4, 1, 12);
  await createConversation(gateway.db, {
    ...{ userId: "alice", id: "c1", origin: "live", source: "omi", language: "en", externalData: null },
    ...{ clientDeviceId: null, clientPlatform: null, recordingSessionId: "r1", silenceTimeoutMs: 120_000 },
    ...{ startedAtMs, nowMs: startedAtMs },
  });
  await sql`update conversations set structured = structured || '{"title": "Zürich"}'`.execute(gateway.db);
  expect(await api.exportConversation("c1", "markdown")).toEqual({
    name: "2026-05-01 Zürich.md",
    contentType: "text/markdown; charset=utf-8",
    text: "# Zürich\n\n2026-05-01 12:00 UTC\n",
  });
  await expect(api.exportConversation("c2", "srt")).rejects.toMatchObject({ code: "not_found" });
  const { url, expiresAtMs } = await api.exportLink();
  expect(expiresAtMs).toBeGreaterThan(systemClock.now());
  const files = readZip(Buffer.from(await (await fetch(url)).arrayBuffer()));
  expect(JSON.parse(files.get("conversations.json")?.toString() ?? "")).toHaveLength(1);
});
