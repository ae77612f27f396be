/**
 * Kept sound as bytes that can be asked for by range, without decoding anything: the samples lie in the blob store, a WAV header
 * is computed from their number, and several parts are simply read one after the other. Bytes are read some at a time while
 * the client takes them.
 */
import type { AudioFile, BlobStore } from "@holdfast/store";
import { pcmKey } from "@holdfast/store";

const SAMPLE_RATE = 16_000;
const BYTES_PER_SAMPLE = 2;
const SLICE_BYTES = 256 * 1024;
const HEADER_BYTES = 44;

export type SoundFormat = "wav" | "pcm";

export interface PlayableSound {
  readonly size: number;
  readonly contentType: "audio/wav" | "application/octet-stream";
  /** The bytes from `start` up to and without `end`. Throws HoldfastError `blob_missing`. */
  read(start: number, end: number): AsyncGenerator<Uint8Array, void>;
}

/** `files` follow each other; all must be `ready`. */
export function playableSound(blobs: BlobStore, files: readonly AudioFile[], format: SoundFormat): PlayableSound {
  const lengths = files.map((file) => file.samples * BYTES_PER_SAMPLE);
  const dataBytes = lengths.reduce((sum, length) => sum + length, 0);
  const header = format === "wav" ? wavHeader(dataBytes) : new Uint8Array(0);
  return {
    size: header.length + dataBytes,
    contentType: format === "wav" ? "audio/wav" : "application/octet-stream",
    async *read(start, end) {
      if (start < header.length) yield header.subarray(start, Math.min(end, header.length));
      let before = header.length;
      for (const [index, file] of files.entries()) {
        const length = lengths[index] ?? 0;
        yield* slices(blobs, pcmKey(file), Math.max(0, start - before), Math.min(length, end - before));
        before += length;
      }
    },
  };
}

async function* slices(blobs: BlobStore, key: string, start: number, end: number): AsyncGenerator<Uint8Array, void> {
  for (let at = start; at < end; at += SLICE_BYTES) {
    yield await blobs.read(key, { start: at, end: Math.min(at + SLICE_BYTES, end) });
  }
}

/** Mono, 16-bit, one data chunk. */
function wavHeader(dataBytes: number): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("RIFF", 0);
  header.writeUInt32LE(Math.min(HEADER_BYTES - 8 + dataBytes, 0xffffffff), 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE * BYTES_PER_SAMPLE, 28);
  header.writeUInt16LE(BYTES_PER_SAMPLE, 32);
  header.writeUInt16LE(8 * BYTES_PER_SAMPLE, 34);
  header.write("data", 36);
  header.writeUInt32LE(Math.min(dataBytes, 0xffffffff), 40);
  return header;
}
