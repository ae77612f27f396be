/**
 * The bytes of a recording as they leave the log. Captured frames become a `.bin` file whose name tells codec, rate and start;
 * frames that the server acknowledged live are left out and the start is moved by them. What was imported leaves as it came.
 */
import { recordingName, writeFrames } from "@holdfast/contract";
import { concat } from "../bytes.ts";
import { msOf, samplesOf } from "../format.ts";
import type { RecordIndex } from "../record-index.ts";
import type { Recording } from "../recording.ts";
import { decodeHeader, type SegmentHeader, scanFrames } from "../segment-format.ts";
import { fileMissing } from "../store.ts";

export interface RecordingContent {
  readonly name: string;
  readonly content: Blob;
}

const READ_BYTES = 4_194_304;

/** `from`: frames left out at the beginning; only captured recordings have any. Throws HoldfastError `file_missing`. */
export async function contentOf(index: RecordIndex, recording: Recording, from: number): Promise<RecordingContent> {
  const { store } = index;
  const { file, name } = { file: recording.file, name: recording.originalName };
  const start = await store.read(file, 0, READ_BYTES);
  const header = decodeHeader(start);
  if (header === undefined) throw fileMissing(file);
  if (header.facts.layout === "frames") return await framesOf(index, recording, from, header);
  const content = await rawContent(index, recording, header);
  return { name: uploadName(recording) ?? name ?? file, content };
}

async function framesOf(
  index: RecordIndex,
  recording: Recording,
  from: number,
  header: SegmentHeader,
): Promise<RecordingContent> {
  const file = await index.store.read(recording.file, 0, recording.bytes);
  const { frames } = scanFrames(file, header.bytes, recording.firstSequence);
  if (frames.length < recording.frames) throw fileMissing(recording.file);
  const left = frames.slice(0, from).reduce((sum, frame) => sum + samplesOf(recording, frame), 0);
  const startedAtMs = movedStart(index, recording, Math.round(msOf(recording, left)));
  const body = writeFrames(frames.slice(from));
  return { name: recordingName({ ...recording, startedAtMs }), content: new Blob([concat([body])]) };
}

/** Never the start of another recording of this device. */
function movedStart(index: RecordIndex, { device, startedAtMs }: Recording, byMs: number): number {
  if (byMs === 0) return startedAtMs;
  let moved = startedAtMs + byMs;
  while (index.isStartTaken(device, moved)) moved += 1;
  return moved;
}

async function rawContent(index: RecordIndex, { file }: Recording, header: SegmentHeader): Promise<Blob> {
  const { contentBytes } = header.facts;
  const parts: Blob[] = [];
  let size = 0;
  for (let at = header.bytes; ; at += READ_BYTES) {
    const part = await index.store.read(file, at, at + READ_BYTES);
    parts.push(new Blob([concat([part])]));
    size += part.length;
    if (part.length < READ_BYTES) break;
  }
  if (size !== contentBytes) throw fileMissing(file);
  return new Blob(parts);
}

/** The name it came with, unless another one of this device begins at the same time: then the time in it is moved. */
function uploadName({ kind, originalName, startedAtMs }: Recording): string | null {
  if (originalName === null || kind === "sound") return originalName;
  const stamp = originalName.lastIndexOf("_") + 1;
  const text = originalName.slice(stamp, originalName.lastIndexOf("."));
  const saidMs = Number(text) > 1e10 ? Number(text) : Number(text) * 1000;
  if (Math.round(saidMs) === startedAtMs) return originalName;
  return `${originalName.slice(0, stamp)}${(startedAtMs / 1000).toFixed(3)}.bin`;
}
