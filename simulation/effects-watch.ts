/**
 * What a finished conversation sets off happens once. A receiver is told only of completed conversations, under one id for each
 * conversation whatever becomes of it later; a pusher that took the job up after somebody had stored that the receiver has
 * it sends nothing (one that took it up before may be overtaken: its message is the one that is on its way). When all is over,
 * everybody who wanted to be told of a kept conversation was told.
 */
import type { DatabaseEngine, Scheduler, SimProcess } from "@holdfast/testkit/simulator";
import { type ConversationRow, type JobRow, Violation } from "./violation.ts";

interface Seen {
  readonly jobs: ReadonlyMap<string, JobRow>;
  readonly conversations: ReadonlyMap<string, ConversationRow>;
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

  sent(by: SimProcess, deliveryId: string, conversationId: string, { jobs, conversations }: Seen): void {
    const status = conversations.get(conversationId)?.status;
    // `merging`: it was completed, and is summarised anew since the pusher asked.
    if (status !== "completed" && status !== "merging") {
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
