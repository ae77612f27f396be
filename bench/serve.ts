/** The whole product as its users start it, for measurements: `holdfast serve` on a data folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Resolves when a user can record. */
export async function serve(data: string, port: number): Promise<{ child: ChildProcess; readySeconds: number }> {
  const began = performance.now();
  const child = spawn(process.execPath, [join(ROOT, "packages/cli/src/main.ts"), "serve"], {
    env: { ...process.env, HOLDFAST_DATA: data, HOLDFAST_PORT: String(port), HOLDFAST_LOG_LEVEL: "warn" },
    stdio: "ignore",
  });
  for (;;) {
    const ready = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
    if (ready?.status === 200) return { child, readySeconds: (performance.now() - began) / 1000 };
    if (child.exitCode !== null) throw new Error(`serve ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function stop(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exited;
}
