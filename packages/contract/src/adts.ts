/**
 * The frames of an AAC message. A live client sends AAC with ADTS headers (ISO 14496-3 section 1.A.2), one or more whole
 * frames a message, or one bare frame whose rate is that of the session. Only the headers are read here: they tell the
 * length of a message without decoding it. A frame cut off at the end of its message counts with the length it says.
 */

export interface AdtsFrame {
  /** What follows the header, as far as the message goes. */
  readonly payload: Uint8Array;
  /** False when the message ends within the frame. */
  readonly whole: boolean;
  /** Low complexity is the one profile that is decoded. */
  readonly lowComplexity: boolean;
  readonly sampleRate: number;
  /** 0 when the frame describes its channels itself. */
  readonly channels: number;
  readonly samples: number;
}

/** Sample rates by their index in AAC headers. */
export const AAC_SAMPLE_RATES: readonly number[] = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];

/** Samples of one raw block, which is what a frame holds unless its header says more. */
export const AAC_BLOCK_SAMPLES = 1_024;

/** More in one message are passed over: two seconds at 48 kHz, twelve at 8 kHz. */
const MAX_FRAMES = 100;

/** The ADTS frames that a message begins with; none when it is a bare frame, or garbage. */
export function adtsFrames(message: Uint8Array): AdtsFrame[] {
  const frames: AdtsFrame[] = [];
  let at = 0;
  while (frames.length < MAX_FRAMES) {
    const header = readHeader(message.subarray(at, at + 7));
    if (header === undefined) break;
    const { headerBytes, frameBytes, ...facts } = header;
    const end = at + frameBytes;
    frames.push({ ...facts, payload: message.subarray(at + headerBytes, end), whole: end <= message.length });
    at = end;
  }
  return frames;
}

function readHeader(
  bytes: Uint8Array,
): (Omit<AdtsFrame, "payload" | "whole"> & { readonly headerBytes: number; readonly frameBytes: number }) | undefined {
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0, b5 = 0, b6] = bytes;
  if (b6 === undefined || b0 !== 0xff || (b1 & 0xf6) !== 0xf0) return undefined;
  const sampleRate = AAC_SAMPLE_RATES[(b2 >> 2) & 15];
  const frameBytes = ((b3 & 3) << 11) | (b4 << 3) | (b5 >> 5);
  // With a checksum the header is two bytes longer.
  const headerBytes = (b1 & 1) === 1 ? 7 : 9;
  if (sampleRate === undefined || frameBytes <= headerBytes) return undefined;
  return {
    headerBytes,
    frameBytes,
    lowComplexity: b2 >> 6 === 1,
    sampleRate,
    channels: ((b2 & 1) << 2) | (b3 >> 6),
    samples: ((b6 & 3) + 1) * AAC_BLOCK_SAMPLES,
  };
}
