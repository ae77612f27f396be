/**
 * The demo against the whole product: real gateway, pusher, worker, speech and PostgreSQL under the real supervisor, real
 * speech in. Each of the five is killed with -9 in the middle of it, and both conversations are there afterwards, each once.
 */
import { fileURLToPath } from "node:url";
import { HoldfastApi } from "@holdfast/client";
import { systemClock } from "@holdfast/runtime";
import { freePort } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ownerToken } from "./client/owner-token.ts";
import { cleanUp as cleanUpCommands, launchHoldfast } from "./client/run-holdfast.ts";
import { CHILDREN, cleanUp as cleanUpServers, newDataFolder, pidOf, type Running, start } from "./serve/running.ts";

const SERVE = [fileURLToPath(new URL("../bin/holdfast.js", import.meta.url)), "serve"];
let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterEach(cleanUpCommands);
afterAll(cleanUpServers);

interface Server {
  readonly serve: Running;
  readonly dataDir: string;
  readonly url: string;
  readonly api: HoldfastApi;
}

async function startServer(): Promise<Server> {
  const dataDir = newDataFolder();
  const serve = start(SERVE, dataDir, { HOLDFAST_PORT: String(await freePort()) });
  await serve.ready();
  const url = /ready on (http:\/\/localhost:\d+)/.exec(serve.output())?.[1] ?? "";
  return {
    serve,
    dataDir,
    url,
    api: new HoldfastApi({ server: url, token: ownerToken(dataDir), fetch, clock: systemClock }),
  };
}

/** A gateway that is killed must come back at the same address, so the port is chosen here. */
interface Result {
  readonly name: string;
  readonly passed: boolean;
  readonly conversation: {
    readonly id: string;
    readonly status: string;
    readonly structured: { readonly title: string };
  };
}

/** Runs the demo, calls `disturb` when something is safe and something is not, and checks what came of it. */
async function demo({ serve, dataDir, url, api }: Server, disturb: () => void): Promise<void> {
  const before = await storedIds(api);
  const run = launchHoldfast(["demo", "--server", url, "--data", dataDir, "--json", "--timeout", "120"]);
  await expect.poll(() => acknowledged(run.said()), { timeout: 60_000 }).toBeGreaterThanOrEqual(200);
  disturb();
  const ran = await run.ended();
  const results = ran.documents().filter((document) => document.type === "result") as unknown as Result[];
  expect(ran.exit, `${ran.stderr}\n${JSON.stringify(results, undefined, 1)}\n${serve.output().slice(-4_000)}`).toBe(0);
  expect(results.map((result) => [result.name, result.passed, result.conversation.status])).toEqual([
    ["live", true, "completed"],
    ["offline", true, "completed"],
  ]);
  for (const { conversation } of results) expect(conversation.structured.title).not.toBe("");
  // The session goes on with a new conversation after a stop; it is gone again once the socket's end was dealt with.
  const made = results.map((result) => result.conversation.id);
  await expect.poll(() => storedIds(api), { timeout: 20_000 }).toEqual([...before, ...made].sort());
}

async function storedIds(api: HoldfastApi): Promise<string[]> {
  return (await api.listConversations({ limit: 100 })).map((one) => one.id).sort();
}

/** Messages of the live recording that the server has confirmed, by what the demo printed. */
function acknowledged(output: string): number {
  const numbers = [...output.matchAll(/"type":"audio_ack","sequence":(\d+)/g)].map((match) => Number(match[1]));
  return Math.max(0, ...numbers);
}

describe("the demo", () => {
  test("undisturbed, and once more: every run makes two conversations of its own", async () => {
    await demo(server, () => {});
    const again = await launchHoldfast(["demo", "--server", server.url, "--data", server.dataDir]).ended();
    expect(again.exit, again.stdout).toBe(0);
    expect(await server.api.countConversations(["completed"])).toBe(4);
  });

  test.each(CHILDREN)("with kill -9 of %s in the middle", async (child) => {
    const before = pidOf(server.dataDir, child);
    await demo(server, () => process.kill(before, "SIGKILL"));
    expect([0, before]).not.toContain(pidOf(server.dataDir, child));
  });
});
