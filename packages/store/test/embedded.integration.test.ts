/** The embedded server as real processes: users, folders, kills. Every acknowledged row must be there afterwards. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { silentLog } from "@holdfast/core";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemAccount } from "../src/embedded/account.ts";
import { listBinaries } from "../src/embedded/binaries.ts";
import { type EmbeddedPostgres, findRunningPostgres, isAlive, startEmbeddedPostgres } from "../src/embedded/index.ts";
import { firstClosedFolder } from "../src/embedded/reach.ts";
import { makeRunner, run } from "../src/embedded/runner.ts";
import { testClock } from "./embedded/clock.ts";

const LAUNCH = fileURLToPath(new URL("./embedded/launch.ts", import.meta.url));
const NOBODY = { name: "nobody", uid: 65_534, gid: 65_534, other: true };
const isRoot = process.getuid?.() === 0;

let folder = "";
const servers: EmbeddedPostgres[] = [];
const launchers: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hf-"));
});
afterEach(async () => {
  for (const launcher of launchers.splice(0)) launcher.kill("SIGKILL");
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  for (const name of readdirSync(folder)) {
    const left = findRunningPostgres(join(folder, name))?.pid;
    if (left !== undefined) process.kill(left, "SIGKILL");
    if (left !== undefined) await expect.poll(() => isAlive(left)).toBe(false);
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
});

async function start(dataDir: string, runDir = join(dataDir, "run")): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, runDir, log: silentLog, clock: testClock });
  servers.push(server);
  return server;
}

async function query<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

interface Launched {
  readonly pid: number;
  readonly url: string;
  readonly rows: number;
  readonly launcher: ChildProcess;
}

/** Starts the server from a process of its own, as another user if asked. */
async function launch(dataDir: string, user?: { uid: number; gid: number }): Promise<Launched> {
  const launcher = spawn(process.execPath, [LAUNCH, dataDir], {
    stdio: ["pipe", "pipe", "inherit"],
    cwd: "/",
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  launchers.push(launcher);
  const [line] = await Promise.race([
    once(createInterface({ input: launcher.stdout }), "line"),
    once(launcher, "exit").then(([code]) => Promise.reject(new Error(`the launcher ended with ${code}`))),
  ]);
  return { ...(JSON.parse(String(line)) as Omit<Launched, "launcher">), launcher };
}

async function stop({ launcher }: Launched): Promise<void> {
  launcher.stdin?.end();
  const [code] = await once(launcher, "exit");
  expect(code).toBe(0);
}

describe("start and stop", () => {
  test("a new cluster, then the same again: rows stay, the socket is private, nothing is left running", async () => {
    const dataDir = join(folder, "data with spaces");
    const first = await start(dataDir);
    await query(first.url, "create table t as select generate_series(1, 1000) as id");
    expect(findRunningPostgres(dataDir)).toEqual({ url: first.url, pid: first.pid });
    expect(statSync(join(dataDir, "run", "pg")).mode & 0o777).toBe(0o700);
    const exits: unknown[] = [];
    first.onExit((code) => exits.push(code));
    await Promise.all([first.stop(), first.stop()]);
    first.onExit((code) => exits.push(code));
    expect(exits).toEqual([0, 0]);
    expect(isAlive(first.pid)).toBe(false);
    expect(findRunningPostgres(dataDir)).toBeUndefined();
    expect(existsSync(join(dataDir, "postgres", "postmaster.pid"))).toBe(false);

    const second = await start(dataDir);
    expect(second.url).toBe(first.url);
    expect(await query(second.url, "select count(*)::int as n from t")).toEqual([{ n: 1000 }]);
  });

  test("the cluster sorts by code point, has checksums, and is durable", async () => {
    const { url } = await start(join(folder, "d"));
    const sql = `select current_setting('data_checksums') as checksums, current_setting('fsync') as fsync,
      current_setting('listen_addresses') as addresses, current_setting('server_encoding') as encoding,
      array(select x from unnest(array['b', 'ä', 'A', 'a']) as x order by x) as sorted, lower('ÄÖ') as lower`;
    expect(await query(url, sql)).toEqual([
      { checksums: "on", fsync: "on", addresses: "", encoding: "UTF8", sorted: ["A", "a", "b", "ä"], lower: "äö" },
    ]);
  });

  test("a path that is too long for a socket works, and its short folder goes away with the server", async () => {
    const server = await start(join(folder, "long".repeat(30)));
    const socketFolder = new URL(server.url).searchParams.get("host") ?? "";
    expect(socketFolder.length).toBeLessThan(80);
    expect(await query(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
    await server.stop();
    expect(existsSync(socketFolder)).toBe(false);
  });

  test("two servers on two folders do not meet", async () => {
    const [a, b] = await Promise.all([start(join(folder, "a")), start(join(folder, "b"))]);
    await query(a.url, "create table only_a ()");
    expect(await query(b.url, "select to_regclass('only_a') as t")).toEqual([{ t: null }]);
  });

  test("a folder that is no cluster is left alone", async () => {
    mkdirSync(join(folder, "d", "postgres", "precious"), { recursive: true });
    await expect(start(join(folder, "d"))).rejects.toMatchObject({ code: "postgres_folder" });
    expect(existsSync(join(folder, "d", "postgres", "precious"))).toBe(true);
  });

  test("a start that is given up leaves no server", async () => {
    const dataDir = join(folder, "d");
    await (await start(dataDir)).stop();
    const options = { dataDir, runDir: join(dataDir, "run"), log: silentLog, clock: testClock };
    const started = startEmbeddedPostgres({ ...options, signal: AbortSignal.abort() });
    await expect(started).rejects.toMatchObject({ code: "postgres_aborted" });
    expect(existsSync(join(dataDir, "postgres", "postmaster.pid"))).toBe(false);
  });
});

describe("kills", () => {
  test("kill -9 of the server under load: every acknowledged row is there", async () => {
    const dataDir = join(folder, "d");
    const first = await start(dataDir);
    await query(first.url, "create table t (id int primary key)");
    const acknowledged: number[] = [];
    let next = 0;
    const write = async (): Promise<void> => {
      const client = new pg.Client({ connectionString: first.url });
      client.on("error", () => {});
      await client.connect();
      for (;;) {
        const id = next++;
        await client.query("insert into t values ($1)", [id]);
        acknowledged.push(id);
      }
    };
    const writers = [write(), write(), write(), write()].map((writer) => writer.catch(() => "cut off"));
    await expect.poll(() => acknowledged.length, { timeout: 20_000, interval: 5 }).toBeGreaterThan(500);
    const ended = new Promise((resolve) => first.onExit(resolve));
    process.kill(first.pid, "SIGKILL");
    await ended;
    const second = await start(dataDir);
    expect(await Promise.all(writers)).toEqual(Array(4).fill("cut off"));
    const stored = new Set((await query<{ id: number }>(second.url, "select id from t")).map(({ id }) => id));
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    expect(second.url).toBe(first.url);
  });

  test("the server of a killed launcher is stopped and a new one takes over", async () => {
    const dataDir = join(folder, "d");
    const orphan = await launch(dataDir);
    orphan.launcher.kill("SIGKILL");
    await once(orphan.launcher, "exit");
    expect(isAlive(orphan.pid)).toBe(true);
    const server = await start(dataDir);
    expect(isAlive(orphan.pid)).toBe(false);
    expect(server.pid).not.toBe(orphan.pid);
    expect(await query(server.url, "select count(*)::int as n from kept")).toEqual([{ n: 1 }]);
  });

  test("a first start that is killed while the cluster is made leaves nothing in the way", async () => {
    const dataDir = join(folder, "d");
    const started = launch(dataDir).catch(() => "killed");
    const unfinished = (): string[] =>
      existsSync(dataDir) ? readdirSync(dataDir).filter((name) => name.startsWith("postgres.unfinished-")) : [];
    await expect.poll(unfinished, { interval: 5, timeout: 20_000 }).toHaveLength(1);
    launchers[0]?.kill("SIGKILL");
    expect(await started).toBe("killed");
    const server = await start(dataDir);
    expect(await query(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
    expect(unfinished()).toEqual([]);
  });
});

describe("users", () => {
  const repositoryIsOpen = firstClosedFolder(LAUNCH.replace(/[^/]*$/, ""), NOBODY) === undefined;

  test.runIf(isRoot && repositoryIsOpen)("an ordinary user, and then root on the same data", async () => {
    const dataDir = join(folder, "d");
    chmodSync(folder, 0o755);
    mkdirSync(dataDir);
    chownSync(dataDir, NOBODY.uid, NOBODY.gid);
    const first = await launch(dataDir, NOBODY);
    expect(statSync(join(dataDir, "postgres")).uid).toBe(NOBODY.uid);
    expect(statSync(`/proc/${first.pid}`).uid).toBe(NOBODY.uid);
    await stop(first);
    const second = await launch(dataDir, NOBODY);
    expect(second.rows).toBe(2);
    await stop(second);
    const third = await launch(dataDir);
    expect(third.rows).toBe(3);
    await stop(third);
  });

  test.runIf(isRoot)("root does not run it as root", async () => {
    chmodSync(folder, 0o755);
    const server = await start(join(folder, "d"));
    const { uid } = systemAccount();
    expect(statSync(`/proc/${server.pid}`).uid).toBe(uid);
    expect(uid).not.toBe(0);
  });

  test.runIf(isRoot)(
    "root's own closed home works by a user namespace, or is refused with the folder named",
    async () => {
      chmodSync(folder, 0o700);
      const dataDir = join(folder, "below", "data");
      const possible = (await run(makeRunner(systemAccount(), "namespace"), "/bin/true", [])).code === 0;
      if (possible) {
        const first = await start(dataDir);
        await query(first.url, "create table t (id int)");
        await first.stop();
        const second = await start(dataDir);
        expect(await query(second.url, "select count(*)::int as n from t")).toEqual([{ n: 0 }]);
      } else {
        await expect(start(dataDir)).rejects.toThrow(folder);
      }
    },
  );
});

test("every set of binaries of this machine opens the cluster that it made", async () => {
  const majors = listBinaries().map(({ major }) => major);
  expect(majors.length).toBeGreaterThan(0);
  const server = await start(join(folder, "d"));
  const [row] = await query<{ version: string }>(server.url, "select current_setting('server_version') as version");
  expect(Number.parseInt(row?.version ?? "", 10)).toBe(majors[0]);
});
