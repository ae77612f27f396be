/**
 * Durable chunks of a live recording as runs: stretches of messages in one format that follow each other without a hole, so that
 * one decoder can take them and time is counted by their lengths. A hole is a missing message, or wall time that passed
 * without sound (a lost connection, a paused client); what comes after it begins a new run at its own wall time.
 */
import { type DecodableCodec, HoldfastError, isDecodable, messageMs, type Pcm8Layout } from "@holdfast/contract";
import type { StoredChunk } from "@holdfast/store";

export interface AudioRun {
  readonly codec: DecodableCodec;
  readonly sampleRate: number;
  readonly layout: Pcm8Layout;
  /** Number of its first message in the recording session. */
  readonly firstMessage: number;
  /** Wall time of its first sample. */
  readonly startMs: number;
  readonly messages: readonly Uint8Array[];
}

/** Wall time may differ from the sum of lengths by this much: delivery is not even. */
const MAX_DRIFT_MS = 2_000;

/** A longer run is cut, so that memory stays bounded; about two hours of Opus, or half an hour of 16-bit samples. */
const MAX_RUN_BYTES = 32 * 1024 * 1024;

interface OpenRun extends AudioRun {
  readonly messages: Uint8Array[];
  endMs: number;
  nextMessage: number;
  bytes: number;
}

/** `chunks` in order of their messages. Throws `unsupported_audio` for a codec that cannot be decoded. */
export async function* audioRuns(
  chunks: AsyncIterable<StoredChunk> | Iterable<StoredChunk>,
  maxBytes: number = MAX_RUN_BYTES,
): AsyncGenerator<AudioRun> {
  let run: OpenRun | undefined;
  for await (const chunk of chunks) {
    if (run === undefined || !continues(run, chunk) || run.bytes >= maxBytes) {
      if (run !== undefined) yield run;
      run = openRun(chunk);
    }
    append(run, chunk);
  }
  if (run !== undefined) yield run;
}

function continues(run: OpenRun, chunk: StoredChunk): boolean {
  const sameFormat =
    run.codec === chunk.codec && run.sampleRate === chunk.sampleRate && run.layout === layoutOf(chunk.layout);
  const inTime = Math.abs(chunk.capturedAtMs - run.endMs) <= MAX_DRIFT_MS;
  return sameFormat && inTime && run.nextMessage === chunk.firstMessage;
}

function openRun(chunk: StoredChunk): OpenRun {
  const { codec } = chunk;
  if (!isDecodable(codec)) {
    throw new HoldfastError("this codec cannot be decoded", { code: "unsupported_audio", class: "permanent_input" });
  }
  return {
    codec,
    sampleRate: chunk.sampleRate,
    layout: layoutOf(chunk.layout),
    firstMessage: chunk.firstMessage,
    startMs: chunk.capturedAtMs,
    messages: [],
    endMs: chunk.capturedAtMs,
    nextMessage: chunk.firstMessage,
    bytes: 0,
  };
}

function append(run: OpenRun, chunk: StoredChunk): void {
  for (const message of chunk.messages) {
    run.messages.push(message);
    run.endMs += messageMs(run.codec, run.sampleRate, message, run.layout);
    run.bytes += message.length;
  }
  run.nextMessage = chunk.firstMessage + chunk.messageCount;
}

function layoutOf(layout: string): Pcm8Layout {
  return layout === "linear16" ? "linear16" : "linear8";
}
