/** The parts of the supervisor that decide or keep something, each alone. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HoldfastError, parseConfig } from "@holdfast/contract";
import { silentLog } from "@holdfast/core";
import { systemClock } from "@holdfast/runtime";
import { isAlive } from "@holdfast/store/embedded";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT, ExitError } from "../src/exit-codes.ts";
import { readLockHolder, takeDataLock } from "../src/supervisor/data-lock.ts";
import { childEnvironment } from "../src/supervisor/environment.ts";
import { ensureInternalToken } from "../src/supervisor/internal-token.ts";
import { formatLine, plainOutput } from "../src/supervisor/output.ts";
import { endLeftovers, pidFiles } from "../src/supervisor/pid-files.ts";
import { freePorts, isPortFree, waitForPort } from "../src/supervisor/ports.ts";
import { exitCodeOf, welcome } from "../src/supervisor/run-serve.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the lock of the data folder", () => {
  test("is taken once, names its holder, and can be taken again when it is released", async () => {
    const lock = await takeDataLock(folder);
    expect(readLockHolder(folder)?.pid).toBe(process.pid);
    await expect(takeDataLock(folder)).rejects.toMatchObject({
      exitCode: EXIT.inUse,
      message: expect.stringContaining(`(process ${process.pid}) already runs on ${folder}`),
    });
    lock.release();
    lock.release();
    expect(readLockHolder(folder)).toBeUndefined();
    (await takeDataLock(folder)).release();
  });

  test("is held as long as the folder is the same one", async () => {
    const dataDir = join(folder, "data");
    mkdirSync(dataDir);
    const lock = await takeDataLock(dataDir);
    expect(() => lock.assertHeld()).not.toThrow();
    renameSync(dataDir, join(folder, "elsewhere"));
    const gone = expect.objectContaining({ exitCode: EXIT.dataGone, message: expect.stringContaining(dataDir) });
    expect(() => lock.assertHeld()).toThrow(gone);
    mkdirSync(join(dataDir, "run"), { recursive: true });
    writeFileSync(join(dataDir, "run", "serve.lock"), "of somebody else");
    expect(() => lock.assertHeld()).toThrow(gone);
    lock.release();
    expect(readFileSync(join(dataDir, "run", "serve.lock"), "utf8")).toBe("of somebody else");
  });

  test("is one lock whatever path leads to the folder", async () => {
    const lock = await takeDataLock(folder);
    const other = join(folder, "other");
    symlinkSync(folder, other);
    await expect(takeDataLock(other)).rejects.toThrow(/already runs/);
    lock.release();
  });

  test("of a dead process, a reused number or garbage is taken over", async () => {
    mkdirSync(join(folder, "run"));
    const dead = spawn("true");
    await once(dead, "exit");
    for (const text of [
      JSON.stringify({ pid: dead.pid, startTime: "1" }),
      JSON.stringify({ pid: process.ppid, startTime: "1" }),
      "{",
      "",
    ]) {
      writeFileSync(join(folder, "run", "serve.lock"), text);
      expect(readLockHolder(folder)).toBeUndefined();
      (await takeDataLock(folder)).release();
    }
  });

  test("among many who want a stale one, exactly one gets it", async () => {
    mkdirSync(join(folder, "run"));
    writeFileSync(join(folder, "run", "serve.lock"), JSON.stringify({ pid: 999_999_999, startTime: "1" }));
    const program = fileURLToPath(new URL("./serve/take-lock.ts", import.meta.url));
    const contenders = Array.from({ length: 6 }, () =>
      spawn(process.execPath, [program, folder], { stdio: ["pipe", "pipe", "inherit"] }),
    );
    const answers = await Promise.all(contenders.map(async ({ stdout }) => String((await once(stdout, "data"))[0])));
    expect(answers.filter((answer) => answer.startsWith("mine"))).toHaveLength(1);
    for (const contender of contenders) contender.stdin.end();
    await Promise.all(contenders.map((contender) => contender.exitCode ?? once(contender, "exit")));
  });
});

describe("ports", () => {
  test("are free and different", async () => {
    const ports = await freePorts("127.0.0.1", 5);
    expect(new Set(ports).size).toBe(5);
    for (const port of ports) expect(await isPortFree("127.0.0.1", port)).toBe(true);
  });

  test("that are taken are waited for, and then refused with what to do", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const port = (server.address() as { port: number }).port;
    await expect(waitForPort("127.0.0.1", port, systemClock, 50)).rejects.toMatchObject({
      exitCode: EXIT.portTaken,
      message: expect.stringMatching(`port ${port} .* HOLDFAST_PORT`),
    });
    const waited = waitForPort("127.0.0.1", port, systemClock, 10_000);
    server.close();
    await waited;
  });

  test("an address that is not ours is an error, not a taken port", async () => {
    await expect(isPortFree("203.0.113.1", 80)).rejects.toThrow();
  });
});

describe("pid files", () => {
  test("hold the number and go away", () => {
    const pids = pidFiles(join(folder, "run"));
    pids.write("worker", 42);
    pids.write("worker", 43);
    expect(readFileSync(join(folder, "run", "worker.pid"), "utf8")).toBe("43\n");
    expect(readdirSync(join(folder, "run"))).toEqual(["worker.pid"]);
    pids.remove("worker");
    pids.remove("worker");
    expect(readdirSync(join(folder, "run"))).toEqual([]);
  });

  test("left behind: our processes are ended, even deaf ones, strangers are not, the files are removed", async () => {
    const program = join(folder, "role.mjs");
    writeFileSync(program, "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000);");
    const ours = spawn(process.execPath, [program]);
    const stranger = spawn("sleep", ["60"]);
    try {
      await once(ours.stdout, "data");
      const pids = pidFiles(folder);
      pids.write("worker", ours.pid ?? 0);
      pids.write("speech", stranger.pid ?? 0);
      pids.write("pusher", 999_999_999);
      await endLeftovers({ runDir: folder, programs: [program], clock: systemClock, log: silentLog, patienceMs: 100 });
      if (ours.signalCode === null) await once(ours, "exit");
      expect(ours.signalCode).toBe("SIGKILL");
      expect(isAlive(stranger.pid ?? 0)).toBe(true);
      expect(readdirSync(folder)).toEqual(["role.mjs"]);
    } finally {
      ours.kill("SIGKILL");
      stranger.kill("SIGKILL");
    }
  });
});

test("the internal token is made once, long, and for its owner only", () => {
  const token = ensureInternalToken(folder);
  expect(Buffer.from(token, "base64url")).toHaveLength(32);
  expect(ensureInternalToken(folder)).toBe(token);
  expect(statSync(join(folder, "internal.token")).mode & 0o777).toBe(0o600);
});

describe("settings of the children", () => {
  const base = {
    env: { HOLDFAST_MODEL: "tiny", PATH: "/bin" },
    dataDir: "/data",
    databaseUrl: "postgresql://x",
    gatewayPort: 8787,
    pusherPort: 1,
    speechPort: 2,
    internalToken: "secret",
    compileCache: "/cache",
  };

  test("are those of the person and those that only the supervisor knows", () => {
    expect(childEnvironment({ ...base, config: parseConfig({}) })).toEqual({
      HOLDFAST_MODEL: "tiny",
      PATH: "/bin",
      HOLDFAST_DATA: "/data",
      DATABASE_URL: "postgresql://x",
      HOLDFAST_PORT: "8787",
      HOLDFAST_PUSHER_PORT: "1",
      HOLDFAST_SPEECH_PORT: "2",
      HOSTED_PUSHER_API_URL: "http://127.0.0.1:1",
      HOLDFAST_SPEECH_URL: "http://127.0.0.1:2",
      HOLDFAST_INTERNAL_TOKEN: "secret",
      MALLOC_ARENA_MAX: "2",
      NODE_COMPILE_CACHE: "/cache",
    });
  });

  test("what the person has set is kept", () => {
    const config = parseConfig({
      HOSTED_PUSHER_API_URL: "http://far:9",
      HOLDFAST_SPEECH_URL: "http://near:8",
      HOLDFAST_INTERNAL_TOKEN: "mine",
      HOLDFAST_INTERNAL_HOST: "10.0.0.1",
    });
    expect(childEnvironment({ ...base, config })).toMatchObject({
      HOSTED_PUSHER_API_URL: "http://far:9",
      HOLDFAST_SPEECH_URL: "http://near:8",
      HOLDFAST_INTERNAL_TOKEN: "mine",
    });
    const onOne = childEnvironment({ ...base, config: parseConfig({ HOLDFAST_INTERNAL_HOST: "0.0.0.0" }) });
    expect(onOne.HOLDFAST_SPEECH_URL).toBe("http://127.0.0.1:2");
  });

  test("survive a second reading", () => {
    const env = childEnvironment({ ...base, config: parseConfig({}) });
    expect(parseConfig(env)).toMatchObject({
      HOLDFAST_PUSHER_PORT: 1,
      HOLDFAST_MODEL: "tiny",
      DATABASE_URL: "postgresql://x",
    });
  });
});

describe("words for a person", () => {
  const serving = { dataDir: "/d", gatewayPort: 8787, ownerToken: "hf_x" };

  test("name address, sign-in link, data and how long it took", () => {
    const text = welcome(serving, "localhost", 1_640);
    expect(text).toContain("ready on http://localhost:8787 (after 1.6 s)");
    expect(text).toContain("http://localhost:8787/#token=hf_x");
    expect(text).toContain("/d");
  });

  test.each(["0.0.0.0", "::", "127.0.0.1"])("an address of %s is opened as localhost here", (host) => {
    expect(welcome(serving, host, 1)).toContain("http://localhost:8787/#token");
  });

  test("a line of a log is time, part and words; the reason of an error follows", () => {
    const line = JSON.stringify({
      level: "error",
      time: "2026-01-02T03:04:05.678Z",
      msg: "it broke",
      err: { message: "no disk" },
    });
    expect(formatLine("worker", line)).toMatch(/03:04:05.*worker.*it broke: no disk/);
    expect(formatLine("worker", "plain words")).toMatch(/worker.*plain words/);
    expect(formatLine("worker", '{"level":"info"}')).toContain('{"level":"info"}');
  });

  test("elsewhere than on a terminal the children write for themselves", () => {
    const written: string[] = [];
    const output = plainOutput({ write: (text) => written.push(text) });
    output.destination.write('{"a":1}\n');
    output.say("words");
    expect(written).toEqual(['{"a":1}\n', "words\n"]);
    expect(output.childStdio).toEqual(["ignore", "inherit", "inherit", "ipc"]);
  });
});

test.each([
  [new ExitError("x", EXIT.portTaken), EXIT.portTaken],
  [new HoldfastError("x", { code: "config_invalid", class: "permanent_input" }), EXIT.usage],
  [new HoldfastError("x", { code: "postgres_missing", class: "permanent_input" }), EXIT.database],
  [new HoldfastError("x", { code: "other", class: "transport" }), EXIT.failure],
  [new TypeError("x"), EXIT.failure],
  ["thrown words", EXIT.failure],
])("%s ends with %i", (error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});
