/**
 * What a process costs, from `/proc`: CPU time of one process or of a whole PostgreSQL (its children come and go, so reaped
 * ones are counted through their parent), and proportional memory.
 */
import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

interface Stat {
  readonly parent: number;
  readonly ownSeconds: number;
  /** Of children that ended and were waited for. */
  readonly reapedSeconds: number;
}

export function cpuSeconds(pid: number): number {
  return statOf(pid)?.ownSeconds ?? 0;
}

/** Time in which a process could have run and had to wait for a core: how busy the machine was with other things. */
export function waitedSeconds(pid: number): number {
  return Number(read(`/proc/${pid}/schedstat`).split(" ")[1] ?? 0) / 1e9;
}

/** Of a process and everything below it. Grows only. */
export function treeCpuSeconds(root: number): number {
  let seconds = 0;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(Number(name));
    if (stat === undefined) continue;
    if (Number(name) === root) seconds += stat.ownSeconds + stat.reapedSeconds;
    else if (stat.parent === root) seconds += stat.ownSeconds;
  }
  return seconds;
}

export function pssKib(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
}

/** Growth of named counters of seconds (CPU of a process, say) while something runs, as shares of the time it took. */
export async function cpuShares<T>(
  processes: Readonly<Record<string, () => number>>,
  run: () => Promise<T>,
): Promise<{ readonly value: T; readonly shares: Readonly<Record<string, number>>; readonly wallSeconds: number }> {
  const before = Object.entries(processes).map(([name, seconds]) => [name, seconds()] as const);
  const began = performance.now();
  const value = await run();
  const wallSeconds = (performance.now() - began) / 1_000;
  const shares = before.map(([name, start]) => [name, ((processes[name]?.() ?? 0) - start) / wallSeconds]);
  return { value, shares: Object.fromEntries(shares), wallSeconds };
}

function statOf(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === "") return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const seconds = (from: number): number =>
    (Number(fields[from] ?? 0) + Number(fields[from + 1] ?? 0)) / TICKS_PER_SECOND;
  return { parent: Number(fields[1] ?? 0), ownSeconds: seconds(11), reapedSeconds: seconds(13) };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
