/**
 * JSON objects that the live socket sends besides the bare text `ping` and the arrays of segments, reference
 * listen-and-pusher 2.8. "memory" is the historical word for a conversation and stays on the wire.
 */
import type { Conversation } from "./conversation.ts";

export type ServiceStatus =
  | "initiating"
  | "in_progress_conversations_processing"
  | "stt_initiating"
  | "ready"
  | "stt_recovering"
  /** Ours: sound is kept and nothing is recognised now; `ready` follows when words flow again. */
  | "stt_paused"
  | "stt_failed";

interface LifecycleEnvelope {
  readonly recording_session_id: string | null;
  readonly conversation_id: string;
  readonly lifecycle_version: number | null;
  readonly lifecycle_phase: string | null;
  readonly lifecycle_sequence: number | null;
}

export type ListenEvent =
  | {
      readonly type: "service_status";
      readonly status: ServiceStatus;
      readonly status_text?: string;
      readonly outcome?: string;
      readonly provider?: string;
      readonly retryable?: boolean;
      readonly reason?: string;
      readonly retry_after?: number;
    }
  | { readonly type: "last_memory"; readonly memory_id: string }
  | ({ readonly type: "conversation_session"; readonly status: string } & LifecycleEnvelope)
  | ({
      readonly type: "memory_processing_started";
      readonly memory: Conversation;
      readonly messages: null;
    } & LifecycleEnvelope)
  | ({
      readonly type: "memory_created";
      readonly memory: Conversation;
      readonly messages: readonly [];
    } & LifecycleEnvelope)
  | { readonly type: "segments_deleted"; readonly segment_ids: readonly string[] }
  /** A speaker said their name. `person_id` is empty unless the client asked for real ones. */
  | {
      readonly type: "speaker_label_suggestion";
      readonly speaker_id: number;
      readonly person_id: string;
      readonly person_name: string;
      readonly segment_id: string;
    }
  /** The picture that the client calls `temp_id` is durable; its description follows. */
  | { readonly type: "photo_processing"; readonly temp_id: string; readonly photo_id: string }
  | {
      readonly type: "photo_described";
      readonly photo_id: string;
      readonly description: string;
      readonly discarded: boolean;
    }
  | {
      readonly type: "onboarding_question";
      readonly question: string;
      readonly question_index: number;
      readonly total_questions: number;
      readonly question_segment_id: string;
    }
  | { readonly type: "question_answered"; readonly question_index: number; readonly answered: true }
  | { readonly type: "question_skipped"; readonly question_index: number }
  | { readonly type: "onboarding_complete"; readonly answers_count: number }
  /** Little or nothing is left of what this user may have transcribed now. */
  | {
      readonly type: "freemium_threshold_reached";
      readonly remaining_seconds: number;
      readonly action: "setup_on_device_stt" | "none";
    }
  /** Ours: the first `sequence` audio messages of the recording session are durable (sent if `audio_ack=enabled`). */
  | { readonly type: "audio_ack"; readonly sequence: number; readonly recording_session_id: string }
  | { readonly type: "auth_response"; readonly success: boolean };
