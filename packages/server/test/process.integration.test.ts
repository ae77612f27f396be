/** The gateway as its own process: it starts, says so, waits for a database, refuses wrong settings, and ends when told. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createToken } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

let server: TestServer;
let folder: string;
let children: ChildProcess[] = [];
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-process-"));
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  await rm(folder, { recursive: true, force: true });
});

function start(env: Record<string, string>): { child: ChildProcess; output: () => string } {
  const settings = { HOLDFAST_PORT: "0", HOLDFAST_HOST: "127.0.0.1", HOLDFAST_DATA: folder, ...env };
  const child = fork(MAIN, { env: { PATH: process.env.PATH, ...settings }, execArgv: [], silent: true });
  children.push(child);
  let output = "";
  child.stdout?.on("data", (chunk) => (output += String(chunk)));
  child.stderr?.on("data", (chunk) => (output += String(chunk)));
  return { child, output: () => output };
}

async function ready(child: ChildProcess): Promise<string> {
  const [message] = (await once(child, "message")) as [{ type: string; port: number }];
  expect(message.type).toBe("ready");
  return `http://127.0.0.1:${message.port}`;
}

async function exit(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

describe("the gateway process", () => {
  it("brings a database up to date, serves, keeps tokens out of its log, and ends on SIGTERM", async () => {
    await using database = await server.database();
    const { child, output } = start({ DATABASE_URL: database.url, HOLDFAST_LOG_LEVEL: "trace" });
    const url = await ready(child);
    const token = await createToken(database.db, { userId: "alice", name: "t", nowMs: Date.now() });
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    expect(await (await fetch(`${url}/v1/users/me`, { headers })).json()).toEqual({ uid: "alice" });
    const body = JSON.stringify({ query: "a-private-word" });
    expect((await fetch(`${url}/v1/conversations/search`, { method: "POST", headers, body })).status).toBe(200);
    expect(await readdir(folder)).toContain("blobs");
    child.kill("SIGTERM");
    expect(await exit(child)).toBe(0);
    expect(output()).toContain('"route":"/v1/users/me"');
    expect(output()).not.toContain(token);
    expect(output()).not.toContain("a-private-word");
  });

  it("puts recordings where HOLDFAST_BLOBS says", async () => {
    await using database = await server.database();
    const blobs = join(folder, "elsewhere");
    const { child } = start({ DATABASE_URL: database.url, HOLDFAST_BLOBS: `file:${blobs}` });
    await ready(child);
    expect(await readdir(blobs)).toEqual(["staging"]);
  });

  it.each([
    ["no database", {}, "DATABASE_URL"],
    ["blobs in S3", { DATABASE_URL: "postgres://x", HOLDFAST_BLOBS: "s3:bucket" }, "HOLDFAST_BLOBS"],
    ["a port in words", { DATABASE_URL: "postgres://x", HOLDFAST_PORT: "many" }, "HOLDFAST_PORT"],
  ])("refuses %s in a sentence that names the setting", async (_what, env, named) => {
    const { child, output } = start(env);
    expect(await exit(child)).not.toBe(0);
    expect(output()).toContain(named);
  });

  it("waits for a database that is not there, and can be ended meanwhile", async () => {
    const { child, output } = start({ DATABASE_URL: "postgres://nobody@127.0.0.1:9/none" });
    await new Promise<void>((resolve) => {
      child.stdout?.on("data", () => {
        if (output().includes("cannot be reached yet")) resolve();
      });
    });
    child.kill("SIGTERM");
    expect(await exit(child)).not.toBeNull();
  });
});
