/**
 * The bytes of a file of the log. Every file says itself what it holds, so that a lost index loses no recording.
 *
 *   header   "HFSG", version (1 byte), 3 bytes of zero, length and CRC-32 of the facts (4 bytes each), facts (JSON)
 *   frame    CRC-32 of all that follows, length of the payload, sequence (4 bytes each), payload; again and again
 *
 * Numbers are unsigned little-endian. A file of kind `frames` that was captured here holds frames with rising sequence; one
 * that was imported holds the content as it was given right behind the header. Reading stops at the first entry that does not
 * check out, and says how much it dropped: a torn tail is never sound.
 */

import { crc32 } from "./checksum.ts";
import type { RecordingFacts } from "./recording.ts";

const MAGIC = 0x47_53_46_48;
const VERSION = 1;
const HEADER_BYTES = 16;
const FRAME_BYTES = 12;
const MAX_FACTS_BYTES = 1_048_576;

/** What a file says about itself. Fields of a newer version are kept where they are read. */
export interface SegmentFacts extends Omit<RecordingFacts, "file"> {
  /** "raw": the content as it was imported. */
  readonly layout: "frames" | "raw";
  readonly conversationId: string | null;
  /** Bytes of the content of layout "raw"; a shorter file is an import that did not come to its end. */
  readonly contentBytes: number | null;
}

export function encodeHeader(facts: SegmentFacts): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(facts));
  const out = new Uint8Array(HEADER_BYTES + json.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC, true);
  out[4] = VERSION;
  view.setUint32(8, json.length, true);
  view.setUint32(12, crc32(json), true);
  out.set(json, HEADER_BYTES);
  return out;
}

export interface SegmentHeader {
  readonly facts: SegmentFacts;
  /** Where the content begins. */
  readonly bytes: number;
}

/** Undefined where the file does not begin with a whole, sound header that this version can read. */
export function decodeHeader(file: Uint8Array): SegmentHeader | undefined {
  if (file.length < HEADER_BYTES) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0, true) !== MAGIC || file[4] !== VERSION) return undefined;
  const length = view.getUint32(8, true);
  const end = HEADER_BYTES + length;
  // Zeros, which a loss of power may leave, have a checksum that fits.
  if (length === 0 || length > MAX_FACTS_BYTES || end > file.length) return undefined;
  if (crc32(file, HEADER_BYTES, end) !== view.getUint32(12, true)) return undefined;
  const facts: unknown = JSON.parse(new TextDecoder().decode(file.subarray(HEADER_BYTES, end)));
  return { facts: facts as SegmentFacts, bytes: end };
}

/** Frames with the sequence of the first, as one run of bytes. */
export function encodeFrames(frames: readonly Uint8Array[], firstSequence: number): Uint8Array {
  const out = new Uint8Array(frames.reduce((sum, frame) => sum + FRAME_BYTES + frame.length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  frames.forEach((frame, index) => {
    const end = at + FRAME_BYTES + frame.length;
    view.setUint32(at + 4, frame.length, true);
    view.setUint32(at + 8, firstSequence + index, true);
    out.set(frame, at + FRAME_BYTES);
    view.setUint32(at, crc32(out, at + 4, end), true);
    at = end;
  });
  return out;
}

export interface FrameScan {
  readonly frames: readonly Uint8Array[];
  /** Where the sound part of the file ends. */
  readonly end: number;
  /** Bytes behind it that did not check out. */
  readonly droppedBytes: number;
}

/** The frames from `start` on, up to the first that is torn, rotten or out of sequence. Never throws. */
export function scanFrames(file: Uint8Array, start: number, firstSequence: number): FrameScan {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const frames: Uint8Array[] = [];
  let at = start;
  while (at + FRAME_BYTES <= file.length) {
    const end = at + FRAME_BYTES + view.getUint32(at + 4, true);
    if (end > file.length || view.getUint32(at + 8, true) !== firstSequence + frames.length) break;
    if (crc32(file, at + 4, end) !== view.getUint32(at, true)) break;
    frames.push(file.subarray(at + FRAME_BYTES, end));
    at = end;
  }
  return { frames, end: at, droppedBytes: file.length - at };
}
