/**
 * The server that a cluster already has. `postmaster.pid` is written by PostgreSQL and stays behind after a crash. It is
 * believed only where the process lives and works in this very cluster; a zombie or a number given to another program
 * means the file is stale, and it is removed, because PostgreSQL itself would refuse to start.
 * A live one is the orphan of a supervisor that was killed: it is stopped (fast, then immediately, then by force), so
 * that the new server runs with the settings and under the eyes of the new supervisor.
 */
import { readFileSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Clock, type Log, sleep } from "@holdfast/core";
import { embeddedFailure } from "./failure.ts";
import { isAlive, readProcess } from "./process-facts.ts";

const POLL_MS = 20;
/** Fast shutdown ends sessions and writes a checkpoint; immediate shutdown leaves that to crash recovery. */
const STEPS: readonly { readonly signal: NodeJS.Signals; readonly waitMs: number }[] = [
  { signal: "SIGINT", waitMs: 10_000 },
  { signal: "SIGQUIT", waitMs: 5_000 },
  { signal: "SIGKILL", waitMs: 5_000 },
];

export interface PostmasterFile {
  readonly pid: number;
  readonly socketFolder: string;
  readonly ready: boolean;
}

/** What `postmaster.pid` says, or undefined where there is none or it is being written. */
export function readPostmasterFile(cluster: string): PostmasterFile | undefined {
  try {
    const lines = readFileSync(join(cluster, "postmaster.pid"), "utf8").split("\n");
    const pid = Number(lines[0]);
    if (!Number.isInteger(pid) || pid <= 0) return undefined;
    return { pid, socketFolder: lines[4] ?? "", ready: lines[7]?.trim() === "ready" };
  } catch {
    return undefined;
  }
}

/** The server that runs on this cluster now, or undefined. */
export function livePostmaster(cluster: string): PostmasterFile | undefined {
  const file = readPostmasterFile(cluster);
  return file !== undefined && isServerOf(file.pid, cluster) ? file : undefined;
}

/** Ends a server by stronger and stronger signals. Resolves true when it is gone. */
export async function endServer(pid: number, clock: Clock): Promise<boolean> {
  for (const { signal, waitMs } of STEPS) {
    send(pid, signal);
    const deadline = clock.now() + waitMs;
    while (isAlive(pid) && clock.now() < deadline) await sleep(clock, POLL_MS);
    if (!isAlive(pid)) return true;
  }
  return false;
}

/** Frees the cluster: ends a server that was left behind, removes a stale `postmaster.pid`. */
export async function clearLeftovers(cluster: string, clock: Clock, log: Log): Promise<void> {
  const file = readPostmasterFile(cluster);
  if (file === undefined) return;
  if (isServerOf(file.pid, cluster)) {
    log.warn(
      { event: "postgres_orphan", pid: file.pid },
      "a PostgreSQL was left running by a killed Holdfast; stopping it",
    );
    if (!(await endServer(file.pid, clock))) {
      throw embeddedFailure(
        "postgres_orphan",
        `PostgreSQL (process ${file.pid}) still runs on ${cluster} and does not end`,
      );
    }
  }
  // A clean end removed it; after a kill it names a dead process, a zombie or a stranger.
  rmSync(join(cluster, "postmaster.pid"), { force: true });
  if (file.socketFolder !== "") rmSync(join(file.socketFolder, ".s.PGSQL.5432.lock"), { force: true });
}

function isServerOf(pid: number, cluster: string): boolean {
  const facts = readProcess(pid);
  if (facts === undefined || facts.state === "Z" || facts.state === "X") return false;
  if (!/postgres|postmaster/.test(facts.commandLine[0] ?? "")) return false;
  const path = realpathSync(cluster);
  return facts.cwd === undefined ? facts.commandLine.includes(path) : facts.cwd === path;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone between two looks.
  }
}
