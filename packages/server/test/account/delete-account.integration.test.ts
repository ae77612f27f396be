/** Deleting an account over REST: nobody gets in and nobody stays in, others notice nothing, and the worker's sweep ends it. */
import { HoldfastApi } from "@holdfast/client";
import { systemClock } from "@holdfast/runtime";
import { createToken, DELETION_GRACE_MS, listAccountDeletions, sweepAccount } from "@holdfast/store";
import { LiveClient, startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestGateway } from "../support/gateway.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());

const PATH = "/v1/users/delete-account";
const QUERY = "codec=pcm16&sample_rate=16000&language=en&custom_stt=enabled";

it("takes tokens and live sockets at once, rows with the next sweeps, and nothing of others", async () => {
  await using gateway = await startTestGateway(server);
  const { db, blobs } = gateway;
  const second = await createToken(db, { userId: "alice", name: "phone", nowMs: systemClock.now() });
  const listen = async (token: string): Promise<LiveClient> =>
    await new LiveClient(`ws://127.0.0.1:${gateway.port}/v4/listen?${QUERY}`, {
      authorization: `Bearer ${token}`,
    }).ready();
  await using hers = await listen(second);
  await using his = await listen(gateway.bob);
  hers.socket.send(new Uint8Array(3_200));
  expect((await gateway.ask("/v1/users/me", { token: second })).status).toBe(200);

  const wrong = await gateway.ask(`${PATH}?confirm=bob`, { method: "DELETE" });
  expect(wrong.status).toBe(422);
  expect((await gateway.ask("/v1/users/me")).status).toBe(200);

  const answer = await gateway.ask(PATH, { method: "DELETE" });
  expect([answer.status, await answer.json()]).toEqual([200, { status: "ok", message: "Account deletion started" }]);
  for (const token of [gateway.alice, second]) expect((await gateway.ask("/v1/users/me", { token })).status).toBe(401);
  expect(await hers.ended()).toEqual({ code: 4004, reason: "Token revoked; re-login required" });
  expect((await gateway.ask("/v1/users/me", { token: gateway.bob })).status).toBe(200);

  const [deletion] = await listAccountDeletions(db, 10);
  if (deletion === undefined) throw new Error("nothing was asked for");
  expect(deletion.userId).toBe("alice");
  const anew = await createToken(db, { userId: "alice", name: "anew", nowMs: systemClock.now() });
  const early = await gateway.ask("/v1/users/me", { token: anew });
  expect([early.status, early.headers.get("retry-after")]).toEqual([503, "10"]);
  await waitFor("a sweep that finds nothing", () =>
    sweepAccount(db, blobs, deletion, systemClock.now() + DELETION_GRACE_MS),
  );
  const { rows } = await sql`select 1 from conversations where user_id = 'alice'
    union all select 1 from recording_sessions where user_id = 'alice'
    union all select 1 from audio_chunks where user_id = 'alice'`.execute(db);
  expect(rows).toEqual([]);
  expect((await gateway.ask("/v1/users/me", { token: anew })).status).toBe(200);
  expect(his.closed).toBeUndefined();
});

it("asks the client library for the account's id, and tells the owner what the next start does", async () => {
  await using gateway = await startTestGateway(server);
  const token = await createToken(gateway.db, { userId: "owner", name: "owner", nowMs: systemClock.now() });
  const api = new HoldfastApi({ server: gateway.url, token: gateway.alice, clock: systemClock, fetch });
  await expect(api.deleteAccount("bob")).rejects.toMatchObject({ class: "permanent_input" });
  await api.deleteAccount("alice");
  await expect(api.getAccount()).rejects.toMatchObject({ code: "unauthorized" });
  const answer = await gateway.ask(PATH, { method: "DELETE", token });
  expect(await answer.json()).toMatchObject({ message: expect.stringContaining("owner.token") as string });
});
