/**
 * What the system knows about a process id. A pid in a file proves nothing: the process may be gone, a zombie that nobody
 * reaped (containers), or another program that was given the same number. The start time tells the last case.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface ProcessFacts {
  readonly pid: number;
  /** One letter of /proc/<pid>/stat: R, S, D, T, Z (zombie), X (dead). */
  readonly state: string;
  /** Clock ticks since boot at which it started; with the pid it names one process for the time since boot. */
  readonly startTime: string;
  /** Its working folder, where we may know it. */
  readonly cwd: string | undefined;
  readonly commandLine: readonly string[];
}

/** Facts about a live process or a zombie; undefined where there is none, or no /proc to ask. */
export function readProcess(pid: number): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the name in brackets and may hold spaces and brackets itself.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return {
      pid,
      state: fields[0] ?? "X",
      startTime: fields[19] ?? "",
      cwd: attempt(() => readlinkSync(`/proc/${pid}/cwd`)),
      commandLine: (attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")) ?? "").split("\0").slice(0, -1),
    };
  } catch {
    return undefined;
  }
}

/** Whether the process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  const facts = readProcess(pid);
  return facts !== undefined && facts.state !== "Z" && facts.state !== "X";
}

/** The live processes that were started with this very argument. */
export function findByArgument(argument: string): number[] {
  const pids = (attempt(() => readdirSync("/proc")) ?? []).filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.filter((pid) => readProcess(pid)?.commandLine.includes(argument) === true && isAlive(pid));
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
