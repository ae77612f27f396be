/**
 * A recording over `@holdfast/client`: every message is in the log before it is sent. Translates the events of the capture, and
 * counts from the log what the server holds, by live acknowledgement or by upload.
 */
import type { HoldfastClient, LiveCapture, LiveCaptureEvent, Recording, RecordingLogEvent } from "@holdfast/client";
import { isHoldfastError } from "@holdfast/contract";
import type { FrameEncoder } from "./encoder.ts";
import { CAPTURE_RATE, FRAME_SAMPLES } from "./frame.ts";
import type { LiveLink, LiveLinkListener } from "./live-link.ts";
import { CaptureError } from "./problem.ts";
import type { Storage } from "./recording-state.ts";

/** How the log calls what this page records: as Omi's apps call the microphone of a phone. */
const DEVICE = { device: "phone-mic", deviceModel: "Web browser", source: "phone" } as const;
/** A server that is away is not waited for: what it has not got goes by upload. */
const DRAIN_MS = { open: 10_000, away: 2_000 } as const;

/** Throws CaptureError. */
export async function openCaptureLink(
  client: Pick<HoldfastClient, "capture" | "log">,
  codec: FrameEncoder["codec"],
  listener: LiveLinkListener,
): Promise<LiveLink> {
  const format = { codec, sampleRate: CAPTURE_RATE, channels: 1, frameSamples: FRAME_SAMPLES };
  const capture = await client.capture({ ...DEVICE, ...format }).catch((error: unknown) => {
    throw new CaptureError(isFull(error) ? "storage_full" : "storage_failed", error);
  });
  const held = new HeldByServer();
  const sessions = new Set([capture.sessionId]);
  const unwatch = client.log.on((event) => {
    // After a long break live sound goes on in a session of its own.
    sessions.add(capture.sessionId);
    hearLog(event, sessions, held, listener);
  });
  capture.on((event) => hearCapture(event, listener));
  return {
    send(message) {
      try {
        capture.append(message);
      } catch (error) {
        // The recordings were closed under it (signed out); what came before is in the log.
        if (!isHoldfastError(error) || error.code !== "session_sealed") throw error;
      }
    },
    finish: async () => {
      try {
        await capture.stop(drainMs(capture));
      } finally {
        unwatch();
      }
      return held.isEverything;
    },
  };
}

function drainMs({ status }: LiveCapture): number {
  return status.link === "open" ? DRAIN_MS.open : DRAIN_MS.away;
}

function isFull(error: unknown): boolean {
  return isHoldfastError(error) && error.code === "storage_full";
}

function hearLog(
  event: RecordingLogEvent,
  sessions: ReadonlySet<string>,
  held: HeldByServer,
  listener: LiveLinkListener,
): void {
  if (event.type === "recording_added" || event.type === "recording_changed") {
    const { sessionId } = event.recording;
    if (sessionId === null || !sessions.has(sessionId)) return;
    held.set(event.recording);
    listener.onSafe(held.frames);
  }
  const storage = storageOf(event);
  if (storage !== null) listener.onStorage(storage);
}

function storageOf(event: RecordingLogEvent): Storage | null {
  switch (event.type) {
    case "capture_stalled":
      return "stalled";
    case "frames_lost":
      return "losing";
    case "capture_resumed":
      return event.lostFrames > 0 ? "lost" : "fine";
    case "space_low":
      return "low";
    default:
      return null;
  }
}

function hearCapture(event: LiveCaptureEvent, listener: LiveLinkListener): void {
  switch (event.type) {
    case "status":
      if (event.status === "open") listener.onState("live");
      else if (event.status === "ended" && event.error !== null) listener.onState("refused");
      else if (event.failures > 0) listener.onState("reconnecting");
      break;
    case "service_status":
      if (event.status === "ready") listener.onTranscription("ready");
      else if (event.status === "stt_recovering") listener.onTranscription("recovering");
      else if (event.status === "stt_failed") listener.onTranscription("failed");
      break;
    case "segments":
      listener.onSegments(event.segments);
      break;
    case "segments_deleted":
      listener.onSegmentsDeleted(event.segment_ids);
      break;
    case "conversation_session":
      if (event.status === "in_progress") listener.onConversation(event.conversation_id);
      break;
    default:
      break;
  }
}

/** Frames of one recording's pieces that the server holds. */
class HeldByServer {
  readonly #pieces = new Map<string, { readonly safe: number; readonly all: number }>();
  #safe = 0;
  #all = 0;

  get frames(): number {
    return this.#safe;
  }

  get isEverything(): boolean {
    return this.#safe === this.#all;
  }

  set({ id, status, frames, delivered }: Recording): void {
    const before = this.#pieces.get(id) ?? { safe: 0, all: 0 };
    const after = { safe: status === "uploaded" || status === "synced" ? frames : delivered, all: frames };
    this.#pieces.set(id, after);
    this.#safe += after.safe - before.safe;
    this.#all += after.all - before.all;
  }
}
