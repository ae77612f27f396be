/**
 * One recording, one answer: OpenAI's `POST /v1/audio/transcriptions`. The answer is checked; an engine that gives no
 * segments gets one that spans the file, so callers always have times. Failures are HoldfastErrors with a class.
 */
import { BatchTranscription, HoldfastError, isHoldfastError } from "@holdfast/contract";
import type { SttEngine } from "./engines.ts";
import { networkFailure, statusFailure, timeoutFailure } from "./failures.ts";

export interface TranscribeOptions {
  /** BCP 47 tag; leave out where it is not known. */
  readonly language?: string | undefined;
  readonly signal?: AbortSignal;
  /** Longest wait for the whole answer. */
  readonly timeoutMs?: number;
}

export interface Transcription {
  readonly text: string;
  readonly language: string | undefined;
  readonly durationSeconds: number;
  /** In order of time; seconds from the start of the file. */
  readonly segments: readonly { readonly start: number; readonly end: number; readonly text: string }[];
}

const DEFAULT_TIMEOUT_MS = 240_000;

/** Transcribes a WAV file. Rejects with the signal's reason when aborted, otherwise with a HoldfastError. */
export async function transcribe(
  engine: SttEngine,
  wav: Uint8Array,
  options: TranscribeOptions = {},
): Promise<Transcription> {
  const { batchUrl } = engine;
  if (batchUrl === undefined) {
    throw new HoldfastError(`speech engine ${engine.id} has no batch route`, {
      code: "stt_no_batch",
      class: "permanent_input",
      scope: "service",
    });
  }
  const deadline = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  try {
    const response = await fetch(batchUrl, {
      method: "POST",
      headers: engine.batchKey === undefined ? {} : { authorization: `Bearer ${engine.batchKey}` },
      body: formOf(engine, wav, options.language),
      signal,
    });
    const body = await response.text();
    if (!response.ok) throw statusFailure(engine.id, response.status, response.headers.get("retry-after"), body);
    return readAnswer(engine, body, wavSeconds(wav));
  } catch (error) {
    if (isHoldfastError(error)) throw error;
    if (options.signal?.aborted === true) throw options.signal.reason;
    throw deadline.aborted ? timeoutFailure(engine.id, "did not answer in time") : networkFailure(engine.id, error);
  }
}

/**
 * Asks the engines in order. The next one is asked when the failure lies with the engine (unreachable, busy, throttled, a
 * wrong key); a recording that an engine refuses is not offered to the next. Rejects with the last failure.
 */
export async function transcribeAny(
  engines: readonly SttEngine[],
  wav: Uint8Array,
  options: TranscribeOptions = {},
): Promise<Transcription & { readonly engine: SttEngine }> {
  let failure: unknown = new HoldfastError("no speech engine is configured", {
    code: "stt_none",
    class: "capacity",
    scope: "service",
  });
  for (const engine of engines) {
    try {
      return { ...(await transcribe(engine, wav, options)), engine };
    } catch (error) {
      if (!isHoldfastError(error) || error.scope !== "service") throw error;
      failure = error;
    }
  }
  throw failure;
}

function formOf(engine: SttEngine, wav: Uint8Array, language: string | undefined): FormData {
  const form = new FormData();
  // The copy is what makes a Blob part of a view whose buffer may be shared.
  form.set("file", new Blob([wav.slice()], { type: "audio/wav" }), "audio.wav");
  form.set("model", engine.model ?? "whisper-1");
  form.set("response_format", "verbose_json");
  if (language !== undefined && language !== "" && language !== "multi") {
    form.set("language", language.toLowerCase().split(/[-_]/)[0] ?? language);
  }
  return form;
}

function readAnswer(engine: SttEngine, body: string, fileSeconds: number): Transcription {
  let answer: BatchTranscription;
  try {
    answer = BatchTranscription.parse(JSON.parse(body));
  } catch (cause) {
    throw new HoldfastError(`speech engine ${engine.id} gave an answer that cannot be read`, {
      code: "stt_bad_answer",
      class: "content",
      scope: "service",
      cause,
    });
  }
  const durationSeconds = answer.duration ?? fileSeconds;
  const text = answer.text.trim();
  const segments = answer.segments ?? (text === "" ? [] : [{ start: 0, end: durationSeconds, text }]);
  return {
    text,
    language: answer.language,
    durationSeconds,
    segments: segments
      .map(({ start, end, text: words }) => ({ start, end, text: words.trim() }))
      .filter((segment) => segment.text !== "")
      .sort((a, b) => a.start - b.start),
  };
}

/** Length of a WAV file as `encodeWav16` of codecs writes it; a rough figure for others. */
function wavSeconds(wav: Uint8Array): number {
  if (wav.length < 44) return 0;
  const bytesPerSecond = new DataView(wav.buffer, wav.byteOffset, wav.byteLength).getUint32(28, true);
  return bytesPerSecond === 0 ? 0 : (wav.length - 44) / bytesPerSecond;
}
