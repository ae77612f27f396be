/**
 * What a live session tells its client and its pusher about conversations and the recogniser (reference listen-and-pusher
 * 2.8, 2.10). Every announcement follows the commit that made it true (law L1).
 */
import type { Conversation, Segment } from "@holdfast/contract";
import type { ClientUpdate, GiveUp } from "@holdfast/core";
import {
  type Db,
  type FinalizationTicket,
  findConversation,
  findProcessingIds,
  type Lifecycle,
  lifecycleOf,
  loadConversation,
  wholeConversation,
} from "@holdfast/store";
import type { Completions } from "./completions.ts";
import type { Begun, ConversationIdentity } from "./current-conversation.ts";
import type { LiveEngines } from "./engines.ts";
import type { Outbox } from "./outbox.ts";
import type { PusherLink } from "./pusher-link.ts";

/** Results of earlier conversations that one socket waits for; older ones are found in the list. */
const MAX_EARLIER = 20;

export interface AnnouncerParts {
  readonly db: Db;
  readonly out: Outbox;
  readonly who: ConversationIdentity;
  readonly link: () => PusherLink | undefined;
  readonly completions: () => Completions | undefined;
}

export class Announcer {
  readonly #parts: AnnouncerParts;
  #ready = false;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  starting(): void {
    this.#parts.out.event({ type: "service_status", status: "initiating", status_text: "Service Starting" });
  }

  preparing(lastCompletedId: string | undefined): void {
    const { out } = this.#parts;
    if (lastCompletedId !== undefined) out.event({ type: "last_memory", memory_id: lastCompletedId });
    out.event({
      type: "service_status",
      status: "in_progress_conversations_processing",
      status_text: "Processing Conversations",
    });
  }

  recogniserStarting(): void {
    this.#parts.out.event({ type: "service_status", status: "stt_initiating", status_text: "STT Service Starting" });
  }

  /** First `ready`, and again after each recovery. */
  ready(engines: LiveEngines | undefined): void {
    this.#ready = true;
    const fallback = engines?.fallbackFrom;
    this.#parts.out.event({
      type: "service_status",
      status: "ready",
      // Words that the client brings have no provider of ours.
      ...(engines === undefined ? {} : { provider: engines.provider }),
      ...(fallback === undefined ? {} : { reason: `fallback_from_${fallback}` }),
    });
  }

  /** Words flow again: said only to a client that was told they stopped. */
  recovered(engines: LiveEngines): void {
    if (this.#ready) this.ready(engines);
  }

  recovering(): void {
    if (!this.#ready) return;
    this.#parts.out.event({
      type: "service_status",
      status: "stt_recovering",
      status_text: "Transcription restarts; audio is being kept",
      reason: "connection_lost",
      retryable: true,
    });
  }

  /** The last thing a session says about words: exactly once, before it is closed with 1011. */
  recogniserFailed(provider: string, why: GiveUp): void {
    const retryable = why === "upstream_error";
    this.#parts.out.event({
      type: "service_status",
      status: "stt_failed",
      outcome: why,
      provider,
      retryable,
      reason: retryable ? "connection_lost" : "initialization_failed",
    });
  }

  durable(count: number): void {
    const sessionId = this.#parts.who.recordingSessionId;
    this.#parts.out.event({ type: "audio_ack", sequence: count, recording_session_id: sessionId });
  }

  show(update: ClientUpdate): void {
    if (update.deletedIds.length > 0) {
      this.#parts.out.event({ type: "segments_deleted", segment_ids: update.deletedIds });
    }
    this.#parts.out.segments(update.segments);
  }

  words(conversationId: string, segment: Segment): void {
    this.#parts.link()?.transcript(conversationId, [segment]);
  }

  /** The conversation that takes sound from now on. */
  async session(conversationId: string): Promise<void> {
    this.#parts.link()?.announce(conversationId);
    const envelope = this.#envelope(conversationId, await this.#lifecycle(conversationId));
    this.#parts.out.event({ type: "conversation_session", status: "in_progress", ...envelope });
  }

  /** A conversation that the client named and that is over. */
  async over(conversationId: string, status: string): Promise<void> {
    const lifecycle = await this.#lifecycle(conversationId);
    const envelope = this.#envelope(conversationId, lifecycle);
    this.#parts.out.event({ type: "conversation_session", status, ...envelope });
    if (status !== "completed") return;
    const memory = await loadConversation(this.#parts.db, this.#parts.who.userId, conversationId);
    if (memory !== undefined) this.created(memory, lifecycle);
  }

  /** Admitted: a pusher may begin. */
  nudge(conversationId: string, ticket: FinalizationTicket): void {
    const { language } = this.#parts.who.query;
    const job = { finalization_job_id: ticket.jobId, dispatch_generation: ticket.generation };
    const request = { conversation_id: conversationId, language, byok_keys: {}, ...job };
    this.#parts.link()?.process(request, ticket.state);
  }

  /** Admitted: tells the client, and waits for the result, which is never told before. */
  async processing(conversationId: string): Promise<void> {
    const { db, out, who } = this.#parts;
    const row = await findConversation(db, who.userId, conversationId);
    if (row === undefined) return;
    const memory = await wholeConversation(db, row);
    const envelope = this.#envelope(conversationId, lifecycleOf(row));
    out.event({ type: "memory_processing_started", memory, messages: null, ...envelope });
    this.expect(conversationId);
    this.#parts.completions()?.check(conversationId);
  }

  /**
   * What other sockets left behind (reference listen-and-pusher 4.7): the conversation that had gone silent before this one
   * came, and all that wait for their result, which this client is told too.
   */
  async earlier(ended: Begun["ended"]): Promise<void> {
    if (ended !== undefined) {
      this.nudge(ended.id, ended.ticket);
      await this.processing(ended.id);
    }
    const waiting = await findProcessingIds(this.#parts.db, this.#parts.who.userId, MAX_EARLIER);
    for (const id of waiting) this.expect(id);
  }

  /** Somebody else ended this one: the client is told when it is done. */
  expect(conversationId: string): void {
    this.#parts.completions()?.expect(conversationId);
  }

  created(memory: Conversation, lifecycle: Lifecycle | undefined): void {
    this.#parts.link()?.settled(memory.id);
    this.#parts.out.event({ type: "memory_created", memory, messages: [], ...this.#envelope(memory.id, lifecycle) });
  }

  /** Where the store cannot say, nothing is said: a recording must not fail over its envelope (reference 4.4). */
  async #lifecycle(conversationId: string): Promise<Lifecycle | undefined> {
    const { db, who } = this.#parts;
    const row = await findConversation(db, who.userId, conversationId).catch(() => undefined);
    return row === undefined ? undefined : lifecycleOf(row);
  }

  #envelope(conversationId: string, lifecycle: Lifecycle | undefined) {
    return {
      recording_session_id: this.#parts.who.recordingSessionId,
      conversation_id: conversationId,
      lifecycle_version: lifecycle?.version ?? null,
      lifecycle_phase: lifecycle?.phase ?? null,
      lifecycle_sequence: lifecycle?.sequence ?? null,
    };
  }
}
