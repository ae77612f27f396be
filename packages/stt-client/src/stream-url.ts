/** The URL of a stream: Deepgram's query parameters, and for our own speech process two more (`codec`, `engine`). */
import type { SttEngine } from "./engines.ts";
import type { StreamOptions } from "./stream.ts";

/** For engines of others; our own knows what suits it. */
const DEFAULT_ENDPOINTING_MS = 300;

export function streamUrl(engine: SttEngine, options: StreamOptions): string {
  if (engine.streamUrl === undefined) throw new Error(`speech engine ${engine.id} has no stream`);
  const url = new URL(engine.streamUrl);
  const set = (name: string, value: string | number | boolean): void => url.searchParams.set(name, String(value));
  set("encoding", options.encoding);
  set("sample_rate", options.sampleRate);
  set("channels", 1);
  set("interim_results", options.interim);
  set("punctuate", true);
  set("smart_format", true);
  if (options.endpointingMs !== undefined) set("endpointing", options.endpointingMs);
  else if (!engine.throughSpeech) set("endpointing", DEFAULT_ENDPOINTING_MS);
  if (options.language !== undefined && options.language !== "") set("language", options.language);
  if (engine.throughSpeech) {
    set("codec", options.codec);
    set("engine", engine.id);
  } else {
    set("model", engine.model ?? "nova-3");
    for (const keyword of options.keywords ?? []) url.searchParams.append("keyterm", keyword);
  }
  return url.toString();
}
