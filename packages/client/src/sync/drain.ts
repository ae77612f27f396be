/**
 * The upload half of a sync pass (reference client-sync 4.7): batch after batch, newest first, until nothing is due, something
 * tells it to stop, or it is cancelled. Candidates are chosen anew before each batch, so that fresh sound overtakes an old
 * backlog; each recording is sent at most once in a pass. Who goes together is written down before it is sent, because the
 * server knows a batch again as a whole only. What every answer does to the recordings is one table, `#settle`.
 */
import { isHoldfastError } from "@holdfast/contract";
import { type Clock, isDue, nextBatch, type RecordingEvent } from "@holdfast/core";
import type { Recording } from "../log/recording.ts";
import type { SyncEmitter } from "./events.ts";
import { applyToAll, type Conversations, finishAll, idsOf, type OnConversations } from "./members.ts";
import type { BatchItem } from "./send-batch.ts";
import type { SyncLog } from "./sync-log.ts";
import type { GateOutcome, UploadGate } from "./upload-gate.ts";

/** How a pass ended. */
export type DrainEnd =
  /** Nothing is left that it could send. */
  | { readonly type: "clean" }
  /** Something may be tried again; `waitMs` where the server said when. */
  | { readonly type: "failed"; readonly waitMs: number | null }
  | { readonly type: "limited" }
  | { readonly type: "signed_out"; readonly reason: string }
  | { readonly type: "cancelled" };

export interface DrainProgress {
  readonly recordings: { readonly done: number; readonly total: number };
  readonly bytes: { readonly sent: number; readonly total: number };
}

export interface DrainOptions {
  readonly log: SyncLog;
  readonly gate: UploadGate;
  readonly clock: Clock;
  readonly emitter: SyncEmitter;
  /** Recordings that are being sent now; kept true while the pass runs. */
  readonly sending: Set<string>;
  /** What met an unavailable server last; the others go first, so that one that breaks the server stops nobody. */
  readonly stumbled: Set<string>;
  /** Somebody else may still deliver it. */
  readonly isHeld: (recording: Recording) => boolean;
  /** The server said when it wants to be asked after the job. */
  readonly onAccepted: (pollAfterMs: number) => void;
  readonly onProgress: (progress: DrainProgress) => void;
  readonly onConversations: OnConversations;
}

/** After so many answers in a row that nobody can read, something between here and the server is wrong. */
const MAX_UNKNOWN_IN_A_ROW = 3;

export class Drain {
  readonly #options: DrainOptions;
  readonly #signal: AbortSignal;
  /** What this pass has sent, whatever came of it. */
  readonly #tried = new Set<string>();
  readonly #tally = { batchesUploaded: 0, batchesFailed: 0, corrupted: 0, permanentFailures: 0 };
  readonly #created = new Set<string>();
  readonly #updated = new Set<string>();
  #unknownInARow = 0;
  #hasFailed = false;
  #doneBytes = 0;
  #totalBytes = 0;
  #total = 0;

  constructor(options: DrainOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async run(): Promise<DrainEnd> {
    const { emitter } = this.#options;
    const due = [...this.#candidates()];
    if (due.length === 0) return { type: "clean" };
    emitter.emit("local_upload_started", { walCount: due.length });
    try {
      return await this.#loop();
    } finally {
      this.#options.sending.clear();
      emitter.emit("local_upload_finished", {
        ...this.#tally,
        newConversations: this.#created.size,
        updatedConversations: this.#updated.size,
      });
    }
  }

  async #loop(): Promise<DrainEnd> {
    for (;;) {
      if (this.#signal.aborted) return { type: "cancelled" };
      const batch = this.#next();
      if (batch.length === 0) break;
      const end = await this.#sendBatch(batch);
      if (end !== null) return end;
    }
    return this.#hasFailed ? { type: "failed", waitMs: null } : { type: "clean" };
  }

  *#candidates(): Generator<Recording> {
    for (const recording of this.#options.log.recordings.values()) {
      if (isDue(recording) && !this.#tried.has(recording.id) && !this.#options.isHeld(recording)) yield recording;
    }
  }

  #next(): Recording[] {
    const { log, stumbled } = this.#options;
    const all = [...this.#candidates()];
    this.#total = this.#tried.size + all.length;
    this.#totalBytes = this.#doneBytes + all.reduce((sum, { bytes }) => sum + bytes, 0);
    const others = all.filter(({ id }) => !stumbled.has(id));
    return nextBatch(others.length > 0 ? others : all, this.#missing(log.recordings.values()));
  }

  #missing(recordings: Iterable<Recording>): Recording[] {
    return [...recordings].filter(({ status }) => status === "miss");
  }

  async #sendBatch(members: readonly Recording[]): Promise<DrainEnd | null> {
    const { sending, gate, clock, emitter } = this.#options;
    for (const { id } of members) {
      this.#tried.add(id);
      sending.add(id);
    }
    const obstacle = await gate.endLive(members[0]?.sessionId ?? null, this.#signal);
    if (obstacle !== undefined) {
      const end = await this.#settle(members, obstacle);
      sending.clear();
      return end;
    }
    const { items, kept } = await this.#contents(this.#stillMissing(members));
    sending.clear();
    for (const { id } of kept) sending.add(id);
    const [first] = kept;
    if (first === undefined) return null;
    await this.#bind(kept, first.batchId ?? first.id);
    this.#progress(0);
    const bytes = items.reduce((sum, { content }) => sum + content.size, 0);
    const startedMs = clock.now();
    const outcome = await gate.upload(
      { kind: first.kind, items, conversationId: first.conversationId, startedAtMs: first.startedAtMs },
      { signal: this.#signal, onProgress: (sent) => this.#progress(sent) },
    );
    const end = await this.#settle(kept, outcome);
    sending.clear();
    this.#doneBytes += bytes;
    this.#progress(0);
    emitter.emit("local_upload_batch", {
      ...{ walIds: idsOf(kept), bytes, outcome: outcome.type, durationMs: clock.now() - startedMs },
      reason: "reason" in outcome ? outcome.reason : null,
    });
    return end;
  }

  /** What came live after all is done with, and the others know their conversation now. */
  #stillMissing(members: readonly Recording[]): Recording[] {
    const { recordings } = this.#options.log;
    return this.#missing(members.flatMap(({ id }) => recordings.get(id) ?? []));
  }

  /** Whatever becomes of the request, of this program and of the machine, they go again together. */
  async #bind(members: readonly Recording[], batchId: string): Promise<void> {
    if (members.every((member) => member.batchId === batchId)) return;
    await this.#apply(members, { type: "batched", batchId });
    await this.#options.log.sync();
  }

  /** A recording whose bytes are gone is corrupted, and the others go on without it. */
  async #contents(
    members: readonly Recording[],
  ): Promise<{ readonly items: readonly BatchItem[]; readonly kept: readonly Recording[] }> {
    const items: BatchItem[] = [];
    const kept: Recording[] = [];
    for (const member of members) {
      try {
        items.push({ id: member.id, ...(await this.#options.log.content(member.id)) });
        kept.push(member);
      } catch (error) {
        if (!isHoldfastError(error) || error.code !== "file_missing") throw error;
        this.#tally.corrupted += 1;
        await this.#options.log.apply([[member.id, { type: "file_missing" }]]);
      }
    }
    return { items, kept };
  }

  async #settle(members: readonly Recording[], outcome: GateOutcome): Promise<DrainEnd | null> {
    const nowMs = this.#options.clock.now();
    const failed = outcome.type !== "accepted" && outcome.type !== "finished";
    if (failed) this.#tally.batchesFailed += 1;
    else this.#tally.batchesUploaded += 1;
    for (const { id } of members) this.#options.stumbled.delete(id);
    this.#unknownInARow = outcome.type === "unknown" ? this.#unknownInARow + 1 : 0;
    switch (outcome.type) {
      case "accepted":
        await this.#apply(members, { type: "accepted", jobId: outcome.jobId, nowMs });
        if (outcome.pollAfterMs !== null) this.#options.onAccepted(outcome.pollAfterMs);
        return null;
      case "finished":
        await finishAll(this.#options.log, members, outcome, nowMs);
        this.#tell(members, outcome);
        return null;
      case "partial":
        await this.#apply(members, { type: "upload_failed", reason: outcome.reason, nowMs });
        this.#hasFailed = true;
        return null;
      case "limited":
        await this.#apply(members, { type: "postponed", reason: outcome.reason });
        return { type: "limited" };
      case "paused":
        this.#options.emitter.emit("local_upload_rate_limited", {
          ...{ until: outcome.limit.untilMs, reason: outcome.limit.reason },
        });
        return { type: "limited" };
      case "too_old":
        await this.#retire(members, outcome.reason);
        return null;
      case "rejected":
        return await this.#rejected(members, outcome.reason);
      case "signed_out":
        await this.#apply(members, { type: "postponed", reason: outcome.reason });
        return { type: "signed_out", reason: outcome.reason };
      case "unavailable":
        // The next batch would meet the same server: a backlog of hundreds must not knock hundreds of times.
        for (const { id } of members) this.#options.stumbled.add(id);
        await this.#apply(members, { type: "postponed", reason: outcome.reason });
        return { type: "failed", waitMs: outcome.retryAfterMs };
      case "unknown":
        await this.#apply(members, { type: "postponed", reason: outcome.reason });
        this.#hasFailed = true;
        return this.#unknownInARow < MAX_UNKNOWN_IN_A_ROW ? null : { type: "failed", waitMs: null };
      case "cancelled":
        return { type: "cancelled" };
      default:
        return outcome satisfies never;
    }
  }

  /** The refusal names no file: the oldest member is too old for certain, and so is all that is as old (T18). */
  async #retire(members: readonly Recording[], reason: string): Promise<void> {
    const oldestMs = Math.min(...members.map(({ startedAtMs }) => startedAtMs));
    const retired = [...this.#options.log.recordings.values()].filter(
      (recording) => recording.status === "miss" && recording.startedAtMs <= oldestMs,
    );
    await this.#apply(retired, { type: "too_old", reason });
    this.#tally.permanentFailures += retired.length;
    // The others were not to blame and go once more; each round retires one at least.
    for (const { id, startedAtMs } of members) if (startedAtMs > oldestMs) this.#tried.delete(id);
    this.#options.emitter.emit("local_upload_outside_recovery_window", {
      batchWalIds: idsOf(members),
      retiredWalIds: idsOf(retired),
    });
  }

  /** One bad file must not take a whole batch with it (D28). */
  async #rejected(members: readonly Recording[], reason: string): Promise<null> {
    if (members.length > 1) {
      await this.#options.log.apply(members.map(({ id }) => [id, { type: "batched", batchId: id }] as const));
      for (const { id } of members) this.#tried.delete(id);
      return null;
    }
    await this.#apply(members, { type: "rejected", reason });
    this.#tally.permanentFailures += members.length;
    this.#options.emitter.emit("local_upload_terminal_http_refusal", { reason, walCount: members.length });
    return null;
  }

  async #apply(members: readonly Recording[], event: RecordingEvent): Promise<void> {
    await applyToAll(this.#options.log, members, event);
  }

  #tell(members: readonly Recording[], { created, updated }: Conversations): void {
    for (const id of created) this.#created.add(id);
    for (const id of updated) this.#updated.add(id);
    this.#options.onConversations(idsOf(members), created, updated);
  }

  #progress(sentNow: number): void {
    const done = this.#tried.size - this.#options.sending.size;
    this.#options.onProgress({
      recordings: { done: Math.max(0, Math.min(done, this.#total)), total: Math.max(this.#total, this.#tried.size) },
      bytes: { sent: this.#doneBytes + sentNow, total: Math.max(this.#totalBytes, this.#doneBytes + sentNow) },
    });
  }
}
