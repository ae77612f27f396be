/** Who gets in, how long a valid answer is remembered, and what happens when nobody can say. */
import { type AddressInfo, createServer } from "node:net";
import { parseConfig } from "@holdfast/contract";
import { type Clock, silentLog } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import { createToken, listTokens, openDatabase, revokeToken } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTokenChecker, REMEMBER_VALID_MS } from "../src/auth/token-checker.ts";
import { startGateway } from "../src/index.ts";
import { startTestGateway } from "./support/gateway.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());

/** Real timers, a wall clock that the test moves. */
function movableClock(): Clock & { move(ms: number): void } {
  let offsetMs = 0;
  return {
    ...systemClock,
    now: () => systemClock.now() + offsetMs,
    move: (ms) => {
      offsetMs += ms;
    },
  };
}

describe("tokens", () => {
  it.each([
    ["no header", undefined],
    ["one word", "hf_x"],
    ["three words", "Bearer hf_x y"],
    ["an unknown token", "Bearer hf_x"],
    ["a token that is an attack", "Bearer ';--"],
    ["a very long token", `Bearer ${"x".repeat(10_000)}`],
  ])("%s is 401 with a detail, on reading and on uploading", async (_what, authorization) => {
    await using gateway = await startTestGateway(server);
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    for (const [method, path] of [
      ["GET", "/v1/users/me"],
      ["GET", "/v1/conversations"],
      ["POST", "/v2/sync-local-files"],
    ] as const) {
      const answer = await fetch(`${gateway.url}${path}`, { method, headers });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      expect(Object.keys((await answer.json()) as object)).toEqual(["detail"]);
    }
  });

  it("accepts any first word before the token", async () => {
    await using gateway = await startTestGateway(server);
    const headers = { authorization: `whatever ${gateway.alice}` };
    const answer = await fetch(`${gateway.url}/v1/users/me`, { headers });
    expect(await answer.json()).toEqual({ uid: "alice" });
  });

  it("works at once when it was just made, and stops soon after it was revoked", async () => {
    const clock = movableClock();
    await using gateway = await startTestGateway(server, { clock });
    const token = await createToken(gateway.db, { userId: "carol", name: "new", nowMs: clock.now() });
    const me = async () => (await gateway.ask("/v1/users/me", { token })).status;
    expect(await me()).toBe(200);
    const made = (await listTokens(gateway.db)).find((info) => info.userId === "carol");
    expect(await revokeToken(gateway.db, made?.fingerprint ?? "", clock.now())).toBe(1);
    clock.move(REMEMBER_VALID_MS + 1);
    expect(await me()).toBe(401);
    const answer = await gateway.ask("/v1/users/me", { token });
    expect(await answer.json()).toEqual({ detail: "Token revoked" });
  });

  it("remembers a valid token for its time and refusals never", async () => {
    await using database = await server.database();
    const clock = movableClock();
    const checker = createTokenChecker({ db: database.db, clock });
    expect(await checker.check("hf_not_yet")).toEqual({ outcome: "unknown" });
    const token = await createToken(database.db, {
      userId: "dave",
      name: "t",
      nowMs: clock.now(),
      expiresMs: clock.now() + 60_000,
    });
    expect(await checker.check(token)).toMatchObject({ outcome: "valid", userId: "dave" });
    await database.db.deleteFrom("tokens").execute();
    clock.move(REMEMBER_VALID_MS - 1_000);
    expect(await checker.check(token)).toMatchObject({ outcome: "valid", userId: "dave" });
    clock.move(1_001);
    expect(await checker.check(token)).toEqual({ outcome: "unknown" });
  });

  it("expires", async () => {
    const clock = movableClock();
    await using gateway = await startTestGateway(server, { clock });
    const token = await createToken(gateway.db, {
      userId: "erin",
      name: "t",
      nowMs: clock.now(),
      expiresMs: clock.now() + 1_000,
    });
    clock.move(2_000);
    const answer = await gateway.ask("/v1/users/me", { token });
    expect([answer.status, await answer.json()]).toEqual([401, { detail: "Token expired" }]);
  });
});

describe("a database that cannot be reached", () => {
  it("is 503 with Retry-After and never 401, and the process stays well", async () => {
    const db = openDatabase({ url: `postgres://nobody@127.0.0.1:${await closedPort()}/none`, onIdleError: () => {} });
    const unusable = async (): Promise<never> => {
      throw new Error("not reached");
    };
    const blobs = {
      stage: unusable,
      commit: unusable,
      discard: unusable,
      discardAbandoned: unusable,
      grow: unusable,
      link: unusable,
      read: unusable,
      list: unusable,
      removeAll: unusable,
      check: async () => {},
    };
    const config = parseConfig({ HOLDFAST_PORT: "0", HOLDFAST_HOST: "127.0.0.1" });
    const deps = { db, blobs, config, clock: systemClock, random: systemRandom, log: silentLog };
    const gateway = await startGateway(deps);
    try {
      const url = `http://127.0.0.1:${gateway.port}`;
      for (const path of ["/v1/users/me", "/v1/conversations", "/v2/sync-local-files/x", "/v1/uploads"]) {
        const answer = await fetch(url + path, { headers: { authorization: "Bearer hf_x" } });
        expect(answer.status).toBe(503);
        expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
        expect(await answer.json()).toMatchObject({ detail: "the database cannot be reached" });
      }
      expect((await fetch(`${url}/health/live`)).status).toBe(200);
      const ready = await fetch(`${url}/health/ready`);
      expect(ready.status).toBe(503);
      expect(await ready.json()).toMatchObject({ ok: false, parts: { database: { ok: false }, blobs: { ok: true } } });
      expect((await fetch(`${url}/metrics`)).status).toBe(200);
    } finally {
      await gateway.close();
      await db.destroy();
    }
  });
});

async function closedPort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
