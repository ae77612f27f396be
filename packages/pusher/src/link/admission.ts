/**
 * Who may open a link, decided from the request alone and before the upgrade. The link trusts the user id it is given, so
 * every link must carry the internal token; without a configured token the server must be on loopback (see `mayBeOpen`).
 */

import {
  CHANNELS,
  type DecodableCodec,
  isDecodable,
  MAX_SAMPLE_RATE,
  MIN_SAMPLE_RATE,
  type Pcm8Layout,
  PUSHER,
} from "@holdfast/contract";
import { isSameSecret } from "@holdfast/runtime";

const LINK_PATH = "/v1/trigger/listen";
const DEFAULT_RATE = 8_000;
const MAX_UID_CHARACTERS = 256;

export type Admission =
  | {
      readonly admitted: true;
      readonly userId: string;
      readonly sampleRate: number;
      /** What opcode 101 carries; bare 16-bit samples where the URL does not say. */
      readonly codec: DecodableCodec;
      readonly layout: Pcm8Layout;
      readonly channels: number;
      /** Of the audio timeline, which is then acknowledged; undefined where it was not asked for, or in a way nobody knows. */
      readonly timeline: number | undefined;
    }
  | { readonly admitted: false; readonly status: 400 | 401 | 404; readonly reason: string };

export function admit(
  url: string | undefined,
  authorization: string | undefined,
  token: string | undefined,
): Admission {
  if (!mayAsk(authorization, token)) return refused(401, "wrong or missing token");
  const parsed = URL.parse(url ?? "", "http://pusher.invalid");
  if (parsed === null || parsed.pathname !== LINK_PATH) return refused(404, "no such path");
  const userId = parsed.searchParams.get("uid") ?? "";
  if (userId === "" || userId.length > MAX_UID_CHARACTERS || userId.includes("\0"))
    return refused(400, "no usable uid");
  const rate = parsed.searchParams.get("sample_rate") ?? String(DEFAULT_RATE);
  const sampleRate = /^\d{4,6}$/u.test(rate) ? Number(rate) : 0;
  if (sampleRate < MIN_SAMPLE_RATE || sampleRate > MAX_SAMPLE_RATE) return refused(400, "no usable sample_rate");
  const codec = parsed.searchParams.get("codec") ?? "pcm16";
  if (!isDecodable(codec)) return refused(400, "no usable codec");
  const layout = parsed.searchParams.get("audio_layout") ?? "linear8";
  if (layout !== "linear8" && layout !== "linear16") return refused(400, "no usable audio_layout");
  const channels = Number(parsed.searchParams.get("channels") ?? "1");
  if (!Number.isInteger(channels) || channels < 1 || channels > CHANNELS.length) {
    return refused(400, "no usable channels");
  }
  const asked = /^v?(\d{1,3})$/u.exec(parsed.searchParams.get("audio_timeline") ?? "")?.[1];
  const timeline = Number(asked) >= PUSHER.timelineVersion ? PUSHER.timelineVersion : undefined;
  return { admitted: true, userId, sampleRate, codec, layout, channels, timeline };
}

function refused(status: 400 | 401 | 404, reason: string): Admission {
  return { admitted: false, status, reason };
}

/** Whoever knows the internal token; anybody where there is none, which only this machine can be. */
export function mayAsk(authorization: string | undefined, token: string | undefined): boolean {
  if (token === undefined) return true;
  const given = /^(?:bearer|token) (.+)$/iu.exec(authorization ?? "")?.[1] ?? "";
  return isSameSecret(given, token);
}

/** Without a token only this machine may connect. */
export function mayBeOpen(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/u.test(host);
}
