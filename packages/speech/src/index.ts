/** The speech process: voice activity, the embedded recogniser, and two wire shapes in front of them. */
export { type RunningSpeech, type SpeechDeps, startSpeech } from "./server/speech.ts";
