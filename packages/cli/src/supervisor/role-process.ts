/**
 * A role as a child process: forked from its `main.ts`, ready when it says so by IPC, ended by SIGTERM and, if it does not
 * listen, by SIGKILL. The IPC channel is also its life line: when we die, it breaks, and the child ends itself. A role is loaded
 * at once and begins when what it needs is there.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Clock } from "@holdfast/core";
import { type BeginMessage, HELD } from "@holdfast/runtime";
import { EXIT, ExitError } from "../exit-codes.ts";
import type { Output } from "./output.ts";
import type { Life } from "./supervised.ts";

/** Longer than a role may take to drain (15 s) and close (5 s) by itself. */
const END_DEADLINE_MS = 22_000;

/** Processes that mostly wait need no large nursery: 10 MiB less for each, at the price of more frequent small collections. */
const SMALL_HEAP: readonly string[] = ["--max-semi-space-size=2"];

export interface RoleProcessOptions {
  readonly name: string;
  /** Path of the program. */
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly output: Output;
  /** What the role needs to begin. Where it rejects, the role waits for its end. */
  readonly needs: Promise<unknown>;
}

/** Starts a role; rejects with the reason when it ends before it is ready, or `signal` ends it. */
export async function startRole(
  options: RoleProcessOptions,
  onPid: (pid: number) => void,
  signal: AbortSignal,
): Promise<Life> {
  const { name, program, env, clock, output, needs } = options;
  const child = fork(program, [HELD], {
    env,
    execArgv: [...process.execArgv, ...SMALL_HEAP],
    stdio: output.childStdio,
  });
  output.follow(name, child);
  const died = deathOf(child);
  const refused = refusalOf(name, child);
  if (child.pid === undefined) throw new Error(await died);
  const { pid } = child;
  onPid(pid);
  needs.then(
    () => tellToBegin(child),
    () => {},
  );

  const end = async (): Promise<void> => {
    child.kill("SIGTERM");
    const force = clock.after(END_DEADLINE_MS, () => child.kill("SIGKILL"));
    await died;
    force.cancel();
  };
  const giveUp = (): void => void end();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    const failed = died.then((why) => Promise.reject(new Error(why)));
    const port = await Promise.race([readyPort(child), refused, failed]);
    return { pid, port, died, end };
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

function tellToBegin(child: ChildProcess): void {
  const word: BeginMessage = { type: "begin" };
  // One that is gone by now is told about by its end.
  if (child.connected) child.send(word, () => {});
}

/** Rejects when the role says by its exit code that its settings are wrong: starting it again would be no use. */
function refusalOf(name: string, child: ChildProcess): Promise<never> {
  const refusal = new Promise<never>((_, reject) => {
    child.once("exit", (code) => {
      if (code === EXIT.usage)
        reject(new ExitError(`${name} refuses its settings; its last line says why`, EXIT.usage));
    });
  });
  refusal.catch(() => {});
  return refusal;
}

async function readyPort(child: ChildProcess): Promise<number | undefined> {
  for (;;) {
    const [message] = (await once(child, "message")) as [unknown];
    if (typeof message !== "object" || message === null || !("type" in message) || message.type !== "ready") continue;
    return "port" in message && typeof message.port === "number" ? message.port : undefined;
  }
}

function deathOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
}
