/**
 * Processes of the bench that are not the product: a load, a counting recogniser, a bare server. Each is a fork of
 * `pipeline-child.ts` that answers named calls; all of them are ended with `close`.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Peer {
  readonly pid: number;
  call<T>(name: string, argument?: object): Promise<T>;
  close(): Promise<void>;
}

export type PeerCalls = Readonly<Record<string, (argument: never) => unknown>>;

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

export function startPeer(
  kind: "load" | "recogniser" | "bare" | "relay" | "tus",
  env: Readonly<Record<string, string>> = {},
): Peer {
  const path = fileURLToPath(new URL("../pipeline-child.ts", import.meta.url));
  const child = fork(path, [kind], {
    env: { ...process.env, ...env },
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  // The inspector announces itself there; anything else is worth reading.
  child.stderr?.on("data", (chunk: Buffer) => {
    if (!/^(Debugger|For help|Waiting)/.test(chunk.toString())) process.stderr.write(chunk);
  });
  const answers = new Map<number, PromiseWithResolvers<unknown>>();
  let calls = 0;
  child.on("message", ({ id, value, error }: Answer) => {
    const answer = answers.get(id);
    answers.delete(id);
    if (error === undefined) answer?.resolve(value);
    else answer?.reject(new Error(`${kind}: ${error}`));
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void exited.then(() => {
    for (const answer of answers.values()) answer.reject(new Error(`${kind} ended`));
  });
  return {
    pid: child.pid ?? 0,
    call<T>(name: string, argument: object = {}): Promise<T> {
      calls += 1;
      const answer = Promise.withResolvers<unknown>();
      answers.set(calls, answer);
      child.send({ id: calls, name, argument });
      return answer.promise as Promise<T>;
    },
    async close() {
      if (child.exitCode === null) child.kill("SIGKILL");
      await exited;
    },
  };
}

/** The other side: answers calls until the parent goes away. */
export function servePeer(calls: PeerCalls): void {
  process.on("message", ({ id, name, argument }: { id: number; name: string; argument: object }) => {
    const run = calls[name] as ((argument: object) => unknown) | undefined;
    Promise.resolve()
      .then(() => run?.(argument))
      .then(
        (value) => process.send?.({ id, value }),
        (error: unknown) => process.send?.({ id, error: String(error) }),
      );
  });
  process.on("disconnect", () => process.exit(0));
}
