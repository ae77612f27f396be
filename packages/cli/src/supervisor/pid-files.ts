/**
 * `<data>/run/<child>.pid`: the number of each child, for people, scripts and the next supervisor. Written by rename, so
 * that a reader never sees half a number. A supervisor that was killed leaves them behind; its children end by themselves
 * when their channel to it breaks, and `endLeftovers` makes sure of it before new ones start.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, type Log, sleep } from "@holdfast/core";
import { isAlive, readProcess } from "@holdfast/store/embedded";

const POLL_MS = 20;

export interface PidFiles {
  write(child: string, pid: number): void;
  remove(child: string): void;
}

export function pidFiles(runDir: string): PidFiles {
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  return {
    write(child, pid) {
      const path = join(runDir, `${child}.pid`);
      writeFileSync(`${path}.new`, `${pid}\n`);
      renameSync(`${path}.new`, path);
    },
    remove: (child) => rmSync(join(runDir, `${child}.pid`), { force: true }),
  };
}

export interface LeftoversOptions {
  readonly runDir: string;
  /** Programs of the roles; a process that runs none of them is a stranger with a reused number. */
  readonly programs: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** How long they may take to end before they are killed. */
  readonly patienceMs: number;
}

/** Ends role processes of a supervisor that was killed, and forgets their files. */
export async function endLeftovers(options: LeftoversOptions): Promise<void> {
  const { runDir, programs, clock, log } = options;
  const files = readdirSync(runDir).filter((name) => name.endsWith(".pid"));
  const left = files
    .map((name) => Number(readFileSync(join(runDir, name), "utf8")))
    .filter((pid) => isAlive(pid) && readProcess(pid)?.commandLine.some((part) => programs.includes(part)) === true);
  if (left.length > 0) log.warn({ event: "leftovers", pids: left }, "ending processes of a Holdfast that was killed");
  await Promise.all(left.map((pid) => end(pid, clock, options.patienceMs)));
  for (const name of files) rmSync(join(runDir, name), { force: true });
}

async function end(pid: number, clock: Clock, patienceMs: number): Promise<void> {
  const deadline = clock.now() + patienceMs;
  send(pid, "SIGTERM");
  while (isAlive(pid) && clock.now() < deadline) await sleep(clock, POLL_MS);
  if (isAlive(pid)) send(pid, "SIGKILL");
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone between two looks.
  }
}
