/**
 * The engines of `HOLDFAST_STT`, in the order of preference written there. An engine is described by what it can do, and
 * callers look at these flags, never at its name. `embedded` (our speech process) is always known, also when it is not
 * listed: it is what is left when everything else fails.
 *
 * An `openai+…` engine has no stream of its own. For live use the speech process stands in front of it: it finds the
 * utterances and posts each of them; that is what `throughSpeech` means, and `engine=` in the stream's URL names it.
 */
import { createHash } from "node:crypto";
import { type Config, HoldfastError, type StreamEncoding } from "@holdfast/contract";

export interface EngineCapabilities {
  /** Can hold a live stream. */
  readonly live: boolean;
  /** Answers the batch route. */
  readonly batch: boolean;
  /** What a live stream may carry. */
  readonly encodings: readonly StreamEncoding[];
  /** Languages it knows, or `any`. */
  readonly languages: readonly string[] | "any";
}

export interface SttEngine {
  /** As written in the setting; names the engine in logs. */
  readonly id: string;
  readonly kind: "embedded" | "deepgram" | "openai";
  readonly capabilities: EngineCapabilities;
  /** `ws:` or `wss:` URL of the streaming route, with path and no query. */
  readonly streamUrl: string | undefined;
  /** `http:` or `https:` URL of the batch route. */
  readonly batchUrl: string | undefined;
  /** True where the stream is served by our speech process on behalf of this engine. */
  readonly throughSpeech: boolean;
  /** Bearer of the streaming route. */
  readonly streamKey: string | undefined;
  readonly batchKey: string | undefined;
  readonly model: string | undefined;
}

export const EMBEDDED = "embedded";

const ALL_ENCODINGS: readonly StreamEncoding[] = ["opus", "linear16", "linear8", "aac", "lc3"];

type SttConfig = Pick<
  Config,
  | "HOLDFAST_STT"
  | "HOLDFAST_STT_KEY"
  | "HOLDFAST_STT_MODEL"
  | "HOLDFAST_SPEECH_URL"
  | "HOLDFAST_SPEECH_PORT"
  | "HOLDFAST_INTERNAL_TOKEN"
>;

/** Throws HoldfastError `config_invalid` for an entry nobody can read. The embedded engine is the last, if not listed. */
export function parseEngines(config: SttConfig): readonly SttEngine[] {
  const entries = config.HOLDFAST_STT.split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  const listed = [...new Set(entries)].map((entry) => parseEngine(entry, config));
  return listed.some(({ kind }) => kind === EMBEDDED) ? listed : [...listed, parseEngine(EMBEDDED, config)];
}

/** Names an engine outside of the server: its id may hold what nobody else may know. */
export function engineKey({ id }: Pick<SttEngine, "id">): string {
  return id === EMBEDDED ? EMBEDDED : createHash("sha256").update(id).digest("hex").slice(0, 16);
}

/** The engines with the one of this key first; as they are where there is none of that key. */
export function preferring(engines: readonly SttEngine[], key: string | null): readonly SttEngine[] {
  const first = engines.filter((engine) => engineKey(engine) === key);
  return [...first, ...engines.filter((engine) => !first.includes(engine))];
}

function parseEngine(entry: string, config: SttConfig): SttEngine {
  const speechUrl = config.HOLDFAST_SPEECH_URL ?? `http://127.0.0.1:${config.HOLDFAST_SPEECH_PORT}`;
  const speechStream = route(webSocketUrl(speechUrl), "listen");
  if (entry === EMBEDDED) {
    return {
      id: EMBEDDED,
      kind: "embedded",
      capabilities: { live: true, batch: true, encodings: ALL_ENCODINGS, languages: ["en"] },
      streamUrl: speechStream,
      batchUrl: route(speechUrl, "audio/transcriptions"),
      throughSpeech: true,
      streamKey: config.HOLDFAST_INTERNAL_TOKEN,
      batchKey: config.HOLDFAST_INTERNAL_TOKEN,
      model: undefined,
    };
  }
  const plus = entry.indexOf("+");
  const kind = entry.slice(0, plus);
  const url = entry.slice(plus + 1);
  if (kind === "deepgram" && /^wss?:\/\//.test(url) && URL.canParse(url)) {
    return {
      id: entry,
      kind,
      capabilities: { live: true, batch: false, encodings: ["opus", "linear16"], languages: "any" },
      streamUrl: route(url, "listen"),
      batchUrl: undefined,
      throughSpeech: false,
      streamKey: config.HOLDFAST_STT_KEY,
      batchKey: undefined,
      model: config.HOLDFAST_STT_MODEL,
    };
  }
  if (kind === "openai" && /^https?:\/\//.test(url) && URL.canParse(url)) {
    return {
      id: entry,
      kind,
      capabilities: { live: true, batch: true, encodings: ALL_ENCODINGS, languages: "any" },
      streamUrl: speechStream,
      batchUrl: route(url, "audio/transcriptions"),
      throughSpeech: true,
      streamKey: config.HOLDFAST_INTERNAL_TOKEN,
      batchKey: config.HOLDFAST_STT_KEY,
      model: config.HOLDFAST_STT_MODEL,
    };
  }
  throw new HoldfastError(`HOLDFAST_STT: "${entry}" is none of embedded, deepgram+wss://host, openai+https://host`, {
    code: "config_invalid",
    class: "permanent_input",
  });
}

function webSocketUrl(url: string): string {
  return url.replace(/^http/, "ws");
}

/** A base URL may be a bare host, end with `/v1`, or name the whole route. */
function route(base: string, name: string): string {
  const url = new URL(base);
  const path = url.pathname.replace(/\/+$/, "");
  if (path.endsWith(`/${name}`)) url.pathname = path;
  else url.pathname = path.endsWith("/v1") ? `${path}/${name}` : `${path}/v1/${name}`;
  return url.toString();
}
