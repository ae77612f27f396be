/**
 * One run of the server: from spawn to `ready` in postmaster.pid (crash recovery included, however long it takes), its log
 * lines as ours, its end. The lines carry the SQLSTATE in front; F0001 at the start means that processes of a dead server
 * still hold the memory of the cluster, which passes.
 */
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { type Clock, type Log, sleep } from "@holdfast/core";
import { embeddedFailure } from "./failure.ts";
import { endServer, readPostmasterFile } from "./postmaster.ts";

const POLL_MS = 10;
const STILL_STARTING_MS = 10_000;
const LOCK_FILE_EXISTS = "F0001";
const KEPT_LINES = 20;

/** The start failed because the memory of a dead server is not released yet. */
export class SharedMemoryHeld extends Error {}

export interface ServerProcess {
  readonly pid: number;
  stop(): Promise<void>;
  onExit(call: (code: number | null) => void): void;
}

export interface ServerStart {
  readonly child: ChildProcess;
  readonly cluster: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal?: AbortSignal;
}

/** Resolves when the server accepts connections. Throws SharedMemoryHeld or `postgres_start_failed`. */
export async function startServer(start: ServerStart): Promise<ServerProcess> {
  const { child, cluster, clock, log, signal } = start;
  const said = followLog(child, log);
  const exit = followExit(child);
  const pid = child.pid;
  let reminder = clock.now() + STILL_STARTING_MS;
  while (!exit.ended && !isReady(cluster, pid)) {
    if (signal?.aborted === true) {
      if (pid !== undefined) await endServer(pid, clock);
      throw embeddedFailure("postgres_aborted", "the start of PostgreSQL was given up");
    }
    if (clock.now() > reminder) {
      log.info({ event: "postgres_starting" }, "PostgreSQL is still starting, probably recovering after a crash");
      reminder += STILL_STARTING_MS;
    }
    await sleep(clock, POLL_MS);
  }
  if (exit.ended || pid === undefined) {
    if (said.states.has(LOCK_FILE_EXISTS)) throw new SharedMemoryHeld(said.text());
    throw embeddedFailure("postgres_start_failed", `PostgreSQL did not start: ${said.text() || exit.reason}`);
  }
  let stopping: Promise<void> | undefined;
  return {
    pid,
    onExit: exit.onExit,
    stop() {
      stopping ??= exit.ended ? Promise.resolve() : endServer(pid, clock).then(() => exit.done);
      return stopping;
    },
  };
}

function isReady(cluster: string, pid: number | undefined): boolean {
  const file = readPostmasterFile(cluster);
  return file?.pid === pid && file?.ready === true;
}

interface ExitWatch {
  readonly ended: boolean;
  readonly reason: string;
  readonly done: Promise<void>;
  onExit(call: (code: number | null) => void): void;
}

function followExit(child: ChildProcess): ExitWatch {
  const state = { ended: false, code: null as number | null, reason: "" };
  const calls: ((code: number | null) => void)[] = [];
  const done = new Promise<void>((resolve) => {
    const finish = (code: number | null, reason: string): void => {
      if (state.ended) return;
      Object.assign(state, { ended: true, code, reason });
      for (const call of calls) call(code);
      resolve();
    };
    child.on("error", (error) => finish(null, error.message));
    // `exit` and not `close`: backends of a killed server may hold its standard error open for a while.
    child.on("exit", (code, signal) => finish(code, `it ended with ${signal ?? code}`));
  });
  return {
    get ended() {
      return state.ended;
    },
    get reason() {
      return state.reason;
    },
    done,
    onExit: (call) => {
      if (state.ended) call(state.code);
      else calls.push(call);
    },
  };
}

interface LogWatch {
  readonly states: ReadonlySet<string>;
  text(): string;
}

function followLog(child: ChildProcess, log: Log): LogWatch {
  const states = new Set<string>();
  const kept: string[] = [];
  const take = (line: string): void => {
    const [, state, severity = "", message = line] = /^([0-9A-Z]{5}) ([A-Z0-9]+): +(.*)$/.exec(line) ?? [];
    if (state !== undefined) states.add(state);
    kept.push(line);
    if (kept.length > KEPT_LINES) kept.shift();
    const fields = { event: "postgres_log", severity, state };
    if (severity === "FATAL" || severity === "PANIC" || severity === "ERROR")
      log.warn(fields, `PostgreSQL: ${message}`);
    else log.debug(fields, `PostgreSQL: ${message}`);
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on("line", take);
  }
  return { states, text: () => kept.join("; ") };
}
