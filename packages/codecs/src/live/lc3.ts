/**
 * Live LC3 messages (`lc3_fs1030`): frames of 30 bytes, 10 ms at 16 kHz, by lc3codec (BSD, pure JavaScript, written after
 * version 1.0 of the specification; all samples of the fixture are within 1 of those of the reference decoder). A frame
 * found to be corrupt is silence.
 */
import { LC3_FRAME_BYTES, lc3FrameCount } from "@holdfast/contract";
import type { MessageReader } from "./message-reader.ts";

const FRAME_SAMPLES = 160;

export async function createLc3Reader(): Promise<MessageReader> {
  const [{ default: decoding }, { default: corruption }, { default: rates }, { default: durations }] =
    await Promise.all([
      import("lc3codec/lc3/decoder/decoder.js"),
      import("lc3codec/lc3/decoder/bec.js"),
      import("lc3codec/lc3/common/fs.js"),
      import("lc3codec/lc3/common/nms.js"),
    ]);
  const decoder = new decoding.LC3Decoder(durations.LC3FrameDuration.NMS_10000US, rates.LC3SampleRate.FS_16000);
  const frame = new Int16Array(FRAME_SAMPLES);
  return {
    read(message) {
      const count = lc3FrameCount(message);
      if (count === 0) return undefined;
      const samples = new Float32Array(count * FRAME_SAMPLES);
      let bad = message.length === count * LC3_FRAME_BYTES ? 0 : 1;
      for (let i = 0; i < count; i++) {
        const errors = new corruption.LC3BEC(false);
        decoder.decode(message.subarray(i * LC3_FRAME_BYTES, (i + 1) * LC3_FRAME_BYTES), errors, frame);
        if (errors.isMarked()) bad += 1;
        else for (let k = 0; k < FRAME_SAMPLES; k++) samples[i * FRAME_SAMPLES + k] = (frame[k] ?? 0) / 32_768;
      }
      return { samples, bad: bad > 0 };
    },
    close: () => {},
  };
}
