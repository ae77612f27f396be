/** Recordings and sounds that tests of the log share. */
import { NEW_RECORDING } from "@holdfast/core";
import type { StoredRecording } from "../../src/log/index-state.ts";

export function recordingNamed(id: string): StoredRecording {
  return {
    ...NEW_RECORDING,
    id,
    kind: "frames",
    file: `${id}.seg`,
    owner: "anna",
    sessionId: null,
    conversationId: null,
    firstSequence: 0,
    device: "omi",
    deviceModel: null,
    codec: "opus",
    sampleRate: 16_000,
    channels: 1,
    frameSamples: 320,
    startedAtMs: 1_790_000_000_000,
    originalName: null,
    frames: 1,
    bytes: 1,
    durationMs: 20,
    delivered: 0,
    status: "miss",
  };
}

export const OPUS = {
  device: "Phone Mic",
  deviceModel: "test",
  codec: "opus_fs320",
  sampleRate: 16_000,
  channels: 1,
  frameSamples: 320,
} as const;

export const FRAME_MS = 20;

/** The frame with this number, which no other has. */
export function frameOf(sequence: number): Uint8Array {
  const frame = new Uint8Array(4 + (sequence % 5));
  new DataView(frame.buffer).setUint32(0, sequence, true);
  return frame;
}

export function numberOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(0, true);
}
