/**
 * Role processes for tests: forks the real `main.ts` of a role, waits until it says `ready`, and kills what it started. A
 * role can be killed with SIGKILL or stopped with SIGSTOP at any moment, and started again with the same settings.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface TestRole extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** Ends it at once, as a crash would. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Asks it to end (SIGTERM). Resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Hangs it (SIGSTOP): it keeps its sockets and leases and does nothing. A test process that ends kills it. */
  hang(): void;
  /** Lets a hung one go on (SIGCONT). */
  goOn(): void;
  /** The last of its log. */
  output(): string;
}

export type RoleName = "server" | "pusher" | "worker" | "speech";

/** Log lines of a role go to standard error only if it fails to start. */
export async function startRole(name: RoleName, settings: Readonly<Record<string, string>>): Promise<TestRole> {
  const main = fileURLToPath(new URL(`../../${name}/src/main.ts`, import.meta.url));
  const child = fork(main, [], {
    env: { ...process.env, HOLDFAST_LOG_LEVEL: "info", ...settings },
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-20_000);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const ended = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return await exited;
  };
  // One that is stopped does not see that its parent is gone.
  const end = (): void => void child.kill("SIGKILL");
  const port = await ready(child, exited, () => output);
  return {
    port,
    pid: child.pid ?? 0,
    kill: async () => void (await ended("SIGKILL")),
    stop: () => ended("SIGTERM"),
    hang() {
      child.kill("SIGSTOP");
      process.once("exit", end);
      void exited.then(() => process.off("exit", end));
    },
    goOn: () => void child.kill("SIGCONT"),
    output: () => output,
    [Symbol.asyncDispose]: async () => void (await ended("SIGKILL")),
  };
}

async function ready(child: ChildProcess, exited: Promise<number | null>, output: () => string): Promise<number> {
  const port = new Promise<number>((resolve) => {
    child.on("message", (message: { readonly type?: string; readonly port?: number }) => {
      if (message.type === "ready") resolve(message.port ?? 0);
    });
  });
  const failed = exited.then((code) => {
    throw new Error(`the process ended with ${code} before it was ready:\n${output()}`);
  });
  return await Promise.race([port, failed]);
}
