/**
 * One supervisor for a data folder. The mutual exclusion is an abstract Unix socket named after the folder: the kernel lets
 * exactly one process bind it and frees it when that process dies, however it dies, so there is no moment in which two
 * could take over a stale lock. Beside it, `<data>/run/serve.lock` says who holds the folder (pid and start time), for
 * messages, for `doctor`, and for holders that the socket cannot see (another network namespace).
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { isAlive, readProcess } from "@holdfast/store/embedded";
import { EXIT, ExitError } from "../exit-codes.ts";

export interface LockHolder {
  readonly pid: number;
  readonly startTime: string;
}

export interface DataLock {
  /** Throws ExitError `dataGone` where the folder is no longer the one that was locked: removed, moved or replaced. */
  assertHeld(): void;
  /** Idempotent. */
  release(): void;
}

/** Takes the folder or throws ExitError `inUse` that names holder and folder. `dataDir` exists and is absolute. */
export async function takeDataLock(dataDir: string): Promise<DataLock> {
  const path = lockPath(dataDir);
  mkdirSync(join(dataDir, "run"), { recursive: true, mode: 0o700 });
  const socket = await bindName(nameOf(dataDir));
  const holder = readLockHolder(dataDir);
  if (socket === undefined || (holder !== undefined && holder.pid !== process.pid)) {
    socket?.close();
    const who = holder === undefined ? "" : ` (process ${holder.pid})`;
    throw new ExitError(
      `another Holdfast${who} already runs on ${dataDir}. Stop it first, or give this one its own folder by HOLDFAST_DATA`,
      EXIT.inUse,
    );
  }
  const mine: LockHolder = { pid: process.pid, startTime: readProcess(process.pid)?.startTime ?? "" };
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(mine)}\n`, { mode: 0o600 });
  renameSync(temporary, path);
  const name = nameOf(dataDir);
  const isIntact = (): boolean => existsSync(path) && nameOf(dataDir) === name;
  let held = true;
  return {
    assertHeld() {
      if (!isIntact()) throw dataGone(dataDir);
    },
    release() {
      if (!held) return;
      held = false;
      // In a folder that took the place of ours the file belongs to somebody else.
      if (isIntact()) rmSync(path, { force: true });
      socket.close();
    },
  };
}

/** Who holds the folder now; undefined where nobody does, or the holder is dead. */
export function readLockHolder(dataDir: string): LockHolder | undefined {
  try {
    const { pid, startTime } = JSON.parse(readFileSync(lockPath(dataDir), "utf8")) as Partial<LockHolder>;
    if (typeof pid !== "number" || typeof startTime !== "string" || !isAlive(pid)) return undefined;
    return readProcess(pid)?.startTime === startTime ? { pid, startTime } : undefined;
  } catch {
    return undefined;
  }
}

function dataGone(dataDir: string): ExitError {
  return new ExitError(
    `the data folder ${dataDir} was removed, moved or replaced while Holdfast ran on it. Put it back, then start again; a start without it begins with an empty one`,
    EXIT.dataGone,
  );
}

function lockPath(dataDir: string): string {
  return join(dataDir, "run", "serve.lock");
}

/** The folder by device and inode: the same whatever path leads to it. */
function nameOf(dataDir: string): string {
  const { dev, ino } = statSync(dataDir);
  return `\0holdfast-serve-${dev}-${ino}`;
}

/** The bound socket, or undefined where another process has the name. */
function bindName(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(name, () => {
      server.unref();
      resolve(server);
    });
  });
}
