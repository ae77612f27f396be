/**
 * A thread that answers questions, as the process that asks them sees it. It is started when it is first needed and ended by
 * `stop`, so that an idle process holds nothing of what the thread loads; the next question starts a fresh one. A thread that
 * dies, or that answers nothing in time, answers with a `content` failure: `<name>_crashed` or `<name>_timeout`.
 *
 * Ask one question at a time: answers come in the order of the questions and carry no number.
 */
import { type Transferable, Worker } from "node:worker_threads";
import { messageOf, type ThreadFailure } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";

export interface HelperThreadOptions {
  /** Of the thread, and the beginning of its failures' codes. */
  readonly name: string;
  /** What it does, as a sentence about a failure begins: "decoding". */
  readonly work: string;
  readonly entry: URL;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

export interface HelperThread<Request, Answer> {
  /** Never rejects. `moved` is memory that the thread takes over. */
  ask(request: Request, moved?: readonly Transferable[]): Promise<Answer | ThreadFailure>;
  /** Ends the thread, also in the middle of its work; what it knew is lost. */
  stop(): Promise<void>;
}

export function createHelperThread<Request, Answer extends { readonly type: string }>(
  options: HelperThreadOptions,
): HelperThread<Request, Answer> {
  const { name, work, entry, timeoutMs, clock } = options;
  let thread: Worker | undefined;

  const start = (): Worker => {
    const started = new Worker(entry, { execArgv: [], name });
    // A thread may also die between two questions, when nobody listens.
    started.on("error", () => {});
    started.on("exit", () => {
      if (thread === started) thread = undefined;
    });
    return started;
  };

  return {
    ask(request, moved = []) {
      const asked = thread ?? start();
      thread = asked;
      return new Promise((resolve) => {
        const finish = (answer: Answer | ThreadFailure): void => {
          timer.cancel();
          asked.off("message", finish).off("error", crashed).off("exit", gone);
          resolve(answer);
        };
        const fail = (code: string, message: string): void =>
          finish({ type: "error", code: `${name}_${code}`, class: "content", message });
        const crashed = (error: unknown): void => fail("crashed", `${work} crashed: ${messageOf(error)}`);
        const gone = (): void => fail("crashed", `${work} ended without an answer`);
        const timer = clock.after(timeoutMs, () => fail("timeout", `${work} took too long`));
        asked.on("message", finish).on("error", crashed).on("exit", gone);
        asked.postMessage(request, [...moved]);
      });
    },
    async stop() {
      const ended = thread;
      thread = undefined;
      await ended?.terminate();
    },
  };
}
