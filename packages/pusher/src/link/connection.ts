/**
 * One link: frames of one user's session, as they come (reference listen-and-pusher 5.2 and 5.7).
 *
 * - 103 alone says which conversation the session is in; the `memory_id` of a 102 concerns that batch only.
 * - 101 and 102 go to the consumers (`consumers.ts`), as far as anybody wants them. Sound before the first 103 belongs to
 *   nobody and is dropped.
 * - 104 is worked on independently of this socket. Its 201 is sent if the socket is still open then.
 * - 105 is written down in the store, where a job finds it; whoever named the voice has usually done so already.
 * - A frame that breaks the rules is counted and ignored. Text frames are such frames.
 * - 300 s without a message close the link with 1011.
 */
import type { ProcessRequest, ProcessResult, PusherFrame, Segment, SpeakerSample } from "@holdfast/contract";
import {
  CLOSE,
  decodePusherFrame,
  encodeResult,
  encodeTimelineAck,
  messageOf,
  PUSHER,
  readFrames,
} from "@holdfast/contract";
import type { Clock, Timer } from "@holdfast/core";
import type { RawData, WebSocket } from "ws";
import type { LinkCounts, OnPusherEvent } from "../events.ts";
import { type LinkConsumers, type LinkIdentity, noConsumers } from "./consumers.ts";
import { openDeliveries } from "./deliveries.ts";

export interface LinkDeps {
  readonly clock: Clock;
  readonly onEvent: OnPusherEvent;
  readonly process: (userId: string, request: ProcessRequest) => Promise<ProcessResult>;
  /** Writes down that samples of a voice are wanted; false where nobody may have them. May reject. */
  readonly requestSample: (userId: string, sample: SpeakerSample) => Promise<boolean>;
  /** Who takes words and sound; nobody unless told. */
  readonly consumers?: LinkConsumers;
}

const MAX_ID_CHARACTERS = 256;

/** Serves the socket until it closes. Resolves when it has closed and the consumers have heard of it; never rejects. */
export function serveLink(socket: WebSocket, identity: LinkIdentity, deps: LinkDeps): Promise<void> {
  const { link, userId } = identity;
  const ended = Promise.withResolvers<void>();
  const deliveries = openDeliveries({
    link: identity,
    consumers: deps.consumers ?? noConsumers,
    clock: deps.clock,
    onFailure: (kind, error) => deps.onEvent({ type: "link_consumer_failed", link, kind, error: messageOf(error) }),
  });
  const counts = { frames: 0, invalidFrames: 0, audioBytes: 0, segments: 0, requests: 0, dropped: 0 };
  let conversationId: string | undefined;
  let pending = 0;
  let samples = 0;
  let lastMessageMs = deps.clock.now();
  let timer: Timer;

  const watch = (): void => {
    const leftMs = lastMessageMs + PUSHER.receiveTimeoutMs - deps.clock.now();
    if (leftMs > 0) timer = deps.clock.after(leftMs, watch);
    else closeLink(socket, CLOSE.internal, "receive timeout");
  };

  const refuse = (): void => {
    counts.invalidFrames += 1;
  };

  const takeAudio = (startSeconds: number, payload: Uint8Array): void => {
    if (!isSound(identity, startSeconds, payload)) {
      refuse();
      return;
    }
    counts.audioBytes += payload.length;
    if (conversationId === undefined) counts.dropped += 1;
    else deliveries.audio({ link: identity, conversationId, startSeconds, payload });
  };

  const takeWords = (memoryId: string | null, segments: readonly Segment[]): void => {
    if (memoryId !== null && !isId(memoryId)) {
      refuse();
      return;
    }
    counts.segments += segments.length;
    deliveries.transcript({ link: identity, conversationId: memoryId, segments });
  };

  const handle = (frame: PusherFrame): void => {
    switch (frame.kind) {
      case "heartbeat":
        return;
      case "audio":
        takeAudio(frame.startSeconds, frame.payload);
        return;
      case "transcript":
        takeWords(frame.payload.memory_id, frame.payload.segments);
        return;
      case "conversation":
        if (isId(frame.conversationId)) conversationId = frame.conversationId;
        else refuse();
        return;
      case "process":
        return void answer(frame.request);
      case "speakerSample":
        return void requestSample(frame.payload);
      case "result":
      case "timelineAck":
      case "invalid":
        refuse();
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

  const requestSample = async (sample: SpeakerSample): Promise<void> => {
    if (![sample.conversation_id, sample.person_id, ...sample.segment_ids].every(isId)) {
      refuse();
      return;
    }
    if (samples >= PUSHER.maxQueuedSamples) {
      counts.dropped += 1;
      return;
    }
    samples += 1;
    try {
      if (!(await deps.requestSample(userId, sample))) counts.dropped += 1;
    } catch (error) {
      counts.dropped += 1;
      deps.onEvent({ type: "link_consumer_failed", link, kind: "sample", error: messageOf(error) });
    }
    samples -= 1;
  };

  deps.onEvent({ type: "link_opened", link, pii: { userId } });
  // Frames carry the wall time of their first sample and hold no gap, which is what the timeline asks for (reference 5.3).
  if (identity.timeline !== undefined) socket.send(encodeTimelineAck(identity.timeline));
  timer = deps.clock.after(PUSHER.receiveTimeoutMs, watch);
  socket.on("message", (data: RawData, isBinary: boolean) => {
    lastMessageMs = deps.clock.now();
    counts.frames += 1;
    if (isBinary) handle(decodePusherFrame(bytesOf(data)));
    else refuse();
  });
  // A frame too large or not a WebSocket frame at all: ws closes the socket by itself.
  socket.on("error", () => {});
  socket.on("close", (code) => {
    timer.cancel();
    const { batches: droppedBatches, audioBytes: droppedAudioBytes } = deliveries.dropped;
    void deliveries.end().then(ended.resolve);
    deps.onEvent({
      type: "link_closed",
      link,
      code,
      bound: conversationId !== undefined,
      ...({ ...counts, droppedBatches, droppedAudioBytes } satisfies LinkCounts),
    });
  });
  return ended.promise;
}

/** An id that a store can hold. */
function isId(text: string): boolean {
  return text !== "" && text.length <= MAX_ID_CHARACTERS && !text.includes("\0");
}

/** Whether the payload is what the URL of the link said it would be. */
function isSound({ codec, channels = 1 }: LinkIdentity, startSeconds: number, payload: Uint8Array): boolean {
  if (!Number.isFinite(startSeconds) || payload.length === 0) return false;
  return codec === "pcm16" && channels === 1 ? payload.length % 2 === 0 : readFrames(payload).damage === undefined;
}

/** Says goodbye, and does not wait for ever for the answer. */
export function closeLink(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
