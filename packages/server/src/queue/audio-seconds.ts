/**
 * How much sound a batch holds, as far as names and bytes say: exact for PCM, a guess for what is compressed. It decides nothing
 * but how long the queue is believed to need, and speed is measured in the same guesses.
 */
import { isHoldfastError, parseRecordingName } from "@holdfast/contract";

/** Opus as devices send it, 32 kbit/s, and what people's sound files hold, about 128 kbit/s. */
const OPUS_BYTES_A_SECOND = 4_000;
const SOUND_BYTES_A_SECOND = 16_000;

export function audioSecondsOf(
  kind: "omi" | "sound",
  files: readonly { readonly name: string; readonly bytes: number }[],
): number {
  return files.reduce((sum, { name, bytes }) => sum + bytes / bytesASecond(kind, name), 0);
}

function bytesASecond(kind: "omi" | "sound", name: string): number {
  if (kind === "sound") return SOUND_BYTES_A_SECOND;
  try {
    const { codec, sampleRate } = parseRecordingName(name, Number.POSITIVE_INFINITY);
    if (codec === "opus") return OPUS_BYTES_A_SECOND;
    return codec === "pcm16" ? 2 * sampleRate : sampleRate;
  } catch (error) {
    if (isHoldfastError(error)) return OPUS_BYTES_A_SECOND;
    throw error;
  }
}
