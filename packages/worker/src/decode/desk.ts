/**
 * Decoding as the worker process sees it: a source goes in, pieces come out one by one. The work happens in a thread that is
 * started when it is first needed and ended by `close`, so that heartbeats go on during it and an idle worker holds no codec.
 * A thread that dies or that answers nothing for five minutes is ended, and the source is a `content` failure
 * (`decode_crashed`, `decode_timeout`); the next source gets a new thread. Everything it throws is a HoldfastError.
 */
import { HoldfastError, type ThreadFailure } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";
import { createHelperThread } from "@holdfast/runtime";
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
  const thread = createHelperThread<DecodeRequest, DecodeAnswer>({
    name: "decode",
    work: "decoding",
    entry: entry ?? new URL("./thread.ts", import.meta.url),
    timeoutMs,
    clock,
  });
  let closed = false;

  const ask = async (request: DecodeRequest): Promise<Exclude<DecodeAnswer, ThreadFailure>> => {
    const outcome = await thread.ask(request, movable(request));
    if (outcome.type !== "error") return outcome;
    // The thread may be dead, stuck or in doubt: the next source starts in a fresh one.
    await thread.stop();
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
      await thread.stop();
    },
  };
}

/** Bytes that own their memory are moved to the thread; small ones from Node's shared pool are copied. */
function movable(request: DecodeRequest): ArrayBuffer[] {
  if (request.type !== "open" || request.source.kind === "messages") return [];
  const { bytes } = request.source;
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [];
}
