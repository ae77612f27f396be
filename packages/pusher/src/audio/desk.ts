/**
 * Decoding and encoding as the pusher sees it: questions to a thread that is started when it is first needed and ended by
 * `close`, so that heartbeats and links go on during the work and an idle pusher holds no codec. A thread that dies, or that
 * answers nothing for a minute, is ended; the question is then a `content` failure (`sound_crashed`, `sound_timeout`), and
 * what the thread knew is lost.
 */
import { Worker } from "node:worker_threads";
import { HoldfastError, messageOf } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";
import type { SoundAnswer, SoundRequest } from "./protocol.ts";

const ANSWER_TIMEOUT_MS = 60_000;

export interface SoundDesk {
  /** Questions are answered one after another. Throws HoldfastError. */
  ask(request: SoundRequest): Promise<Exclude<SoundAnswer, { type: "error" }>>;
  /** Ends the thread, also in the middle of its work. Idempotent. */
  close(): Promise<void>;
}

export function createSoundDesk(options: { readonly clock: Clock; readonly timeoutMs?: number }): SoundDesk {
  const { clock, timeoutMs = ANSWER_TIMEOUT_MS } = options;
  let thread: Worker | undefined;
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();

  const start = (): Worker => {
    const started = new Worker(new URL("./thread.ts", import.meta.url), { execArgv: [], name: "sound" });
    started.on("error", () => {});
    started.on("exit", () => {
      if (thread === started) thread = undefined;
    });
    return started;
  };
  const stop = async (): Promise<void> => {
    const ended = thread;
    thread = undefined;
    await ended?.terminate();
  };
  const answer = async (request: SoundRequest): Promise<Exclude<SoundAnswer, { type: "error" }>> => {
    if (closed) throw new HoldfastError("the sound thread is closed", { code: "sound_closed", class: "capacity" });
    thread ??= start();
    const given = await answerOf(thread, request, clock, timeoutMs);
    if (given.type !== "error") return given;
    if (given.code === "sound_crashed" || given.code === "sound_timeout") await stop();
    throw new HoldfastError(given.message, { code: given.code, class: given.class });
  };

  return {
    ask(request) {
      const given = last.then(() => answer(request));
      last = given.catch(() => {});
      return given;
    },
    async close() {
      closed = true;
      await stop();
    },
  };
}

function answerOf(thread: Worker, request: SoundRequest, clock: Clock, timeoutMs: number): Promise<SoundAnswer> {
  return new Promise((resolve) => {
    const finish = (answer: SoundAnswer): void => {
      timer.cancel();
      thread.off("message", finish).off("error", crashed).off("exit", gone);
      resolve(answer);
    };
    const fail = (code: string, message: string): void => finish({ type: "error", code, class: "content", message });
    const crashed = (error: unknown): void => fail("sound_crashed", `the sound thread crashed: ${messageOf(error)}`);
    const gone = (): void => fail("sound_crashed", "the sound thread ended without an answer");
    const timer = clock.after(timeoutMs, () => fail("sound_timeout", "the sound thread took too long"));
    thread.on("message", finish).on("error", crashed).on("exit", gone);
    thread.postMessage(request);
  });
}
