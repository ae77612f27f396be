/** A stored conversation as clients see it (reference listen-and-pusher 4.1). */
import type { Conversation, Segment } from "@holdfast/contract";
import { ConversationStatus, Structured } from "@holdfast/contract";
import type { Selectable } from "kysely";
import { conversationAudio } from "../audio-files/view.ts";
import type { PhotoView } from "../photos/read.ts";
import type { ConversationsTable } from "../schema.ts";

const iso = (ms: number): string => new Date(ms).toISOString();

export function conversationView(
  row: Selectable<ConversationsTable>,
  segments: readonly Segment[],
  photos: readonly PhotoView[] = [],
): Conversation {
  return {
    id: row.id,
    created_at: iso(row.created_at),
    updated_at: iso(row.updated_at),
    started_at: iso(row.started_at),
    finished_at: iso(row.finished_at),
    source: row.source,
    language: row.language,
    structured: Structured.parse(row.structured),
    transcript_segments: [...segments],
    geolocation: row.geolocation,
    photos: [...photos],
    audio_files: row.audio_files,
    conversation_audio: conversationAudio(row.audio_files, row.started_at),
    apps_results: [],
    plugins_results: [],
    external_data: row.external_data,
    app_id: null,
    discarded: row.discarded,
    visibility: row.visibility === "shared" || row.visibility === "public" ? row.visibility : "private",
    starred: row.starred,
    processing_conversation_id: null,
    processing_memory_id: null,
    status: ConversationStatus.parse(row.status),
    is_locked: row.is_locked,
    deferred: false,
    folder_id: null,
    call_id: row.call_id,
    client_device_id: row.client_device_id,
    client_platform: row.client_platform,
    summary_kind: row.summary_kind === "llm" || row.summary_kind === "basic" ? row.summary_kind : null,
    state_reason: row.state_reason,
  };
}
