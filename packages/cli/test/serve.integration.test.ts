/**
 * `holdfast serve` as real processes on a real PostgreSQL: with stub roles, so that a failure here is the supervisor's, and
 * with the real ones.
 */

import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { listTokens, openDatabase } from "@holdfast/store";
import { isAlive } from "@holdfast/store/embedded";
import { afterEach, describe, expect, test } from "vitest";
import { EXIT } from "../src/exit-codes.ts";
import { CHILDREN, cleanUp, newDataFolder, pidOf, pidsOf, processesOf, start } from "./serve/running.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const STUBS = [here("./serve/run-stubs.ts")];
const REAL = [here("../bin/holdfast.js"), "serve"];

afterEach(cleanUp);

describe.each([
  ["stub roles", STUBS],
  ["the real roles", REAL],
])("serve with %s", (_name, command) => {
  test("says where it is, puts its children on file, refuses a second one, ends everything on SIGTERM", async () => {
    const dataDir = newDataFolder();
    const serve = start(command, dataDir);
    await serve.ready();

    const [, address, token] = /Sign in: {3}(http:\/\/localhost:\d+)\/#token=(hf_[\w-]+)/.exec(serve.output()) ?? [];
    expect((await fetch(address ?? "")).status).toBeLessThan(500);
    expect(readFileSync(join(dataDir, "owner.token"), "utf8").trim()).toBe(token);
    for (const file of ["owner.token", "internal.token"])
      expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600);
    const pids = Object.values(pidsOf(dataDir));
    expect(pids.every(isAlive)).toBe(true);
    expect(new Set(pids).size).toBe(CHILDREN.length);

    const second = start(command, dataDir);
    expect(await second.ended()).toBe(EXIT.inUse);
    expect(second.output()).toContain(`another Holdfast (process ${serve.process.pid}) already runs on ${dataDir}`);
    expect(pidsOf(dataDir)).toEqual(Object.fromEntries(CHILDREN.map((child, index) => [child, pids[index]])));

    serve.process.kill("SIGTERM");
    expect(await serve.ended()).toBe(EXIT.ok);
    expect(processesOf(dataDir)).toEqual([]);
    expect(pidsOf(dataDir)).toEqual(Object.fromEntries(CHILDREN.map((child) => [child, 0])));
    expect(existsSync(join(dataDir, "run", "serve.lock"))).toBe(false);
  });

  test("a child that is killed is started again with a new pid, and the others live on", async () => {
    const dataDir = newDataFolder();
    const serve = start(command, dataDir);
    await serve.ready();
    for (const child of CHILDREN) {
      const before = pidsOf(dataDir);
      process.kill(before[child] ?? 0, "SIGKILL");
      await expect
        .poll(() => ![0, before[child]].includes(pidOf(dataDir, child)), { timeout: 20_000, message: child })
        .toBe(true);
      // A role that is still starting needs its database, which is killed last.
      if (child !== "postgres")
        await expect.poll(() => serve.output().split(`${child} is ready`), { timeout: 20_000 }).toHaveLength(3);
      const { [child]: _new, ...after } = pidsOf(dataDir);
      const { [child]: _old, ...others } = before;
      expect(after).toEqual(others);
    }
    const address = /ready on (http:\/\/localhost:\d+)/.exec(serve.output())?.[1] ?? "";
    expect(address).not.toBe("");
    serve.process.kill("SIGTERM");
    expect(await serve.ended()).toBe(EXIT.ok);
    expect(processesOf(dataDir)).toEqual([]);
  });

  test("after kill -9 of everything at once a new start is fine, with the same token", async () => {
    const dataDir = newDataFolder();
    const first = start(command, dataDir);
    await first.ready();
    const token = readFileSync(join(dataDir, "owner.token"), "utf8");
    const pids = Object.values(pidsOf(dataDir));
    first.process.kill("SIGKILL");
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await first.ended();
    const second = start(command, dataDir);
    await second.ready();
    expect(readFileSync(join(dataDir, "owner.token"), "utf8")).toBe(token);
    second.process.kill("SIGINT");
    expect(await second.ended()).toBe(EXIT.ok);
    expect(processesOf(dataDir)).toEqual([]);
  });

  test("after kill -9 of the supervisor alone a new start takes over folder, port and children", async () => {
    const dataDir = newDataFolder();
    const port = await freePort();
    const first = start(command, dataDir, { HOLDFAST_PORT: String(port) });
    await first.ready();
    const before = pidsOf(dataDir);
    first.process.kill("SIGKILL");
    await first.ended();
    const second = start(command, dataDir, { HOLDFAST_PORT: String(port) });
    await second.ready();
    for (const [child, pid] of Object.entries(before)) expect([child, isAlive(pid)]).toEqual([child, false]);
    second.process.kill("SIGTERM");
    expect(await second.ended()).toBe(EXIT.ok);
    expect(processesOf(dataDir)).toEqual([]);
  });
});

describe("serve", () => {
  test("ends everything when it is stopped in the middle of its start", async () => {
    const dataDir = newDataFolder();
    const serve = start(STUBS, dataDir);
    await expect.poll(() => serve.output(), { timeout: 20_000, interval: 5 }).toContain("postgres_chosen");
    serve.process.kill("SIGTERM");
    expect(await serve.ended()).toBe(EXIT.ok);
    expect(serve.output()).not.toContain("Sign in");
    expect(processesOf(dataDir)).toEqual([]);
    expect(existsSync(join(dataDir, "run", "serve.lock"))).toBe(false);
  });

  test("starts nothing again when a signal goes to the whole group", async () => {
    const dataDir = newDataFolder();
    const serve = start(STUBS, dataDir, { STUB_DRAIN: "slow" });
    await serve.ready();
    const children = Object.entries(pidsOf(dataDir)).filter(([child]) => child !== "postgres");
    serve.process.kill("SIGTERM");
    await expect.poll(() => serve.output(), { timeout: 20_000, interval: 5 }).toContain("Holdfast is ending");
    for (const [, pid] of children) process.kill(pid, "SIGTERM");
    expect(await serve.ended()).toBe(EXIT.ok);
    expect(serve.output()).not.toContain("starting it again");
    expect(processesOf(dataDir)).toEqual([]);
  });

  test("a second signal ends it by force, and the next start is fine", async () => {
    const dataDir = newDataFolder();
    const first = start(STUBS, dataDir, { STUB_DRAIN: "never" });
    await first.ready();
    first.process.kill("SIGINT");
    await expect.poll(() => first.output(), { timeout: 20_000 }).toContain("gateway is ending");
    // What follows at once counts as an echo of the first; a person who presses again is heard.
    const pressing = setInterval(() => first.process.kill("SIGINT"), 50);
    expect(await first.ended()).toBe(EXIT.interrupted);
    clearInterval(pressing);
    await expect.poll(() => processesOf(dataDir), { timeout: 20_000 }).toEqual([]);
    const second = start(STUBS, dataDir);
    await second.ready();
  });

  test.each([
    ["removed", (folder: string) => rmSync(folder, { recursive: true })],
    [
      "replaced by another",
      (folder: string) => {
        renameSync(folder, `${folder}-moved`);
        mkdirSync(join(folder, "run"), { recursive: true });
        writeFileSync(join(folder, "run", "serve.lock"), "of somebody else");
      },
    ],
  ])("ends when its data folder is %s, and makes no new one", async (_how, takeAway) => {
    const dataDir = join(newDataFolder(), "data");
    const serve = start(STUBS, dataDir);
    await serve.ready();
    takeAway(dataDir);
    const left = filesBelow(dataDir);
    expect(await serve.ended()).toBe(EXIT.dataGone);
    expect(serve.output()).toContain(`the data folder ${dataDir} was removed, moved or replaced`);
    expect(processesOf(dataDir)).toEqual([]);
    expect(filesBelow(dataDir)).toEqual(left);
  });

  test("a port that another program holds is refused with its own code, and nothing is left running", async () => {
    const dataDir = newDataFolder();
    const holder = createServer().listen(0, "localhost");
    await once(holder, "listening");
    try {
      const { port } = holder.address() as { port: number };
      const serve = start(STUBS, dataDir, { HOLDFAST_PORT: String(port) });
      expect(await serve.ended()).toBe(EXIT.portTaken);
      expect(serve.output()).toContain(`port ${port} on localhost is taken by another program`);
      expect(processesOf(dataDir)).toEqual([]);
    } finally {
      holder.close();
    }
  });

  test("a wrong setting is refused by name before anything is made", async () => {
    const dataDir = newDataFolder();
    const serve = start(REAL, join(dataDir, "new"), { HOLDFAST_MODEL: "huge" });
    expect(await serve.ended()).toBe(EXIT.usage);
    expect(serve.output()).toMatch(/^holdfast: settings are not valid: HOLDFAST_MODEL: /);
    expect(existsSync(join(dataDir, "new"))).toBe(false);
  });

  test("a role that refuses its settings ends the start", async () => {
    const dataDir = newDataFolder();
    const serve = start(STUBS, dataDir, { STUB_REFUSES: "worker" });
    expect(await serve.ended()).toBe(EXIT.usage);
    expect(serve.output()).toContain("worker refuses its settings");
    expect(processesOf(dataDir)).toEqual([]);
  });

  test("a gateway that does not become ready keeps no other role from its work", async () => {
    const serve = start(STUBS, newDataFolder(), { STUB_NEVER_READY: "gateway" });
    for (const role of ["pusher", "worker", "speech"])
      await expect.poll(() => serve.output(), { timeout: 30_000 }).toContain(`${role} is ready`);
    expect(serve.output()).not.toContain("Sign in");
  });

  test("the page is there before the other roles are", async () => {
    const port = await freePort();
    const serve = start(STUBS, newDataFolder(), { HOLDFAST_PORT: String(port), STUB_NEVER_READY: "speech" });
    await expect.poll(() => pageOf(port), { timeout: 30_000 }).toBe("gateway");
    expect(serve.output()).not.toContain("Sign in");
  });

  test("DATABASE_URL is used instead of an own server; one that does not answer is refused", async () => {
    const dataDir = newDataFolder();
    const other = start(STUBS, newDataFolder());
    await other.ready();
    const database = /"url":"([^"]+)"/.exec(other.output())?.[1] ?? "";
    const serve = start(STUBS, dataDir, { DATABASE_URL: database });
    await serve.ready();
    expect(pidOf(dataDir, "postgres")).toBe(0);
    const db = openDatabase({ url: database, onIdleError: () => {} });
    const owners = (await listTokens(db)).filter(({ name }) => name === "owner");
    await db.destroy();
    expect(owners).toHaveLength(2);
    serve.process.kill("SIGTERM");
    expect(await serve.ended()).toBe(EXIT.ok);
    expect(isAlive(other.process.pid ?? 0)).toBe(true);

    const unreachable = start(STUBS, newDataFolder(), { DATABASE_URL: "postgresql://127.0.0.1:1/none" });
    expect(await unreachable.ended()).toBe(EXIT.database);
    expect(unreachable.output()).toContain("the database could not be prepared");
    // The gateway was loaded meanwhile, and did not begin.
    expect(unreachable.output()).not.toContain("gateway died");
  });
});

function filesBelow(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String) : [];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function pageOf(port: number): Promise<string | undefined> {
  return await fetch(`http://localhost:${port}/`).then(
    async (answer) => await answer.text(),
    () => undefined,
  );
}
