/** The decisions of the launcher, without a server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@holdfast/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chooseAccount } from "../src/embedded/account.ts";
import { type Binaries, chooseBinaries, clusterMajor, listBinaries } from "../src/embedded/binaries.ts";
import { connectionUrl, findRunningPostgres } from "../src/embedded/connection.ts";
import { makeLinks } from "../src/embedded/native-folder.ts";
import { clearLeftovers, livePostmaster, readPostmasterFile } from "../src/embedded/postmaster.ts";
import { isAlive, readProcess } from "../src/embedded/process-facts.ts";
import { firstClosedFolder } from "../src/embedded/reach.ts";
import { makeRunner } from "../src/embedded/runner.ts";
import { serverArguments } from "../src/embedded/settings.ts";
import { makeSocketFolder } from "../src/embedded/socket-folder.ts";
import { testClock } from "./embedded/clock.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-embedded-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("the account that runs the server", () => {
  const passwd =
    "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1001::/home/ann:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";

  test("is the user itself where that is not root", () => {
    expect(chooseAccount(1000, passwd)).toEqual({ name: "ann", uid: 1000, gid: 1001, other: false });
  });

  test("is postgres for root, else nobody", () => {
    expect(chooseAccount(0, `${passwd}postgres:x:101:104::/:/bin/sh\n`)).toMatchObject({
      name: "postgres",
      uid: 101,
      other: true,
    });
    expect(chooseAccount(0, passwd)).toEqual({ name: "nobody", uid: 65534, gid: 65533, other: true });
  });

  test("an account called postgres that is root does not count", () => {
    expect(chooseAccount(0, `${passwd}postgres:x:0:0::/:/bin/sh\n`).name).toBe("nobody");
  });

  test("a number without a name is refused with what to do", () => {
    expect(() => chooseAccount(12345, passwd)).toThrow(/12345 has no entry .* DATABASE_URL/);
  });

  test("root without any other account is refused", () => {
    expect(() => chooseAccount(0, "root:x:0:0::/root:/bin/sh\n")).toThrow(/does not run as root/);
  });
});

describe("the binaries", () => {
  const npm: Binaries = { source: "npm", folder: "/n", major: 18 };
  const system: Binaries = { source: "system", folder: "/s", major: 15 };

  test("a new folder takes the first", () => {
    expect(chooseBinaries([npm, system], undefined)).toBe(npm);
    expect(chooseBinaries([system], undefined)).toBe(system);
  });

  test("a folder that exists takes its own major, whoever has it", () => {
    expect(chooseBinaries([npm, system], 15)).toBe(system);
    expect(chooseBinaries([npm, system], 18)).toBe(npm);
  });

  test("a major that nobody has is refused with both sides named", () => {
    expect(() => chooseBinaries([npm, system], 17)).toThrow(/made by PostgreSQL 17.*18 \(npm\), 15 \(system\)/s);
  });

  test("nothing at all is refused with what to do", () => {
    expect(() => chooseBinaries([], undefined)).toThrow(/npm ci, install PostgreSQL, or set DATABASE_URL/);
  });

  test("system folders are read newest first; incomplete and old ones are left out", () => {
    for (const name of ["14", "15", "17", "18"]) {
      mkdirSync(join(folder, name, "bin"), { recursive: true });
      for (const program of name === "18" ? ["postgres"] : ["postgres", "initdb"]) {
        writeFileSync(join(folder, name, "bin", program), "");
      }
    }
    const majors = listBinaries(folder).filter(({ source }) => source === "system");
    expect(majors.map(({ major }) => major)).toEqual([17, 15]);
  });

  test("PG_VERSION names the major of a cluster", () => {
    expect(clusterMajor(folder)).toBeUndefined();
    writeFileSync(join(folder, "PG_VERSION"), "18\n");
    expect(clusterMajor(folder)).toBe(18);
  });

  test("missing links of the npm package are made from its list, and only once", () => {
    const native = join(folder, "a copy");
    mkdirSync(join(native, "lib"), { recursive: true });
    writeFileSync(join(native, "lib", "libx.so.60.2"), "x");
    const links = [{ source: "native/lib/libx.so.60.2", target: "native/lib/libx.so.60" }];
    writeFileSync(join(native, "pg-symlinks.json"), JSON.stringify(links));
    makeLinks(native);
    makeLinks(native);
    expect(readlinkSync(join(native, "lib", "libx.so.60"))).toBe("libx.so.60.2");
  });
});

describe("postmaster.pid", () => {
  const write = (pid: number, status = "ready   "): void => {
    const lines = [pid, folder, 1, 5432, "/run/pg", "", "  1 2", status, ""];
    writeFileSync(join(folder, "postmaster.pid"), lines.join("\n"));
  };

  test("tells pid, socket folder and whether the server is ready", () => {
    write(77);
    expect(readPostmasterFile(folder)).toEqual({ pid: 77, socketFolder: "/run/pg", ready: true });
    write(77, "starting");
    expect(readPostmasterFile(folder)?.ready).toBe(false);
  });

  test.each(["", "garbage\n", "-5\n"])("that says %j is as good as none", (text) => {
    writeFileSync(join(folder, "postmaster.pid"), text);
    expect(readPostmasterFile(folder)).toBeUndefined();
  });

  test("a number that now belongs to another program is stale: it is not touched, the file is removed", async () => {
    const stranger = spawn("sleep", ["60"], { cwd: folder });
    try {
      write(stranger.pid ?? 0);
      expect(livePostmaster(folder)).toBeUndefined();
      await clearLeftovers(folder, testClock, silentLog);
      expect(existsSync(join(folder, "postmaster.pid"))).toBe(false);
      expect(isAlive(stranger.pid ?? 0)).toBe(true);
    } finally {
      stranger.kill("SIGKILL");
    }
  });

  test("a postgres of another folder is a stranger too", async () => {
    const elsewhere = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], {
      argv0: "/x/bin/postgres",
      cwd: tmpdir(),
    });
    try {
      write(elsewhere.pid ?? 0);
      await clearLeftovers(folder, testClock, silentLog);
      expect(isAlive(elsewhere.pid ?? 0)).toBe(true);
    } finally {
      elsewhere.kill("SIGKILL");
    }
  });

  test("a live process of this folder is ended and the file removed", async () => {
    const program = "process.on('SIGINT', () => process.exit(0)); console.log('up'); setTimeout(() => {}, 60000)";
    const orphan = spawn(process.execPath, ["-e", program], { argv0: "/x/bin/postgres", cwd: folder });
    try {
      await once(orphan.stdout, "data");
      write(orphan.pid ?? 0);
      expect(livePostmaster(folder)?.pid).toBe(orphan.pid);
      await clearLeftovers(folder, testClock, silentLog);
      expect(orphan.exitCode ?? (await once(orphan, "exit"))[0]).toBe(0);
      expect(existsSync(join(folder, "postmaster.pid"))).toBe(false);
    } finally {
      orphan.kill("SIGKILL");
    }
  });

  test("no server is found in a folder without one", () => {
    expect(findRunningPostgres(folder)).toBeUndefined();
    expect(findRunningPostgres(join(folder, "missing"))).toBeUndefined();
  });
});

describe("facts about a process", () => {
  test("name this process by start time and folder", () => {
    const facts = readProcess(process.pid);
    expect(facts).toMatchObject({ pid: process.pid, cwd: process.cwd() });
    expect(facts?.startTime).toMatch(/^\d+$/);
    expect(facts?.commandLine.length).toBeGreaterThan(0);
  });

  test("a name with brackets and spaces does not shift the fields", async () => {
    const program = "process.title = 'a) R 1 ('; console.log('up'); setTimeout(() => {}, 60000)";
    const child = spawn(process.execPath, ["-e", program]);
    try {
      await once(child.stdout, "data");
      expect(readProcess(child.pid ?? 0)?.state).toMatch(/^[RSD]$/);
      expect(Number(readProcess(child.pid ?? 0)?.startTime)).toBeGreaterThan(Number(readProcess(1)?.startTime));
    } finally {
      child.kill("SIGKILL");
    }
  });

  test("a dead process is not alive", async () => {
    const child = spawn("true");
    await once(child, "exit");
    expect(isAlive(child.pid ?? 0)).toBe(false);
  });
});

test("the folder that stops an account is the topmost closed one", () => {
  const inner = join(folder, "open", "closed", "inner");
  mkdirSync(inner, { recursive: true });
  chmodSync(folder, 0o711);
  chmodSync(join(folder, "open"), 0o755);
  chmodSync(join(folder, "open", "closed"), 0o700);
  const stranger = { name: "x", uid: 54_321, gid: 54_321, other: true };
  expect(firstClosedFolder(inner, stranger)).toBe(join(folder, "open", "closed"));
  expect(firstClosedFolder(join(folder, "open"), stranger)).toBeUndefined();
  const { uid, gid } = statSync(inner);
  expect(firstClosedFolder(inner, { name: "me", uid, gid, other: false })).toBeUndefined();
});

describe("the socket", () => {
  const runner = makeRunner(
    { name: "me", uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, other: false },
    "self",
  );

  test("lies in a private folder below the run folder", () => {
    const socket = makeSocketFolder(folder, runner);
    expect(socket.path).toBe(join(folder, "pg"));
    expect(statSync(socket.path).mode & 0o777).toBe(0o700);
    socket.remove();
    expect(existsSync(socket.path)).toBe(false);
  });

  test("moves to a short place where the path would be too long for the system", () => {
    const long = join(folder, "x".repeat(90));
    const socket = makeSocketFolder(long, runner);
    try {
      expect(Buffer.byteLength(join(socket.path, ".s.PGSQL.5432.lock"))).toBeLessThanOrEqual(100);
      expect(statSync(socket.path).mode & 0o777).toBe(0o700);
      expect(makeSocketFolder(long, runner).path).toBe(socket.path);
      expect(makeSocketFolder(`${long}y`, runner).path).not.toBe(socket.path);
    } finally {
      socket.remove();
      makeSocketFolder(`${long}y`, runner).remove();
    }
  });

  test.runIf(process.getuid?.() === 0)("is not put into a folder that somebody else made", () => {
    const long = join(folder, "x".repeat(90));
    const socket = makeSocketFolder(long, runner);
    try {
      chownSync(socket.path, 54_321, 54_321);
      expect(() => makeSocketFolder(long, runner)).toThrow(/belongs to somebody else/);
    } finally {
      socket.remove();
    }
  });

  test("is named in the connection string, whatever characters it has", () => {
    const url = new URL(connectionUrl("/a b/ü?&"));
    expect(url.searchParams.get("host")).toBe("/a b/ü?&");
    expect([url.username, url.pathname]).toEqual(["holdfast", "/postgres"]);
  });
});

test("durability is never switched off, and nothing listens on the network", () => {
  for (const major of [15, 18]) {
    const args = serverArguments("/c", '/a "b"', major);
    for (const wanted of ["fsync=on", "full_page_writes=on", "synchronous_commit=on", "listen_addresses="]) {
      expect(args).toContain(wanted);
    }
    expect(args).toContain('unix_socket_directories="/a ""b"""');
    expect(args.includes("io_method=sync")).toBe(major >= 18);
  }
});
