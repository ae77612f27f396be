/**
 * Query parameters of `/v4/listen` and `/v4/web/listen`, reference listen-and-pusher 2.3. Everything is accepted: an unknown
 * parameter is ignored, a value that cannot be read falls back to its default, because a recording must not fail over a
 * spelling. Only codec and sample rate can be refused, later, by the session (close 1003).
 */
import { LISTEN } from "./constants.ts";
import { normaliseSource } from "./conversation.ts";

export interface ListenQuery {
  readonly language: string;
  /** Ours: false where the client left it to the account which language is spoken. */
  readonly namesLanguage: boolean;
  readonly sampleRate: number;
  readonly codec: string;
  readonly channels: number;
  readonly includeSpeechProfile: boolean;
  readonly sttService: string | null;
  readonly conversationTimeoutMs: number;
  readonly source: string;
  readonly customStt: boolean;
  readonly onboarding: boolean;
  readonly speakerAutoAssign: boolean;
  readonly createSpeakers: boolean;
  readonly vadGate: "enabled" | "disabled" | null;
  readonly callId: string | null;
  /** Canonical lower-case UUID, or null where absent or not a UUID. */
  readonly clientConversationId: string | null;
  readonly conversationRole: string;
  /** Ours: send `audio_ack` events. */
  readonly audioAck: boolean;
  /** Ours: number of audio messages of the recording session that precede the first one on this socket. */
  readonly firstSequence: number | null;
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/** Canonical form of a UUID (lower case, hyphens), or null. */
export function canonicalUuid(text: string | null): string | null {
  const trimmed =
    text
      ?.trim()
      .replace(/^urn:uuid:/i, "")
      .replace(/^\{(.*)\}$/, "$1") ?? "";
  if (!UUID.test(trimmed)) return null;
  const hex = trimmed.replaceAll("-", "").toLowerCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function integer(text: string | null, fallback: number): number {
  return text !== null && /^-?\d{1,9}$/.test(text.trim()) ? Number(text) : fallback;
}

function boolean(text: string | null, fallback: boolean): boolean {
  if (text === null) return fallback;
  if (/^(true|1|yes|on|enabled)$/i.test(text)) return true;
  return /^(false|0|no|off|disabled)$/i.test(text) ? false : fallback;
}

/** `-1` means the maximum; anything below the minimum means the minimum; several channels always mean the maximum. */
function timeoutMs(text: string | null, channels: number): number {
  const seconds = integer(text, LISTEN.defaultConversationTimeoutSeconds);
  if (channels >= 2 || seconds === -1) return LISTEN.maxConversationTimeoutSeconds * 1000;
  const clamped = Math.min(
    Math.max(seconds, LISTEN.minConversationTimeoutSeconds),
    LISTEN.maxConversationTimeoutSeconds,
  );
  return clamped * 1000;
}

export function parseListenQuery(params: URLSearchParams): ListenQuery {
  const channels = Math.max(1, integer(params.get("channels"), 1));
  const named = params.get("language")?.trim() ?? "";
  const language = named || "en";
  const first = params.get("first_sequence");
  const gate = params.get("vad_gate");
  return {
    language: language === "auto" ? "multi" : language,
    namesLanguage: named !== "",
    sampleRate: integer(params.get("sample_rate"), 8_000),
    codec: params.get("codec")?.trim().toLowerCase() || "pcm8",
    channels,
    includeSpeechProfile: boolean(params.get("include_speech_profile"), true),
    sttService: params.get("stt_service"),
    conversationTimeoutMs: timeoutMs(params.get("conversation_timeout"), channels),
    source: normaliseSource(params.get("source")),
    customStt: params.get("custom_stt") === "enabled",
    onboarding: params.get("onboarding") === "enabled",
    speakerAutoAssign: params.get("speaker_auto_assign") === "enabled",
    createSpeakers: boolean(params.get("create_speakers"), true),
    vadGate: gate === "enabled" || gate === "disabled" ? gate : null,
    callId: params.get("call_id"),
    clientConversationId: canonicalUuid(params.get("client_conversation_id")),
    conversationRole: params.get("conversation_role") || "ambient",
    audioAck: params.get("audio_ack") === "enabled",
    firstSequence: first !== null && /^\d{1,12}$/.test(first) ? Number(first) : null,
  };
}
