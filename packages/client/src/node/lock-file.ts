/**
 * One owner of a folder among the processes of a machine: a file `lock.<n>` that says which process it is and when that began,
 * so that neither a dead owner nor another process with the same number keeps the log closed. A dead owner's lock is taken over
 * by making the next number, which only one can; the winner then looks once more for others, so that never two own the folder.
 */
import { readFileSync } from "node:fs";
import { link, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { logInUse } from "../log/store.ts";

const LOCK = /^lock\.(\d+)$/;
/** Files in the folder that belong to its lock. */
export const isLockFile = (name: string): boolean => name.startsWith("lock.");

/** Resolves with the way to give the lock back. `token` is a string that nobody else uses. Throws `log_in_use`. */
export async function takeLockFile(folder: string, token: string): Promise<() => Promise<void>> {
  const draft = join(folder, `lock.draft-${token}`);
  await writeFile(draft, JSON.stringify({ pid: process.pid, started: startOf(process.pid) }), { mode: 0o600 });
  try {
    const number = Math.max(0, ...(await deadLocks(folder, undefined))) + 1;
    const mine = join(folder, `lock.${number}`);
    await link(draft, mine).catch((error: unknown) => {
      throw codeOf(error) === "EEXIST" ? logInUse() : error;
    });
    try {
      for (const dead of await deadLocks(folder, number)) await rm(join(folder, `lock.${dead}`), { force: true });
    } catch (error) {
      await rm(mine, { force: true });
      throw error;
    }
    return () => rm(mine, { force: true });
  } finally {
    await rm(draft, { force: true });
  }
}

/** Numbers of the locks whose owners are gone, but for `mine`. Throws `log_in_use` where one lives. */
async function deadLocks(folder: string, mine: number | undefined): Promise<number[]> {
  const numbers = (await readdir(folder)).map((name) => Number(LOCK.exec(name)?.[1] ?? Number.NaN));
  const others = numbers.filter((number) => !Number.isNaN(number) && number !== mine);
  for (const number of others) {
    if (isAlive(await readFile(join(folder, `lock.${number}`), "utf8").catch(() => ""))) throw logInUse();
  }
  return others;
}

/** A lock is made whole, so one that cannot be read was hurt by a loss of power. */
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
