/** Scripted speech engines of the two wire shapes that Holdfast speaks as client. */
export {
  type DeepgramConnection,
  type ScriptedDeepgram,
  type ScriptedDeepgramOptions,
  startScriptedDeepgram,
} from "./deepgram.ts";
export {
  type OpenAiAnswer,
  type OpenAiRequest,
  type ScriptedOpenAi,
  startScriptedOpenAi,
} from "./openai.ts";
