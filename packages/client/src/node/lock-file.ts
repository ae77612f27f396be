/**
 * One owner of a folder among the processes of a machine: a file `lock` that says which process it is and when that began, so
 * that neither a dead owner nor another process with the same number keeps the log closed. Taking over is a rename, and what
 * was renamed is looked at again: of two that take over at the same moment one wins.
 */
import { readFileSync } from "node:fs";
import { link, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { logInUse } from "../log/store.ts";

export const LOCK_FILE = "lock";

/** Resolves with the way to give the lock back. Throws HoldfastError `log_in_use`. */
export async function takeLockFile(folder: string, token: string): Promise<() => Promise<void>> {
  const path = join(folder, LOCK_FILE);
  const mine = `${JSON.stringify({ pid: process.pid, started: startOf(process.pid), token })}\n`;
  for (let tries = 0; tries < 3; tries++) {
    if (await create(path, mine)) {
      return async () => {
        if ((await readFile(path, "utf8").catch(() => "")) === mine) await rm(path, { force: true });
      };
    }
    const held = await readFile(path, "utf8").catch(() => null);
    if (held !== null && isAlive(held)) throw logInUse();
    if (held !== null) await moveAway(path, held, `${path}.${token}`);
  }
  throw logInUse();
}

async function create(path: string, content: string): Promise<boolean> {
  try {
    const file = await open(path, "wx", 0o600);
    await file.writeFile(content);
    await file.close();
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

async function moveAway(path: string, expected: string, to: string): Promise<void> {
  try {
    await rename(path, to);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  // Somebody was quicker, and this is their lock.
  if ((await readFile(to, "utf8")) !== expected) await link(to, path).catch(() => undefined);
  await rm(to, { force: true });
}

/** A lock that cannot be read was being written when its owner died. */
function isAlive(content: string): boolean {
  const owner = parse(content);
  if (owner === undefined) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
  }
  return owner.started === null || owner.started === startOf(owner.pid);
}

function parse(content: string): { readonly pid: number; readonly started: string | null } | undefined {
  try {
    const { pid, started } = JSON.parse(content) as { pid: number; started: string | null };
    return Number.isInteger(pid) ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}

/** Tells apart two processes that had the same number; null where the system does not say. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot}:${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""}`;
  } catch {
    return null;
  }
}

export function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}
