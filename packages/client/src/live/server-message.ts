/**
 * What the server says on the live socket, told apart and checked just enough that the rest of the client may trust it
 * (reference listen-and-pusher 2.8): the bare text `ping`, an array of segments, or an object with a `type`. Anything else is
 * `unknown` and harmless: newer servers say more than this client knows.
 */
import type { ListenEvent, Segment } from "@holdfast/contract";

export type ServerMessage =
  | { readonly kind: "ping" }
  | { readonly kind: "segments"; readonly segments: readonly Segment[] }
  | { readonly kind: "event"; readonly event: ListenEvent }
  | { readonly kind: "unknown"; readonly body: unknown };

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string";
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** For each event what must be true of its fields before anybody reads them. */
const CHECKS: Readonly<Record<ListenEvent["type"], (fields: Fields) => boolean>> = {
  service_status: (fields) => isText(fields.status),
  last_memory: (fields) => isText(fields.memory_id),
  conversation_session: (fields) => isText(fields.conversation_id) && isText(fields.status),
  memory_processing_started: (fields) => isConversation(fields.memory),
  memory_created: (fields) => isConversation(fields.memory),
  segments_deleted: (fields) => Array.isArray(fields.segment_ids) && fields.segment_ids.every(isText),
  speaker_label_suggestion: (fields) => isCount(fields.speaker_id) && isText(fields.person_name),
  photo_processing: (fields) => isText(fields.temp_id) && isText(fields.photo_id),
  photo_described: (fields) => isText(fields.photo_id) && isText(fields.description),
  onboarding_question: (fields) => isText(fields.question) && isCount(fields.question_index),
  question_answered: (fields) => isCount(fields.question_index),
  question_skipped: (fields) => isCount(fields.question_index),
  onboarding_complete: (fields) => isCount(fields.answers_count),
  freemium_threshold_reached: (fields) => isCount(fields.remaining_seconds),
  audio_ack: (fields) => isCount(fields.sequence) && isText(fields.recording_session_id),
  auth_response: (fields) => typeof fields.success === "boolean",
};

export function parseServerMessage(text: string): ServerMessage {
  if (text === "ping") return { kind: "ping" };
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { kind: "unknown", body: text };
  }
  if (Array.isArray(body)) return { kind: "segments", segments: body.filter(isSegment).map(wholeSegment) };
  if (isListenEvent(body)) return { kind: "event", event: body };
  return { kind: "unknown", body };
}

function isListenEvent(body: unknown): body is ListenEvent {
  if (!isFields(body) || !isText(body.type) || !Object.hasOwn(CHECKS, body.type)) return false;
  return CHECKS[body.type as ListenEvent["type"]](body);
}

function isConversation(value: unknown): boolean {
  return isFields(value) && isText(value.id) && isText(value.status);
}

type BareSegment = Pick<Segment, "id" | "text" | "start" | "end"> & Partial<Segment>;

function isSegment(value: unknown): value is BareSegment {
  return (
    isFields(value) &&
    isText(value.id) &&
    value.id !== "" &&
    isText(value.text) &&
    Number.isFinite(value.start) &&
    Number.isFinite(value.end)
  );
}

/** Old servers leave fields out. */
function wholeSegment(segment: BareSegment): Segment {
  return {
    speaker: "SPEAKER_00",
    speaker_id: 0,
    is_user: false,
    person_id: null,
    translations: [],
    speech_profile_processed: true,
    stt_provider: null,
    ...segment,
  };
}
