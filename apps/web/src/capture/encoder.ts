/**
 * Turns frames into audio messages: one raw Opus packet each where the browser can encode Opus (WebCodecs), signed 16-bit
 * samples otherwise. Both carry exactly 20 ms, so that a count of messages is a length of sound.
 */
import { CAPTURE_RATE, FRAME_MS, FRAME_SAMPLES } from "./frame.ts";

export interface FrameEncoder {
  /** The value of `codec=`. */
  readonly codec: "opus_fs320" | "pcm16";
  encode(samples: Float32Array): void;
  /** Resolves when every frame has come out as a message. */
  flush(): Promise<void>;
  close(): void;
}

export interface EncoderListener {
  onMessage(message: Uint8Array): void;
  onError(error: unknown): void;
}

/** 24 kbit/s is transparent for speech at 16 kHz. TypeScript does not know the `opus` member yet. */
const OPUS: AudioEncoderConfig & { opus: Record<string, unknown> } = {
  codec: "opus",
  sampleRate: CAPTURE_RATE,
  numberOfChannels: 1,
  bitrate: 24_000,
  opus: { format: "opus", frameDuration: FRAME_MS * 1000, application: "voip" },
};

export async function createEncoder(listener: EncoderListener): Promise<FrameEncoder> {
  return (await encodesOpus()) ? opusEncoder(listener) : pcmEncoder(listener);
}

async function encodesOpus(): Promise<boolean> {
  if (typeof AudioEncoder === "undefined") return false;
  try {
    return (await AudioEncoder.isConfigSupported(OPUS)).supported === true;
  } catch {
    // Browsers that know WebCodecs but not this configuration may throw instead of answering.
    return false;
  }
}

function opusEncoder(listener: EncoderListener): FrameEncoder {
  const encoder = new AudioEncoder({
    output: (chunk) => {
      const packet = new Uint8Array(chunk.byteLength);
      chunk.copyTo(packet);
      listener.onMessage(packet);
    },
    error: (error) => listener.onError(error),
  });
  encoder.configure(OPUS);
  let frames = 0;
  return {
    codec: "opus_fs320",
    encode(samples) {
      if (encoder.state !== "configured") return;
      const data = new AudioData({
        format: "f32-planar",
        sampleRate: CAPTURE_RATE,
        numberOfFrames: FRAME_SAMPLES,
        numberOfChannels: 1,
        timestamp: frames * FRAME_MS * 1000,
        data: new Float32Array(samples),
      });
      frames += 1;
      encoder.encode(data);
      data.close();
    },
    async flush() {
      if (encoder.state === "configured") await encoder.flush();
    },
    close() {
      if (encoder.state !== "closed") encoder.close();
    },
  };
}

function pcmEncoder(listener: EncoderListener): FrameEncoder {
  return {
    codec: "pcm16",
    encode: (samples) => listener.onMessage(toPcm16(samples)),
    flush: () => Promise.resolve(),
    close: () => undefined,
  };
}

/** Signed 16-bit little-endian samples, clipped at full scale. */
export function toPcm16(samples: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(samples.length * 2));
  samples.forEach((sample, i) => {
    view.setInt16(i * 2, Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_767))), true);
  });
  return new Uint8Array(view.buffer);
}
