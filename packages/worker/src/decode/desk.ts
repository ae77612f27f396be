/**
 * Decoding as the worker process sees it: a source goes in, pieces come out one by one. The work happens in a thread that is
 * started when it is first needed and ended by `close`, so that heartbeats go on during it and an idle worker holds no codec.
 * A thread that dies or that answers nothing for five minutes is ended, and the source is a `content` failure
 * (`decode_crashed`, `decode_timeout`); the next source gets a new thread. Everything it throws is a HoldfastError.
 */
import { Worker } from "node:worker_threads";
import { HoldfastError, messageOf } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";
import type { DecodeAnswer, DecodedPiece, DecodeEnd, DecodeRequest, SoundToDecode } from "./protocol.ts";

const ANSWER_TIMEOUT_MS = 300_000;

export interface DecodeDesk {
  /** Pieces of the source from `fromSample` (at 16 kHz) on; the last item is the end with its report. */
  decode(source: SoundToDecode, fromSample: number): AsyncGenerator<DecodedPiece | DecodeEnd>;
  /** Ends the thread, also in the middle of its work. Idempotent. */
  close(): Promise<void>;
}

export interface DecodeDeskOptions {
  readonly clock: Clock;
  readonly timeoutMs?: number;
  /** Another thread entry, for tests. */
  readonly entry?: URL;
}

export function createDecodeDesk({ clock, timeoutMs = ANSWER_TIMEOUT_MS, entry }: DecodeDeskOptions): DecodeDesk {
  let thread: Worker | undefined;
  let closed = false;

  const start = (): Worker => {
    const started = new Worker(entry ?? new URL("./thread.ts", import.meta.url), { execArgv: [], name: "decode" });
    // A thread may also die between two questions, when nobody listens.
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

  const ask = async (request: DecodeRequest): Promise<DecodeAnswer> => {
    thread ??= start();
    const outcome = await answerOf(thread, request, clock, timeoutMs);
    if (outcome.type !== "error") return outcome;
    // The thread may be dead, stuck or in doubt: the next source starts in a fresh one.
    await stop();
    throw new HoldfastError(outcome.message, { code: outcome.code, class: outcome.class });
  };

  return {
    async *decode(source, fromSample) {
      if (closed) throw new HoldfastError("the decode thread is closed", { code: "decode_closed", class: "capacity" });
      await ask({ type: "open", source, fromSample });
      for (;;) {
        const answer = await ask({ type: "next" });
        if (answer.type !== "piece" && answer.type !== "end") continue;
        yield answer;
        if (answer.type === "end") return;
      }
    },
    async close() {
      closed = true;
      await stop();
    },
  };
}

function answerOf(thread: Worker, request: DecodeRequest, clock: Clock, timeoutMs: number): Promise<DecodeAnswer> {
  return new Promise((resolve) => {
    const finish = (answer: DecodeAnswer): void => {
      timer.cancel();
      thread.off("message", finish).off("error", crashed).off("exit", gone);
      resolve(answer);
    };
    const fail = (code: string, message: string): void => finish({ type: "error", code, class: "content", message });
    const crashed = (error: unknown): void => fail("decode_crashed", `decoding crashed: ${messageOf(error)}`);
    const gone = (): void => fail("decode_crashed", "decoding ended without an answer");
    const timer = clock.after(timeoutMs, () => fail("decode_timeout", "decoding took too long"));
    thread.on("message", finish).on("error", crashed).on("exit", gone);
    thread.postMessage(request, movable(request));
  });
}

/** Bytes that own their memory are moved to the thread; small ones from Node's shared pool are copied. */
function movable(request: DecodeRequest): ArrayBuffer[] {
  if (request.type !== "open" || request.source.kind === "messages") return [];
  const { bytes } = request.source;
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [];
}
