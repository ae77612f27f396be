/** 16 kHz mono samples to raw Opus packets, for the command line and for tests. Browsers encode with WebCodecs instead. */
import { OPUS_RATE } from "@holdfast/contract";
import { toS16 } from "./wav.ts";

export interface OpusEncoder {
  readonly frameSamples: number;
  /** One packet from exactly `frameSamples` samples; fewer are filled up with silence. */
  encode(samples: Float32Array): Uint8Array;
  close(): void;
}

export async function createOpusEncoder(options: {
  readonly frameMs: 10 | 20;
  readonly bitrate?: number;
}): Promise<OpusEncoder> {
  const { default: OpusScript } = await import("opusscript");
  const encoder = new OpusScript(OPUS_RATE, 1, OpusScript.Application.VOIP);
  encoder.setBitrate(options.bitrate ?? 24_000);
  const frameSamples = (OPUS_RATE * options.frameMs) / 1000;
  let closed = false;
  return {
    frameSamples,
    encode(samples): Uint8Array {
      const pcm = Buffer.alloc(frameSamples * 2);
      const count = Math.min(samples.length, frameSamples);
      for (let i = 0; i < count; i++) pcm.writeInt16LE(toS16(samples[i] ?? 0), i * 2);
      return new Uint8Array(encoder.encode(pcm, frameSamples));
    },
    close(): void {
      if (closed) return;
      closed = true;
      encoder.delete();
    },
  };
}
