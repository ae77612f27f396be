/** A `holdfast serve` under test: its process, what it said, its children, and the certainty that all of it ends. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive, readProcess } from "@holdfast/store/embedded";
import { waitFor } from "@holdfast/testkit";
import { expect } from "vitest";

export const CHILDREN = ["gateway", "pusher", "worker", "speech", "postgres"] as const;

const running: ChildProcess[] = [];
const folders: string[] = [];

export interface Running {
  readonly process: ChildProcess;
  output(): string;
  ready(): Promise<void>;
  ended(): Promise<number | null>;
}

export function newDataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-serve-"));
  folders.push(folder);
  return folder;
}

/** Starts `command` on a data folder; port 0 unless `env` says otherwise. */
export function start(command: readonly string[], dataDir: string, env: NodeJS.ProcessEnv = {}): Running {
  return startProgram(process.execPath, command, dataDir, { env });
}

export function startProgram(
  program: string,
  args: readonly string[],
  dataDir: string,
  options: Pick<SpawnOptions, "cwd" | "detached" | "env">,
): Running {
  const child = spawn(program, args, {
    ...options,
    env: { ...process.env, HOLDFAST_PORT: "0", ...options.env, HOLDFAST_DATA: dataDir },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  let output = "";
  child.stdout.on("data", (data) => {
    output += String(data);
  });
  child.stderr.on("data", (data) => {
    output += String(data);
  });
  const exit = once(child, "exit");
  return {
    process: child,
    output: () => output,
    async ready() {
      await waitFor("the start", () => child.exitCode !== null || output.includes("Sign in:"), 60_000);
      expect(output).toContain("Holdfast is ready on");
    },
    async ended() {
      await exit;
      return child.exitCode;
    },
  };
}

export function pidOf(dataDir: string, child: string): number {
  const path = join(dataDir, "run", `${child}.pid`);
  return existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
}

export function pidsOf(dataDir: string): Record<string, number> {
  return Object.fromEntries(CHILDREN.map((child) => [child, pidOf(dataDir, child)]));
}

/** Every live process that has the data folder in its environment or command line. */
export function processesOf(dataDir: string): number[] {
  const mark = `HOLDFAST_DATA=${dataDir}`;
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    if (pid === process.pid || !isAlive(pid)) return false;
    const isServer = readProcess(pid)?.commandLine.includes(join(dataDir, "postgres")) === true;
    return isServer || environmentOf(pid).split("\0").includes(mark);
  });
}

/** Kills what is left and removes the folders. */
export async function cleanUp(): Promise<void> {
  for (const child of running.splice(0)) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) {
    for (const pid of processesOf(folder)) process.kill(pid, "SIGKILL");
    await waitFor(`the end of all processes on ${folder}`, () => processesOf(folder).length === 0);
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    return "";
  }
}
