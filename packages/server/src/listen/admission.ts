/**
 * Who may record, and in what format: the checks between the upgrade and the first event (reference listen-and-pusher 2.1,
 * 2.2, 2.9). A refusal is a close code and a reason; the socket is accepted first so that clients can see them.
 */
import {
  AAC_SAMPLE_RATES,
  CHANNELS,
  CLOSE,
  channelCodec,
  type DecodableCodec,
  isDecodable,
  LISTEN_CODECS,
  type ListenQuery,
  MAX_SAMPLE_RATE,
  MIN_SAMPLE_RATE,
} from "@holdfast/contract";
import type { TokenCheck } from "@holdfast/store";

export interface Refusal {
  readonly code: number;
  readonly reason: string;
}

export type BearerToken = { readonly token: string } | Refusal;

/** The token of an `Authorization` header of exactly two parts; the first word is not checked. */
export function bearerToken(header: string | undefined): BearerToken {
  if (header === undefined || header === "") return { code: CLOSE.policy, reason: "Authorization header not found" };
  const parts = header.split(" ");
  const token = parts[1];
  if (parts.length !== 2 || token === undefined || token === "") {
    return { code: CLOSE.policy, reason: "Invalid authorization token" };
  }
  return { token };
}

/** What a token check means for a live socket; undefined where it is valid. */
export function refusalOf(check: TokenCheck): Refusal | undefined {
  switch (check.outcome) {
    case "valid":
      return undefined;
    case "expired":
      return { code: CLOSE.refreshToken, reason: "Token refresh required" };
    case "revoked":
      return { code: CLOSE.loginAgain, reason: "Token revoked; re-login required" };
    case "unknown":
      return { code: CLOSE.policy, reason: "Invalid authorization token" };
    default:
      return check satisfies never;
  }
}

export interface AudioFormat {
  readonly codec: DecodableCodec;
  readonly sampleRate: number;
  /** 1, or as many as have a number of their own. */
  readonly channels: number;
}

/** The format of a session's audio, or why it cannot be taken. */
export function audioFormat(query: ListenQuery): AudioFormat | Refusal {
  const { sampleRate } = query;
  if (!LISTEN_CODECS.some((known) => known === query.codec)) {
    return { code: CLOSE.unsupportedData, reason: `unknown codec: ${printable(query.codec)}` };
  }
  const channels = query.channels > 1 ? CHANNELS.length : 1;
  const codec = channels > 1 ? channelCodec(query.codec) : query.codec;
  if (codec === "lc3") return { code: CLOSE.goingAway, reason: "LC3 codec is not available" };
  const aacRate = codec !== "aac" || AAC_SAMPLE_RATES.includes(sampleRate);
  if (!isDecodable(codec) || !aacRate) return { code: CLOSE.goingAway, reason: "unsupported_audio_format" };
  if (sampleRate < MIN_SAMPLE_RATE || sampleRate > MAX_SAMPLE_RATE) {
    return {
      code: CLOSE.unsupportedData,
      reason: `sample_rate must be between ${MIN_SAMPLE_RATE} and ${MAX_SAMPLE_RATE}`,
    };
  }
  return { codec, sampleRate, channels };
}

/** Reasons travel in a close frame of at most 123 bytes. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 40);
}

/** First message of `/v4/web/listen`: the token, or the reason to close with. */
export function webAuthToken(data: unknown, isBinary: boolean): BearerToken {
  const refuse = (reason: string): Refusal => ({ code: CLOSE.policy, reason });
  if (isBinary) return refuse("Expected JSON auth message");
  let message: unknown;
  try {
    message = JSON.parse(String(data));
  } catch {
    return refuse("Invalid JSON");
  }
  if (typeof message !== "object" || message === null || !("type" in message) || message.type !== "auth") {
    return refuse("First message must be auth");
  }
  const token = "token" in message ? message.token : undefined;
  return typeof token === "string" && token !== "" ? { token } : refuse("Missing token");
}
