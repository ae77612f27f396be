/**
 * What a request says about its recordings beside their names: the device, the conversation or recording they belong to, the
 * window of sound, the place (reference offline-sync 3.1). All of it is a hint; what makes no sense is left out, never refused.
 */
import { canonicalUuid, Geolocation } from "@holdfast/contract";
import { z } from "zod";

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const MAX_GEOLOCATION_CHARACTERS = 4_096;
const PLATFORM = /^[a-z0-9_-]{1,32}$/;
const DEVICE_HASH = /^[a-z0-9_-]{1,64}$/;

export interface ClientDevice {
  readonly deviceId: string | null;
  readonly platform: string | null;
}

/** `{platform}_{hash}` in lower case; unknown unless both headers say something. */
export function clientDevice(headers: Headers): ClientDevice {
  const platform = String(headers["x-app-platform"] ?? "").toLowerCase();
  const hash = String(headers["x-device-id-hash"] ?? "").toLowerCase();
  if (!PLATFORM.test(platform)) return { deviceId: null, platform: null };
  const known = DEVICE_HASH.test(hash) && hash !== "default";
  return { deviceId: known ? `${platform}_${hash}` : null, platform };
}

/** The header's JSON, without members that are not declared; undefined where anything of it is not valid. */
function parseGeolocation(header: string | string[] | undefined): Geolocation | undefined {
  if (typeof header !== "string" || header.length > MAX_GEOLOCATION_CHARACTERS) return undefined;
  try {
    return Geolocation.safeParse(JSON.parse(header)).data;
  } catch {
    return undefined;
  }
}

/** Query parameters of the routes for recordings. */
export const CaptureQuery = z.object({
  conversation_id: z.string().optional().describe("Conversation of ours that these recordings belong to"),
  recording_session_id: z.string().optional().describe("Live recording that these recordings complete"),
  audio_start_seconds: z.coerce.number().optional().describe("Begin of the window of sound, in seconds"),
  audio_end_seconds: z.coerce.number().optional().describe("End of the window of sound, in seconds"),
});
export type CaptureQuery = z.infer<typeof CaptureQuery>;

/** What the worker is told of it; members that nobody named are absent. Stored as part of the job's payload. */
export interface CaptureFacts {
  readonly client_device_id: string | null;
  readonly client_platform: string | null;
  readonly target_conversation_id?: string;
  readonly target_recording_session_id?: string;
  readonly audio_start_seconds?: number;
  readonly audio_end_seconds?: number;
  readonly geolocation?: Geolocation;
}

export function captureFacts(headers: Headers, query: CaptureQuery): CaptureFacts {
  const device = clientDevice(headers);
  const conversation = canonicalUuid(query.conversation_id ?? null);
  const recording = canonicalUuid(query.recording_session_id ?? null);
  const geolocation = parseGeolocation(headers["x-omi-conversation-geolocation"]);
  return {
    client_device_id: device.deviceId,
    client_platform: device.platform,
    ...(conversation === null ? {} : { target_conversation_id: conversation }),
    ...(recording === null ? {} : { target_recording_session_id: recording }),
    ...(query.audio_start_seconds === undefined ? {} : { audio_start_seconds: query.audio_start_seconds }),
    ...(query.audio_end_seconds === undefined ? {} : { audio_end_seconds: query.audio_end_seconds }),
    ...(geolocation === undefined ? {} : { geolocation }),
  };
}
