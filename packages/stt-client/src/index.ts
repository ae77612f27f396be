/**
 * Speech recognition as a URL: Deepgram's streaming shape and OpenAI's batch shape, as client. Which engines there are and
 * what each can do, streams with typed endings, batch requests with typed failures. No audio is decoded here.
 */
export { type TranscribeOptions, type Transcription, transcribe, transcribeAny } from "./batch.ts";
export {
  EMBEDDED,
  type EngineCapabilities,
  engineKey,
  parseEngines,
  preferring,
  type SttEngine,
} from "./engines.ts";
export { selectBatch, selectLive, speaks, spokenLanguage } from "./select.ts";
export {
  type ConnectSocket,
  openStream,
  type StreamDeps,
  type StreamEnd,
  type StreamEvents,
  type StreamOptions,
  type SttStream,
} from "./stream.ts";
