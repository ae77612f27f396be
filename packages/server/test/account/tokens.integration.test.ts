/** Tokens over REST: what their owner sees, that nobody else does, and that a revoked one opens nothing and keeps nothing open. */
import { AccessToken, NewAccessToken } from "@holdfast/contract";
import { systemClock } from "@holdfast/runtime";
import { createToken, listTokens, MAX_TOKENS_PER_USER, revokeToken } from "@holdfast/store";
import { LiveClient, startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());

const PATH = "/v1/users/tokens";
const json = { "content-type": "application/json" };

async function list(gateway: TestGateway, token?: string): Promise<AccessToken[]> {
  const answer = await gateway.ask(PATH, token === undefined ? {} : { token });
  expect(answer.status).toBe(200);
  return z.array(AccessToken.strict()).parse(await answer.json());
}

async function make(gateway: TestGateway, body: object, token = gateway.alice): Promise<NewAccessToken> {
  const answer = await gateway.ask(PATH, { method: "POST", headers: json, body: JSON.stringify(body), token });
  expect(answer.status).toBe(201);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  return NewAccessToken.strict().parse(await answer.json());
}

const revoke = async (gateway: TestGateway, id: string, token = gateway.alice): Promise<Response> =>
  await gateway.ask(`${PATH}/${id}`, { method: "DELETE", token });

describe("listing", () => {
  it("shows the asker's tokens, which of them is asking and when each was used, and no text of any", async () => {
    await using gateway = await startTestGateway(server);
    const made = await make(gateway, { name: "  the  phone " });
    expect(made).toMatchObject({ name: "the phone", last_used_at: null, expires_at: null, current: false });
    const [phone, first, ...rest] = await list(gateway);
    expect(rest).toEqual([]);
    expect(phone).toEqual({ ...made, token: undefined });
    expect(first).toMatchObject({ name: "test", current: true });
    expect(Date.parse(first?.last_used_at ?? "")).toBeGreaterThan(systemClock.now() - 60_000);
    const asPhone = await list(gateway, made.token);
    expect(asPhone.map(({ name, current }) => [name, current])).toEqual([
      ["the phone", true],
      ["test", false],
    ]);
    expect(asPhone[0]?.last_used_at).not.toBeNull();
    expect(JSON.stringify(asPhone)).not.toContain("hf_");
  });

  it("never shows those of somebody else, and nobody else can end them", async () => {
    await using gateway = await startTestGateway(server);
    const [ofBob] = await list(gateway, gateway.bob);
    expect((await list(gateway)).map(({ id }) => id)).not.toContain(ofBob?.id);
    const answer = await revoke(gateway, ofBob?.id ?? "");
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: "token_not_found" });
    expect(await list(gateway, gateway.bob)).toHaveLength(1);
  });

  it("writes a use down once a minute, not at each request", async () => {
    let nowMs = systemClock.now();
    await using gateway = await startTestGateway(server, { clock: { ...systemClock, now: () => nowMs } });
    const usedMs = async (): Promise<number> => Date.parse((await list(gateway))[0]?.last_used_at ?? "");
    const first = await usedMs();
    nowMs += 30_000;
    expect(await usedMs()).toBe(first);
    nowMs += 30_000;
    expect(await usedMs()).toBe(first + 60_000);
  });
});

describe("making", () => {
  it("takes an end in the future, after which the token is shown and opens nothing", async () => {
    let nowMs = systemClock.now();
    await using gateway = await startTestGateway(server, { clock: { ...systemClock, now: () => nowMs } });
    const expires_at = new Date(nowMs + 60_000).toISOString();
    const { token, id } = await make(gateway, { name: "guest", expires_at });
    expect((await gateway.ask("/v1/users/me", { token })).status).toBe(200);
    nowMs += 60_000;
    expect((await gateway.ask("/v1/users/me", { token })).status).toBe(401);
    expect((await list(gateway)).find((item) => item.id === id)).toMatchObject({ expires_at });
  });

  it.each([
    ["no name", {}],
    ["an empty name", { name: "  " }],
    ["a long name", { name: "x".repeat(101) }],
    ["a name with NUL", { name: "a\0" }],
    ["an end in the past", { name: "a", expires_at: "2020-01-01T00:00:00Z" }],
    ["an end that is no time", { name: "a", expires_at: "soon" }],
  ])("refuses %s", async (_what, body) => {
    await using gateway = await startTestGateway(server);
    const answer = await gateway.ask(PATH, { method: "POST", headers: json, body: JSON.stringify(body) });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ code: "validation_failed" });
    expect(await list(gateway)).toHaveLength(1);
  });

  it("stops at the most an account may have, also for many at once", async () => {
    await using gateway = await startTestGateway(server);
    const room = 3;
    for (let n = 1; n < MAX_TOKENS_PER_USER - room; n += 1) {
      await createToken(gateway.db, { userId: "alice", name: `t${n}`, nowMs: n });
    }
    const body = JSON.stringify({ name: "more" });
    const asked = Array.from({ length: 8 }, () => gateway.ask(PATH, { method: "POST", headers: json, body }));
    const statuses = (await Promise.all(asked)).map(({ status }) => status).sort();
    expect(statuses).toEqual([201, 201, 201, 409, 409, 409, 409, 409]);
    expect(await list(gateway)).toHaveLength(MAX_TOKENS_PER_USER);
  });
});

describe("revoking", () => {
  it("works at once where it was asked for, and once", async () => {
    await using gateway = await startTestGateway(server);
    const { token, id } = await make(gateway, { name: "lost" });
    expect((await gateway.ask("/v1/users/me", { token })).status).toBe(200);
    const answer = await revoke(gateway, id);
    expect([answer.status, await answer.json()]).toEqual([200, { status: "revoked", was_current: false }]);
    expect((await gateway.ask("/v1/users/me", { token })).status).toBe(401);
    expect((await list(gateway)).map(({ name }) => name)).toEqual(["test"]);
    expect((await revoke(gateway, id)).status).toBe(404);
    expect((await revoke(gateway, "%25")).status).toBe(404);
  });

  it("of the token that asks is allowed, and says so", async () => {
    await using gateway = await startTestGateway(server);
    const id = (await list(gateway)).find(({ current }) => current)?.id ?? "";
    expect(await (await revoke(gateway, id)).json()).toEqual({ status: "revoked", was_current: true });
    expect((await gateway.ask("/v1/users/me")).status).toBe(401);
    expect((await gateway.ask("/v1/users/me", { token: gateway.bob })).status).toBe(200);
  });
});

describe("live sockets", () => {
  // Words by the client: no speech engine is needed.
  const QUERY = "codec=pcm16&sample_rate=16000&language=en&custom_stt=enabled";
  const listen = async (gateway: TestGateway, token: string): Promise<LiveClient> => {
    const headers = { authorization: `Bearer ${token}` };
    const client = new LiveClient(
      `ws://127.0.0.1:${gateway.port}/v4/listen?${QUERY}&client_conversation_id=${token.slice(-8)}`,
      headers,
    );
    return await client.ready();
  };

  it("end with 4004 when their token is revoked, with the sound kept; others go on", async () => {
    await using gateway = await startTestGateway(server);
    const { token, id } = await make(gateway, { name: "lost" });
    await using lost = await listen(gateway, token);
    await using other = await listen(gateway, gateway.alice);
    lost.socket.send(new Uint8Array(3_200));
    await waitFor("the sound to be read", async () => {
      lost.socket.ping();
      return await new Promise<boolean>((resolve) => lost.socket.once("pong", () => resolve(true)));
    });
    await revoke(gateway, id);
    expect(await lost.ended()).toEqual({ code: 4004, reason: "Token revoked; re-login required" });
    const { rows } = await sql`select 1 from audio_chunks where user_id = 'alice'`.execute(gateway.db);
    expect(rows).toHaveLength(1);
    expect(other.closed).toBeUndefined();
  });

  it("end also where another process revoked it, or it has run out", async () => {
    let offsetMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + offsetMs };
    await using gateway = await startTestGateway(server, { clock });
    const expires_at = new Date(clock.now() + 60_000).toISOString();
    const guest = await make(gateway, { name: "guest", expires_at });
    const gone = await createToken(gateway.db, { userId: "carol", name: "gone", nowMs: clock.now() });
    await using first = await listen(gateway, guest.token);
    await using second = await listen(gateway, gone);
    await using other = await listen(gateway, gateway.alice);
    const info = (await listTokens(gateway.db)).find(({ name }) => name === "gone");
    await revokeToken(gateway.db, info?.fingerprint ?? "", clock.now());
    offsetMs = 60_000;
    expect(await first.ended(15_000)).toEqual({ code: 4001, reason: "Token refresh required" });
    expect(await second.ended(15_000)).toEqual({ code: 4004, reason: "Token revoked; re-login required" });
    expect(other.closed).toBeUndefined();
  });
});
