/**
 * Speech to text for whole pieces of a recording, as the worker needs it: WAV in, utterances with times out. Which engine
 * answers is the business of `stt-client`; an answer without segments means that the engine found no speech.
 */
import type { Config } from "@holdfast/contract";
import { type Db, preferredEngine } from "@holdfast/store";
import { parseEngines, preferring, selectBatch, transcribeAny } from "@holdfast/stt-client";

export interface Utterance {
  /** Seconds from the start of the piece. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface PieceTranscript {
  readonly utterances: readonly Utterance[];
  /** Names the engine that answered. */
  readonly engine: string;
}

export interface Transcriber {
  /** Rejects with a HoldfastError, or with the signal's reason. */
  transcribe(wav: Uint8Array, language: string | undefined, signal: AbortSignal): Promise<PieceTranscript>;
}

/** A piece takes seconds; live speech goes first, so it may have to wait for minutes. */
const TIMEOUT_MS = 280_000;

/** The engine that the owner prefers is asked for with each piece, so that a choice holds for the next one. */
export function createTranscriber(config: Config, db: Db): Transcriber {
  const configured = parseEngines(config);
  return {
    async transcribe(wav, language, signal) {
      const options = { language, signal, timeoutMs: TIMEOUT_MS };
      const engines = configured.length > 1 ? preferring(configured, await preferredEngine(db)) : configured;
      const { segments, engine } = await transcribeAny(selectBatch(engines, language), wav, options);
      return { utterances: segments, engine: engine.id };
    },
  };
}
