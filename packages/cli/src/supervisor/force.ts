/** The end by force: every child of this data folder is killed at once. PostgreSQL loses nothing that it acknowledged. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export function killServed(dataDir: string): void {
  const runDir = join(dataDir, "run");
  for (const name of list(runDir)) {
    const pid = Number(readFileSync(join(runDir, name), "utf8"));
    // SIGQUIT makes PostgreSQL end its own children too, without a checkpoint.
    kill(pid, name === "postgres.pid" ? "SIGQUIT" : "SIGKILL");
  }
}

function list(runDir: string): string[] {
  try {
    return readdirSync(runDir).filter((name) => name.endsWith(".pid"));
  } catch {
    return [];
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    if (pid > 1) process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}
