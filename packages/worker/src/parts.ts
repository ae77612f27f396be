/** Parts of the worker for the simulator, which decodes in its own thread and transcribes by itself. */
export type { DecodeDesk } from "./decode/desk.ts";
export { pieceStream } from "./decode/piece-stream.ts";
export { openSource } from "./decode/sources.ts";
export type { Transcriber, Utterance } from "./speech/transcriber.ts";
