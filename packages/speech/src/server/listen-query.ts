/** The query of a stream: Deepgram's names, plus `codec` (as the client of the gateway named it) and `engine`. */
import {
  AAC_SAMPLE_RATES,
  type DecodableCodec,
  isDecodable,
  MAX_SAMPLE_RATE,
  MIN_SAMPLE_RATE,
  type Pcm8Layout,
} from "@holdfast/contract";
import { LIVE_SEGMENTS } from "../segment/segmenter.ts";

export interface ListenQuery {
  readonly codec: DecodableCodec;
  readonly layout: Pcm8Layout;
  readonly sampleRate: number;
  readonly interim: boolean;
  readonly endpointMs: number;
  readonly language: string | undefined;
  /** Which entry of HOLDFAST_STT recognises; the first live one when not said. */
  readonly engine: string | undefined;
}

const MIN_ENDPOINT_MS = 200;
const MAX_ENDPOINT_MS = 5_000;

/** The query, or what is wrong with it. */
export function parseListenQuery(query: URLSearchParams): ListenQuery | { readonly problem: string } {
  const sampleRate = Number(query.get("sample_rate") ?? "16000");
  if (!Number.isInteger(sampleRate) || sampleRate < MIN_SAMPLE_RATE || sampleRate > MAX_SAMPLE_RATE) {
    return { problem: `sample_rate must be a whole number from ${MIN_SAMPLE_RATE} to ${MAX_SAMPLE_RATE}` };
  }
  if ((query.get("channels") ?? "1") !== "1") return { problem: "only one channel is supported" };
  const sound = codecOf(query.get("encoding"), query.get("codec"));
  if (sound === undefined) return { problem: "encoding must be linear16, linear8, opus, aac or lc3" };
  if (sound.codec === "aac" && !AAC_SAMPLE_RATES.includes(sampleRate))
    return { problem: "AAC knows no such sample_rate" };
  const endpointing = Number(query.get("endpointing"));
  const endpointMs =
    endpointing > 0 ? Math.min(MAX_ENDPOINT_MS, Math.max(MIN_ENDPOINT_MS, endpointing)) : LIVE_SEGMENTS.endpointMs;
  return {
    ...sound,
    sampleRate,
    interim: query.get("interim_results") === "true",
    endpointMs,
    language: query.get("language") ?? undefined,
    engine: query.get("engine") ?? undefined,
  };
}

/** `codec` only refines what `encoding` says: the length of an Opus packet that cannot be read. */
function codecOf(
  encoding: string | null,
  codec: string | null,
): { codec: DecodableCodec; layout: Pcm8Layout } | undefined {
  if (encoding === "linear16") return { codec: "pcm16", layout: "linear16" };
  if (encoding === "linear8") return { codec: "pcm8", layout: "linear8" };
  if (encoding === "aac") return { codec: "aac", layout: "linear8" };
  if (encoding === "lc3") return { codec: "lc3_fs1030", layout: "linear8" };
  if (encoding !== "opus") return undefined;
  if (codec !== null && codec !== "" && !isDecodable(codec)) return undefined;
  return { codec: codec === "opus" ? "opus" : "opus_fs320", layout: "linear8" };
}
