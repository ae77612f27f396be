/**
 * Entry of the decode thread. It holds one source at a time and decodes no further than it is asked to. It is the only part of
 * the worker that loads codecs, and it is thrown away after each job.
 */

import { parentPort } from "node:worker_threads";
import { threadFailure } from "@holdfast/contract";
import { pieceStream } from "./piece-stream.ts";
import type { DecodeAnswer, DecodeRequest } from "./protocol.ts";
import { openSource } from "./sources.ts";

let pieces: ReturnType<typeof pieceStream> | undefined;

async function answer(request: DecodeRequest): Promise<DecodeAnswer> {
  if (request.type === "open") {
    // A source that was given up half way still holds its decoder.
    await pieces?.return(undefined);
    pieces = pieceStream(openSource(request.source), request.fromSample);
    return { type: "opened" };
  }
  const next = await pieces?.next();
  if (next === undefined || next.done === true) throw new Error("asked for a piece of nothing");
  return next.value;
}

async function reply(request: DecodeRequest): Promise<void> {
  const made = await answer(request).catch((error: unknown) => threadFailure(error, "decode_failed"));
  const moved = made.type === "piece" && made.wav.buffer instanceof ArrayBuffer ? [made.wav.buffer] : [];
  parentPort?.postMessage(made, moved);
}

parentPort?.on("message", (request: DecodeRequest) => void reply(request));
