/** The whole product as its users start it, for measurements: `holdfast serve` on a data folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

export interface Launched {
  readonly child: ChildProcess;
  /** Resolves when `path` is answered with 200, with the seconds since the start. */
  answers(path: string): Promise<number>;
}

/** The command that `npm start` becomes. */
export function launch(data: string, port: number): Launched {
  const began = performance.now();
  const child = spawn(process.execPath, [join(ROOT, "packages/cli/bin/holdfast.js"), "serve"], {
    env: { ...process.env, HOLDFAST_DATA: data, HOLDFAST_PORT: String(port), HOLDFAST_LOG_LEVEL: "warn" },
    stdio: "ignore",
  });
  const answers = async (path: string): Promise<number> => {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
      await answer?.body?.cancel();
      if (answer?.status === 200) return (performance.now() - began) / 1000;
      if (child.exitCode !== null) throw new Error(`serve ended with ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  return { child, answers };
}

/** Resolves when a user can record. */
export async function serve(data: string, port: number): Promise<{ child: ChildProcess; readySeconds: number }> {
  const { child, answers } = launch(data, port);
  return { child, readySeconds: await answers("/health/ready") };
}

export async function stop(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exited;
}
