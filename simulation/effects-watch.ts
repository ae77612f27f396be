/**
 * What a finished conversation sets off happens once. A receiver is told only of completed conversations, under one id for each
 * conversation whatever becomes of it later; a pusher that took the job up after somebody had stored that the receiver has
 * it sends nothing (one that took it up before may be overtaken: its message is the one that is on its way). When all is over,
 * everybody who wanted to be told of a kept conversation was told.
 */
import type { DatabaseEngine, Scheduler, SimProcess } from "@holdfast/testkit/simulator";
import type { Told } from "./receiver.ts";
import { type ConversationRow, type JobRow, Violation } from "./violation.ts";

interface Seen {
  readonly jobs: ReadonlyMap<string, JobRow>;
  readonly conversations: ReadonlyMap<string, ConversationRow>;
  /** Conversation of each stored word. */
  readonly words: ReadonlyMap<string, string>;
}

export class EffectsWatch {
  readonly #engine: DatabaseEngine;
  readonly #scheduler: Scheduler;
  /** When a process took up a job, by job and process. */
  readonly #claims = new Map<string, number>();
  /** When it was stored that a message was delivered. */
  readonly #stored = new Map<string, number>();
  readonly #ids = new Map<string, string>();
  readonly #taken = new Set<string>();

  constructor(engine: DatabaseEngine, scheduler: Scheduler) {
    this.#engine = engine;
    this.#scheduler = scheduler;
  }

  /** Messages that the receiver has, each counted once. */
  get taken(): number {
    return this.#taken.size;
  }

  claimed(job: JobRow, by: SimProcess): void {
    if (job.kind === "fanout") this.#claims.set(`${job.id} ${by.name}`, this.#scheduler.elapsedMs);
  }

  readDeliveries(): void {
    const { rows } = this.#engine.query("select id from deliveries where outcome = 'delivered'");
    for (const { id } of rows) {
      if (!this.#stored.has(String(id))) this.#stored.set(String(id), this.#scheduler.elapsedMs);
    }
  }

  sent(by: SimProcess, deliveryId: string, told: Told, { jobs, conversations, words }: Seen): void {
    const conversationId = told.id;
    // One of which only silence was recorded has none.
    const hasWords = [...words.values()].includes(conversationId) || this.#isMerged(conversationId);
    if (told.transcript_segments.length === 0 && hasWords) {
      throw new Violation(`conversation ${conversationId} is told of without its words`);
    }
    const status = conversations.get(conversationId)?.status;
    // Since the pusher asked, it may be summarised anew (`merging`) or have become part of another one.
    if (status !== "completed" && status !== "merging" && !(status === undefined && this.#isMerged(conversationId))) {
      throw new Violation(`conversation ${conversationId} is told of and is ${status}`);
    }
    const known = this.#ids.get(conversationId) ?? deliveryId;
    this.#ids.set(conversationId, known);
    if (known !== deliveryId) throw new Violation(`conversation ${conversationId} is told of under two ids`);
    const storedMs = this.#stored.get(deliveryId);
    if (storedMs === undefined) return;
    for (const job of jobs.values()) {
      const claimedMs = this.#claims.get(`${job.id} ${by.name}`);
      if (job.conversation_id !== conversationId || claimedMs === undefined || claimedMs <= storedMs) continue;
      throw new Violation(`conversation ${conversationId} is told of again, although the receiver has it`);
    }
  }

  #isMerged(conversationId: string): boolean {
    const sql = "select 1 from conversations where id = $1 and sync_merged_into is not null";
    return this.#engine.query(sql, [conversationId]).rowCount > 0;
  }

  took(deliveryId: string): void {
    this.#taken.add(deliveryId);
  }

  /** After everything came to rest. */
  final({ conversations }: Seen): void {
    const { rows: wanted } = this.#engine.query(
      "select user_id from webhooks where type = 'memory_created' and enabled",
    );
    const listeners = new Set(wanted.map(({ user_id }) => String(user_id)));
    for (const { id, user_id, status, discarded } of conversations.values()) {
      if (status !== "completed" || discarded || !listeners.has(user_id)) continue;
      const delivery = this.#ids.get(id);
      if (delivery === undefined || !this.#taken.has(delivery)) throw new Violation(`nobody was told of ${id}`);
    }
  }
}
