/**
 * One link: frames of one user's session, as they come (reference listen-and-pusher 5.2 and 5.7).
 *
 * - 103 alone says which conversation the session is in; the `memory_id` of a 102 concerns that batch only.
 * - 101 and 102 are counted and dropped, since nobody consumes them yet; nothing of them is kept.
 * - 104 is worked on independently of this socket. Its 201 is sent if the socket is still open then.
 * - A frame that breaks the rules is counted and ignored. Text frames are such frames.
 * - 300 s without a message close the link with 1011.
 */
import type { ProcessRequest, ProcessResult, PusherFrame } from "@holdfast/contract";
import { CLOSE, decodePusherFrame, encodeResult, PUSHER } from "@holdfast/contract";
import type { Clock, Timer } from "@holdfast/core";
import type { RawData, WebSocket } from "ws";
import type { LinkCounts, OnPusherEvent } from "../events.ts";

export interface LinkDeps {
  readonly clock: Clock;
  readonly onEvent: OnPusherEvent;
  readonly process: (userId: string, request: ProcessRequest) => Promise<ProcessResult>;
}

/** Serves the socket until it closes. */
export function serveLink(socket: WebSocket, userId: string, link: number, deps: LinkDeps): void {
  const counts = { frames: 0, invalidFrames: 0, audioBytes: 0, segments: 0, requests: 0, dropped: 0 };
  let conversationId: string | undefined;
  let pending = 0;
  let lastMessageMs = deps.clock.now();
  let timer: Timer;

  const watch = (): void => {
    const leftMs = lastMessageMs + PUSHER.receiveTimeoutMs - deps.clock.now();
    if (leftMs > 0) timer = deps.clock.after(leftMs, watch);
    else closeLink(socket, CLOSE.internal, "receive timeout");
  };

  const handle = (frame: PusherFrame): void => {
    switch (frame.kind) {
      case "heartbeat":
        return;
      case "audio":
        counts.audioBytes += frame.pcm.length;
        return;
      case "transcript":
        counts.segments += frame.payload.segments.length;
        return;
      case "conversation":
        conversationId = frame.conversationId;
        return;
      case "process":
        return void answer(frame.request);
      case "speakerSample":
        counts.dropped += 1;
        return;
      case "result":
      case "timelineAck":
      case "invalid":
        counts.invalidFrames += 1;
        return;
      default:
        frame satisfies never;
    }
  };

  const answer = async (request: ProcessRequest): Promise<void> => {
    counts.requests += 1;
    if (pending >= PUSHER.maxPendingRequests) {
      // The gateway asks again, and the job's row is found by polling anyway.
      counts.dropped += 1;
      return;
    }
    pending += 1;
    const result = await deps.process(userId, request);
    pending -= 1;
    if (socket.readyState === socket.OPEN) socket.send(encodeResult(result));
  };

  deps.onEvent({ type: "link_opened", link, pii: { userId } });
  timer = deps.clock.after(PUSHER.receiveTimeoutMs, watch);
  socket.on("message", (data: RawData, isBinary: boolean) => {
    lastMessageMs = deps.clock.now();
    counts.frames += 1;
    if (isBinary) handle(decodePusherFrame(bytesOf(data)));
    else counts.invalidFrames += 1;
  });
  // A frame too large or not a WebSocket frame at all: ws closes the socket by itself.
  socket.on("error", () => {});
  socket.on("close", (code) => {
    timer.cancel();
    deps.onEvent({
      type: "link_closed",
      link,
      code,
      bound: conversationId !== undefined,
      ...(counts satisfies LinkCounts),
    });
  });
}

/** Says goodbye, and does not wait for ever for the answer. */
export function closeLink(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
