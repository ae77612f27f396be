/**
 * One file of an upload as chunks for the exporter, in a sound thread: only the pieces that are kept, each at the time it was
 * recorded. Positions are counted as the worker counted them when it cut the pieces (`messageMs`), so every message is in
 * exactly one piece: the one in which it begins. A recording stays encoded; an ordinary sound file is decoded as a whole.
 */
import { decodeSoundFile } from "@holdfast/codecs";
import { messageMs, type RecordingName, readFrames, recordingFormat } from "@holdfast/contract";
import type { SoundChunk } from "./source.ts";

export interface FilePiece {
  /** In the decoded file, at 16 kHz. */
  readonly fromSample: number;
  readonly samples: number;
  readonly startedAtMs: number;
}

export interface FileToKeep {
  /** Tells it from other files. */
  readonly key: string;
  readonly bytes: Uint8Array;
  /** What the name of a `.bin` recording says; undefined for an ordinary sound file. */
  readonly name: Pick<RecordingName, "codec" | "sampleRate" | "frameSamples"> | undefined;
  /** In the order of the file. */
  readonly pieces: readonly FilePiece[];
}

const SAMPLES_PER_MS = 16;
/** No chunk is longer, but for its last message. */
const CHUNK_SAMPLES = 60_000 * SAMPLES_PER_MS;

export async function* uploadChunks(file: FileToKeep): AsyncGenerator<SoundChunk, void> {
  if (file.name === undefined) yield* soundChunks(file);
  else yield* recordingChunks(file, file.name);
}

async function* soundChunks({ key, bytes, pieces }: FileToKeep): AsyncGenerator<SoundChunk, void> {
  const { samples16k } = await decodeSoundFile(bytes);
  for (const piece of pieces) {
    const end = Math.min(piece.fromSample + piece.samples, samples16k.length);
    for (let at = piece.fromSample; at < end; at += CHUNK_SAMPLES) {
      const samples = samples16k.subarray(at, Math.min(end, at + CHUNK_SAMPLES));
      yield { sessionId: key, capturedAtMs: timeOf(piece, at), samples };
    }
  }
}

function* recordingChunks(
  { key, bytes, pieces }: FileToKeep,
  name: NonNullable<FileToKeep["name"]>,
): Generator<SoundChunk, void> {
  const { frames } = readFrames(bytes);
  const format = recordingFormat(name, frames);
  const chunkOf = (startedAt: number, messages: readonly Uint8Array[]): SoundChunk => {
    return { sessionId: key, firstMessage: 0, capturedAtMs: startedAt, channels: 1, ...format, messages };
  };
  const left = [...pieces];
  let held: Uint8Array[] = [];
  let heldFrom = 0;
  let position = 0;
  for (const message of frames) {
    // Sums of thirds come out a hair below the whole number they mean.
    const at = Math.floor(position + 1e-6);
    position += messageMs(format.codec, format.sampleRate, message, format.layout) * SAMPLES_PER_MS;
    let piece = left[0];
    const isOver = piece !== undefined && at >= piece.fromSample + piece.samples;
    if (piece !== undefined && held.length > 0 && (isOver || at - heldFrom >= CHUNK_SAMPLES)) {
      yield chunkOf(timeOf(piece, heldFrom), held);
      held = [];
    }
    while (piece !== undefined && at >= piece.fromSample + piece.samples) {
      left.shift();
      piece = left[0];
    }
    if (piece === undefined) return;
    if (at < piece.fromSample) continue;
    if (held.length === 0) heldFrom = at;
    held.push(message);
  }
  const last = left[0];
  if (last !== undefined && held.length > 0) yield chunkOf(timeOf(last, heldFrom), held);
}

function timeOf({ fromSample, startedAtMs }: FilePiece, at: number): number {
  return startedAtMs + (at - fromSample) / SAMPLES_PER_MS;
}
