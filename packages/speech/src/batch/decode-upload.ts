/**
 * Decoding of an uploaded file off the event loop that serves the streams: a worker thread for each file. Plain WAV up to
 * five minutes, which is what our own processes send, takes a few milliseconds and stays here.
 */
import { Worker } from "node:worker_threads";
import { readPlainWav } from "@holdfast/codecs";
import { HoldfastError } from "@holdfast/contract";
import type { DecodeAnswer } from "./decode-worker.ts";

const SAMPLE_RATE = 16_000;
const MAX_INLINE_BYTES = 10 * 1024 * 1024;
const WORKER = new URL("./decode-worker.ts", import.meta.url);

/** 16 kHz mono samples. Rejects with the HoldfastErrors of `decodeSoundFile`, or the signal's reason. */
export async function decodeUpload(file: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<Float32Array> {
  const plain = file.length <= MAX_INLINE_BYTES ? readPlainWav(file, SAMPLE_RATE) : undefined;
  if (plain !== undefined) return plain;
  const worker = new Worker(WORKER, { workerData: file, transferList: [file.buffer] });
  const stop = (): void => void worker.terminate();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const answer = await new Promise<DecodeAnswer>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", () => reject(new Error("the decoder ended without an answer")));
    });
    if ("samples" in answer) return answer.samples;
    throw new HoldfastError(answer.message, { code: answer.code, class: "permanent_input" });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.terminate();
  }
}
