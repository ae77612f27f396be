/** The thread of `decode-upload.ts`: one file in, its samples or the reason of refusal out. */
import { parentPort, workerData } from "node:worker_threads";
import { decodeSoundFile } from "@holdfast/codecs";
import { isHoldfastError, messageOf } from "@holdfast/contract";

export type DecodeAnswer = { readonly samples: Float32Array } | { readonly code: string; readonly message: string };

async function answer(): Promise<DecodeAnswer> {
  try {
    const { samples16k } = await decodeSoundFile(workerData);
    return { samples: samples16k };
  } catch (error) {
    return { code: isHoldfastError(error) ? error.code : "invalid_audio", message: messageOf(error) };
  }
}

const result = await answer();
if ("samples" in result) parentPort?.postMessage(result, [result.samples.buffer as ArrayBuffer]);
else parentPort?.postMessage(result);
