/** The live link over `@holdfast/client`: translates its events and keeps nothing of its own but the recording's id. */
import { browserConnect, ListenSocket, type ListenSocketEvent } from "@holdfast/client";
import type { Clock, Random } from "@holdfast/core";
import type { FrameEncoder } from "./encoder.ts";
import { CAPTURE_RATE } from "./frame.ts";
import type { LiveLink, LiveLinkListener } from "./live-link.ts";

export interface ListenLinkOptions {
  readonly server: string;
  readonly token: () => string;
  readonly codec: FrameEncoder["codec"];
  readonly clock: Clock;
  readonly random: Random;
}

export function openListenLink(options: ListenLinkOptions, listener: LiveLinkListener): LiveLink {
  const socket = new ListenSocket({
    server: options.server,
    token: options.token,
    recordingId: options.random.uuid(),
    codec: options.codec,
    sampleRate: CAPTURE_RATE,
    source: "phone",
    connect: browserConnect((url) => new WebSocket(url)),
    clock: options.clock,
    random: options.random,
  });
  socket.on((event) => forward(event, listener));
  socket.start();
  return {
    send: (message) => socket.send(message),
    drain: () => socket.drain(),
    close: () => socket.close(),
  };
}

function forward(event: ListenSocketEvent, listener: LiveLinkListener): void {
  switch (event.type) {
    case "status":
      if (event.status === "open") listener.onState("live");
      else if (event.status === "ended" && event.error !== null) listener.onRefused();
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
    case "audio_ack":
      listener.onSafe(event.sequence);
      break;
    default:
      break;
  }
}
