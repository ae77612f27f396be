/**
 * Looks at the first bytes of an upload and refuses what cannot be sound: WAV, MP3, MP4/M4A, Ogg, WebM and FLAC are let
 * through by their magic numbers. It reads no further: whether the sound can be decoded is for the worker to find out.
 */
import { Readable } from "node:stream";
import { HoldfastError } from "@holdfast/contract";

export type SoundKind = "wav" | "mp3" | "mp4" | "ogg" | "webm" | "flac";

/** As many bytes as the longest magic number needs. */
const HEAD_BYTES = 12;

/** The kind of a file by its beginning, or undefined for anything that is not one of ours. */
export function soundKind(head: Uint8Array): SoundKind | undefined {
  const ascii = (from: number, to: number): string => String.fromCharCode(...head.subarray(from, to));
  if ((ascii(0, 4) === "RIFF" || ascii(0, 4) === "RF64") && ascii(8, 12) === "WAVE") return "wav";
  if (ascii(0, 4) === "OggS") return "ogg";
  if (ascii(0, 4) === "fLaC") return "flac";
  if (ascii(4, 8) === "ftyp") return "mp4";
  if (ascii(0, 4) === "\x1a\x45\xdf\xa3") return "webm";
  return ascii(0, 3) === "ID3" || isMpegFrame(head) ? "mp3" : undefined;
}

/** An MPEG audio frame header: sync, a version and a layer that exist, a bit rate and a sample rate that exist. */
function isMpegFrame(head: Uint8Array): boolean {
  const [first = 0, second = 0, third = 0] = head;
  if (first !== 0xff || (second & 0xe0) !== 0xe0) return false;
  const version = (second >> 3) & 3;
  const layer = (second >> 1) & 3;
  const bitRate = third >> 4;
  const sampleRate = (third >> 2) & 3;
  return version !== 1 && layer === 1 && bitRate !== 15 && sampleRate !== 3;
}

/** The same bytes; fails with `unsupported_audio` as soon as they turn out not to be sound. */
export function onlySound(source: Readable): Readable {
  return Readable.from(checked(source), { objectMode: false });
}

async function* checked(source: Readable): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of source as AsyncIterable<Buffer>) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < HEAD_BYTES) continue;
    yield known(head);
    head = undefined;
  }
  if (head !== undefined) yield known(head);
}

function known(head: Buffer): Buffer {
  if (soundKind(head) !== undefined) return head;
  throw new HoldfastError("this is not a WAV, MP3, M4A, Ogg, WebM or FLAC file", {
    code: "unsupported_audio",
    class: "permanent_input",
  });
}
