/**
 * Raw Opus packets to 16 kHz mono. The library prints a line for every bad packet from inside the call; it is silenced for
 * the length of that call, because the count is in the statistics and a broken device would fill the disk with it.
 */
import { OPUS_MAX_BYTES, OPUS_RATE } from "@holdfast/contract";

export interface OpusPacketDecoder {
  /** The samples of one packet, or undefined when it does not decode. */
  decode(packet: Uint8Array): Float32Array | undefined;
  close(): void;
}

export async function createOpusPacketDecoder(): Promise<OpusPacketDecoder> {
  const { OpusDecoder } = await import("opus-decoder");
  const decoder = new OpusDecoder({ sampleRate: OPUS_RATE, channels: 1, preSkip: 0 });
  await decoder.ready;
  let closed = false;
  return {
    decode(packet): Float32Array | undefined {
      if (packet.length === 0 || packet.length > OPUS_MAX_BYTES) return undefined;
      const { errors, channelData } = quietly(() => decoder.decodeFrame(packet));
      return errors.length > 0 ? undefined : channelData[0];
    },
    close(): void {
      if (closed) return;
      closed = true;
      decoder.free();
    },
  };
}

/** Runs a synchronous call while `console.error` is off. */
function quietly<T>(call: () => T): T {
  const original = console.error;
  console.error = () => {};
  try {
    return call();
  } finally {
    console.error = original;
  }
}
