/** Live messages of raw samples, of any length and rate. */
import { fromS16, fromU8 } from "../pcm.ts";
import { createResampler } from "../resample.ts";
import type { MessageReader } from "./message-reader.ts";

export async function createPcmReader(sampleRate: number, bytesPerSample: 1 | 2): Promise<MessageReader> {
  const resampler = await createResampler(sampleRate);
  const toFloat = bytesPerSample === 1 ? fromU8 : fromS16;
  return {
    read: (message) => ({ samples: resampler.push(toFloat(message)), bad: message.length === 0 }),
    close: () => resampler.close(),
  };
}
