/**
 * Frames of the gateway→pusher link, reference listen-and-pusher 5.2: bytes 0 to 3 are an unsigned 32-bit little-endian
 * opcode, the payload runs to the end of the WebSocket message, JSON is UTF-8. Decoding never throws: a frame that breaks
 * the rules comes back as `invalid` with a reason, and the connection goes on.
 */
import { z } from "zod";
import { SegmentSchema } from "./segment.ts";

export const OPCODE = {
  heartbeat: 100,
  audio: 101,
  transcript: 102,
  conversation: 103,
  process: 104,
  speakerSample: 105,
  result: 201,
  timelineAck: 202,
} as const;

export const TranscriptPayload = z.object({ segments: z.array(SegmentSchema), memory_id: z.string().nullable() });

export const ProcessRequest = z.object({
  conversation_id: z.string().min(1),
  language: z.string().default("en"),
  byok_keys: z.record(z.string(), z.string()).default({}),
  finalization_job_id: z.string().optional(),
  dispatch_generation: z.number().int().min(1).optional(),
  finalization_result_protocol: z.number().int().optional(),
});
export type ProcessRequest = z.infer<typeof ProcessRequest>;

/** Body of a 201: always the conversation, plus exactly one outcome. */
export const ProcessResult = z.object({
  conversation_id: z.string(),
  success: z.literal(true).optional(),
  fenced: z.literal(true).optional(),
  terminal: z.literal(true).optional(),
  error: z.string().optional(),
  dispatch_generation: z.number().int().optional(),
});
export type ProcessResult = z.infer<typeof ProcessResult>;

export const SpeakerSample = z.object({
  person_id: z.string(),
  conversation_id: z.string(),
  segment_ids: z.array(z.string()),
});
export type SpeakerSample = z.infer<typeof SpeakerSample>;

export type PusherFrame =
  | { readonly kind: "heartbeat" }
  | { readonly kind: "audio"; readonly startSeconds: number; readonly payload: Uint8Array }
  | { readonly kind: "transcript"; readonly payload: z.infer<typeof TranscriptPayload> }
  | { readonly kind: "conversation"; readonly conversationId: string }
  | { readonly kind: "process"; readonly request: ProcessRequest }
  | { readonly kind: "speakerSample"; readonly payload: z.infer<typeof SpeakerSample> }
  | { readonly kind: "result"; readonly result: ProcessResult }
  | { readonly kind: "timelineAck"; readonly version: number }
  | { readonly kind: "invalid"; readonly reason: string };

function frame(opcode: number, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(4 + payload.length);
  new DataView(out.buffer).setUint32(0, opcode, true);
  out.set(payload, 4);
  return out;
}

const utf8 = new TextEncoder();
const json = (value: unknown): Uint8Array => utf8.encode(JSON.stringify(value));

export const encodeHeartbeat = (): Uint8Array => frame(OPCODE.heartbeat, new Uint8Array(0));
export const encodeConversation = (conversationId: string): Uint8Array =>
  frame(OPCODE.conversation, utf8.encode(conversationId));
export const encodeTranscript = (payload: z.infer<typeof TranscriptPayload>): Uint8Array =>
  frame(OPCODE.transcript, json(payload));
export const encodeProcess = (request: ProcessRequest): Uint8Array => frame(OPCODE.process, json(request));
export const encodeSpeakerSample = (payload: z.infer<typeof SpeakerSample>): Uint8Array =>
  frame(OPCODE.speakerSample, json(payload));
export const encodeTimelineAck = (version: number): Uint8Array =>
  frame(OPCODE.timelineAck, json({ type: "audio_timeline_ack", version }));
export const encodeResult = (result: ProcessResult): Uint8Array => frame(OPCODE.result, json(result));

/**
 * Opcode 101: the wall time of the first sample in Unix seconds as a float64, then sound of one contiguous run. A link without
 * `codec` in its URL, or with `pcm16`, carries bare 16-bit little-endian mono samples, as in the reference. Any other `codec`
 * (and `audio_layout` for `pcm8`) is ours: the gateway never decodes (law L2), so the payload is the client's own messages,
 * length-prefixed as `writeFrames` joins and `readFrames` splits them.
 */
export function encodeAudio(startSeconds: number, sound: Uint8Array): Uint8Array {
  const payload = new Uint8Array(8 + sound.length);
  new DataView(payload.buffer).setFloat64(0, startSeconds, true);
  payload.set(sound, 8);
  return frame(OPCODE.audio, payload);
}

export function decodePusherFrame(message: Uint8Array): PusherFrame {
  if (message.length < 4) return { kind: "invalid", reason: "shorter than an opcode" };
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const opcode = view.getUint32(0, true);
  const payload = message.subarray(4);
  switch (opcode) {
    case OPCODE.heartbeat:
      return { kind: "heartbeat" };
    case OPCODE.audio:
      if (message.length < 12) return { kind: "invalid", reason: "audio frame shorter than its time stamp" };
      return { kind: "audio", startSeconds: view.getFloat64(4, true), payload: message.subarray(12) };
    case OPCODE.conversation:
      return { kind: "conversation", conversationId: new TextDecoder().decode(payload) };
    case OPCODE.transcript:
      return body(payload, TranscriptPayload, (parsed) => ({ kind: "transcript", payload: parsed }));
    case OPCODE.process:
      return body(payload, ProcessRequest, (request) => ({ kind: "process", request }));
    case OPCODE.speakerSample:
      return body(payload, SpeakerSample, (parsed) => ({ kind: "speakerSample", payload: parsed }));
    case OPCODE.result:
      return body(payload, ProcessResult, (result) => ({ kind: "result", result }));
    case OPCODE.timelineAck:
      return body(payload, z.object({ version: z.number().int() }), ({ version }) => ({
        kind: "timelineAck",
        version,
      }));
    default:
      return { kind: "invalid", reason: `unknown opcode ${opcode}` };
  }
}

function body<T>(payload: Uint8Array, schema: z.ZodType<T>, make: (value: T) => PusherFrame): PusherFrame {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    return { kind: "invalid", reason: "payload is not JSON" };
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? make(parsed.data) : { kind: "invalid", reason: z.prettifyError(parsed.error) };
}
