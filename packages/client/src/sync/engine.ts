/**
 * Brings every recording of a log to its server and finds out what became of it. One pass at a time (the coordinator of core
 * decides when), through one gate, under one cooldown; each pass asks after jobs first and then uploads. All state that must
 * outlive the program is in the log, so it may be killed at any moment. What it promises: no request while the account
 * pauses, no attempt spent by anything but the content, and a reason for whatever waits (`explain`).
 */

import { isHoldfastError } from "@holdfast/contract";
import {
  type Clock,
  type CooldownReason,
  type CoordinatorEvent,
  countRecordings,
  type Explanation,
  explain,
  fullBudget,
  IDLE,
  isDue,
  isIdleWake,
  type Random,
  type RetryBudget,
  type RetryCause,
  refundRetry,
  type SyncCounts,
  type SyncPhase,
  spendRetry,
  statusCard,
  stepCoordinator,
  type WakeReason,
} from "@holdfast/core";
import type { HttpOptions } from "../api/http.ts";
import type { Recording } from "../log/recording.ts";
import { askAfterMs, attendedMs } from "./ask-after.ts";
import { CooldownKeeper } from "./cooldown-keeper.ts";
import { Drain, type DrainEnd, type DrainProgress } from "./drain.ts";
import { ALWAYS_THERE, type SyncEnvironment } from "./environment.ts";
import { watchEnvironment } from "./environment-watch.ts";
import { SyncEmitter, type SyncListener } from "./events.ts";
import { fairUseStatus } from "./fair-use-status.ts";
import { LiveEnds } from "./live-ends.ts";
import type { OnConversations } from "./members.ts";
import { type JobNews, Reconciler } from "./reconcile.ts";
import { resumableSender, uploadNote } from "./resumable.ts";
import { Schedule } from "./schedule.ts";
import { multipartSender } from "./send-batch.ts";
import type { SyncLog } from "./sync-log.ts";
import type { SyncStatus } from "./sync-status.ts";
import { UploadGate } from "./upload-gate.ts";

export interface SyncEngineOptions {
  readonly log: SyncLog;
  readonly http: HttpOptions;
  readonly clock: Clock;
  readonly random: Random;
  /** Default: a program that is always online as far as it knows, and always in the foreground. */
  readonly environment?: SyncEnvironment;
  /** Upload without being asked (default). Otherwise only `syncNow` and `retry` upload. */
  readonly automatic?: boolean;
  /** Confirmed local copies are removed after so many days; null (default) keeps them. */
  readonly retentionDays?: number | null;
}

const DAY_MS = 86_400_000;
/** Clients that were paused together come back one by one within this share of the pause, or this long. */
const RESUME_JITTER = { share: 0.1, maxMs: 30_000 } as const;
const SIGN_IN_AGAIN_MS = 300_000;
/** A person who cancelled a pass has peace for so long. */
const CANCELLED_REST_MS = 300_000;
/** Recordings that wait, from which on a warning is due. */
const MANY_PENDING = 720;
/** The developer's switch (reference client-sync 5.9). */
const SIMULATED_COOLDOWN_MS = 60_000;

export class SyncEngine {
  readonly #options: SyncEngineOptions;
  readonly #environment: SyncEnvironment;
  readonly #emitter = new SyncEmitter();
  readonly #schedule: Schedule;
  readonly #cooldown: CooldownKeeper;
  readonly #gate: UploadGate;
  readonly #reconciler: Reconciler;
  readonly #askFairUse: () => Promise<void>;
  readonly #sending = new Set<string>();
  readonly #created = new Set<string>();
  readonly #updated = new Set<string>();
  readonly #closing = new AbortController();
  readonly #stumbled = new Set<string>();
  readonly #holds = new Set<(recording: Recording) => boolean>();
  /** Each is somebody who waits for results. */
  readonly #attending = new Set<symbol>();
  #coordinator = IDLE;
  #budget: RetryBudget;
  /** What the planned try cost, until a clean pass gives it back. */
  #spent: RetryCause | null = null;
  #reconcileStep = 0;
  /** The soonest that the server wants to be asked again; null where it did not say. */
  #askAgainMs: number | null = null;
  /** Something was learned about jobs since the next question was planned. */
  #mustReplan = false;
  #pass: Promise<void> = Promise.resolve();
  #cancel = new AbortController();
  #progress: DrainProgress | null = null;
  #signedOut: string | null = null;
  #isAutomatic: boolean;
  #retentionDays: number | null;
  #isStarted = false;
  /** Nobody waits for the network any more, though recordings go when it is back. */
  #isWaitCancelled = false;
  #hasWarned = false;
  #unsubscribe: () => void = () => {};

  constructor(options: SyncEngineOptions) {
    const { log, http, clock } = options;
    const emitter = this.#emitter;
    this.#options = options;
    this.#environment = options.environment ?? ALWAYS_THERE;
    this.#isAutomatic = options.automatic ?? true;
    this.#retentionDays = options.retentionDays ?? null;
    this.#budget = fullBudget(clock.now());
    this.#schedule = new Schedule(clock);
    this.#cooldown = new CooldownKeeper({ log, clock, emitter, onOpen: (lengthMs) => this.#planResume(lengthMs) });
    const ask = fairUseStatus(http);
    this.#askFairUse = async () => await this.#cooldown.fairUseChecked(await ask(this.#closing.signal));
    const send = resumableSender({ http, log, fallback: multipartSender(http) });
    const liveEnds = new LiveEnds({ log, http });
    this.#gate = new UploadGate({ cooldown: this.#cooldown, liveEnds, send, clock, checkFairUse: this.#askFairUse });
    const onConversations: OnConversations = (...heard) => this.#hearConversations(...heard);
    this.#reconciler = new Reconciler({ log, http, clock, cooldown: this.#cooldown, emitter, onConversations });
  }

  /** Hears every event from now on; returns the way out. */
  on(listener: SyncListener): () => void {
    return this.#emitter.on(listener);
  }

  /** Before it nothing is asked or sent, whatever wakes the engine. */
  start(): void {
    if (this.#isStarted || this.#closing.signal.aborted) return;
    this.#isStarted = true;
    this.#unsubscribe = watchEnvironment(this.#environment, this.#options.clock, {
      wentAway: () => this.#schedule.clearAll(),
      cameForward: () => this.#cameForward(),
      cameOnline: (isFlapping) => void this.#cameOnline(isFlapping),
      changed: () => this.#emitter.emit("changed", {}),
    });
    this.wake("startup");
  }

  /** Ends the running request and every timer. Idempotent. The log stays open. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancel.abort();
    this.#unsubscribe();
    this.#schedule.clearAll();
    await this.#pass;
    // The last answer may have begun a pause.
    this.#cooldown.close();
  }

  /** Something happened that may let recordings move; nothing before `start`. Any number of wakes during a pass cost one pass more. */
  wake(reason: WakeReason): void {
    if (!this.#isStarted || this.#closing.signal.aborted || this.#mustHold(reason)) return;
    this.#step({ type: "wake", reason });
  }

  /** A person wants everything sent now, automatic or not. */
  syncNow(): void {
    this.#isWaitCancelled = false;
    this.wake("user_retry");
  }

  /** A person wants these tried again, however often they failed. */
  async retry(ids: readonly string[]): Promise<void> {
    await this.#options.log.apply(ids.map((id) => [id, { type: "retry" }] as const));
    this.syncNow();
  }

  /**
   * Ends the pass that runs, or the wait for a network. What the server took stays taken; what waits goes with the next pass,
   * minutes later if nobody asks, or when the network is back.
   */
  cancel(): void {
    this.#cancel.abort();
    this.#isWaitCancelled = !this.#environment.isOnline;
    this.#emitter.emit("changed", {});
  }

  /** Removes recordings and their bytes; those that are being sent stay. */
  async remove(ids: readonly string[]): Promise<void> {
    const { log } = this.#options;
    await log.remove(ids.filter((id) => !this.#sending.has(id)));
    for (const id of ids) if (log.note(uploadNote(id)) !== null) await log.setNote(uploadNote(id), null);
    this.#emitter.emit("changed", {});
  }

  /**
   * Keeps recordings from being uploaded for which `keeps` holds, because somebody else may still deliver them. Returns the way
   * out; after it they go with the next pass.
   */
  hold(keeps: (recording: Recording) => boolean): () => void {
    this.#holds.add(keeps);
    return () => this.#holds.delete(keeps);
  }

  /**
   * Somebody sits and waits for results, until what it returns is disposed of: jobs are asked after sooner, except where the
   * server gave a reason to wait.
   */
  attend(): Disposable {
    const who = Symbol();
    this.#attending.add(who);
    this.#mustReplan = true;
    if (this.#isStarted && !this.#closing.signal.aborted) this.#planReconcile();
    return { [Symbol.dispose]: () => void this.#attending.delete(who) };
  }

  /** The sign-in was renewed. */
  signedIn(): void {
    this.#signedOut = null;
    this.wake("user_retry");
  }

  set automatic(value: boolean) {
    this.#isAutomatic = value;
    this.#emitter.emit("changed", {});
    if (value) this.wake("foregrounded");
  }

  get automatic(): boolean {
    return this.#isAutomatic;
  }

  get retentionDays(): number | null {
    return this.#retentionDays;
  }

  /** Copies that are old enough already go at once. */
  async setRetentionDays(days: number | null): Promise<void> {
    // What is no number of days keeps everything.
    this.#retentionDays = days !== null && days >= 0 ? days : null;
    await this.#removeOldCopies();
    this.#emitter.emit("changed", {});
  }

  /** The developer's switch: pauses as if the server had said so. */
  async simulateCooldown(reason: CooldownReason, lengthMs: number = SIMULATED_COOLDOWN_MS): Promise<void> {
    await this.#cooldown.limited(reason, lengthMs, true);
  }

  get status(): SyncStatus {
    let capturing = 0;
    const settled: Recording[] = [];
    for (const recording of this.#options.log.recordings.values()) {
      if (recording.status === "in_progress" || this.#isHeld(recording)) capturing += 1;
      else settled.push(recording);
    }
    const counts = countRecordings(settled, this.#sending);
    const { limit } = this.#cooldown;
    const phase = this.#phase(counts);
    return {
      ...{ card: statusCard(phase, limit, counts), phase, limit, counts, capturing },
      progress: this.#progress,
      nextPassAtMs: this.#schedule.nextAtMs,
      signedOut: this.#signedOut,
      conversations: { created: [...this.#created], updated: [...this.#updated] },
    };
  }

  /** Recordings that are being sent at this moment. */
  get sending(): ReadonlySet<string> {
    return this.#sending;
  }

  /** What the server last said of jobs that are not over, by job id. */
  get jobs(): ReadonlyMap<string, JobNews> {
    return this.#reconciler.news;
  }

  /** Why a recording is where it is, and what comes next; null for one that the log does not hold. */
  explain(id: string): Explanation | null {
    const recording = this.#options.log.recordings.get(id);
    if (recording === undefined) return null;
    return explain(recording, {
      isSending: this.#sending.has(id),
      isHeld: this.#isHeld(recording),
      isOnline: this.#environment.isOnline,
      isSignedIn: this.#signedOut === null,
      isAutomatic: this.#isAutomatic,
      limit: this.#cooldown.limit,
      nextPassAtMs:
        // A question about jobs sends nothing that waits.
        recording.status === "uploaded" ? this.#schedule.nextAtMs : this.#nextUploadAtMs,
      retentionMs: this.#retentionDays === null ? null : this.#retentionDays * DAY_MS,
    });
  }

  get #nextUploadAtMs(): number | null {
    return this.#schedule.atMs("retry") ?? this.#schedule.atMs("resume");
  }

  #phase(counts: SyncCounts): SyncPhase {
    if (this.#progress !== null) return "uploading";
    const waits = counts.waiting + counts.retrying > 0;
    const isOffline = !this.#environment.isOnline && !this.#isWaitCancelled;
    return waits && isOffline && this.#isAutomatic ? "waiting_internet" : "idle";
  }

  /** Wakes that nobody made on purpose must not undercut a wait that is running. */
  #mustHold(reason: WakeReason): boolean {
    return isIdleWake(reason) && reason !== "retry_due" && this.#schedule.has("retry");
  }

  #step(event: CoordinatorEvent): void {
    const step = stepCoordinator(this.#coordinator, event, this.#options.random.next());
    this.#coordinator = step.state;
    if (step.run !== null) this.#begin(step.run);
  }

  #begin(reason: WakeReason): void {
    this.#cancel = new AbortController();
    this.#schedule.clear("retry");
    this.#schedule.clear("resume");
    this.#emitter.emit("pass_started", { reason });
    const signal = AbortSignal.any([this.#closing.signal, this.#cancel.signal]);
    this.#pass = this.#run(reason, signal).then(
      (end) => this.#finish(reason, end),
      (error: unknown) => {
        // The disk failed under the log, or a defect: nothing is lost by trying again later.
        this.#finish(reason, { type: "failed", waitMs: null });
        if (isHoldfastError(error)) return this.#emitter.emit("pass_broken", { reason: error.code });
        queueMicrotask(() => {
          throw error;
        });
      },
    );
  }

  async #run(reason: WakeReason, signal: AbortSignal): Promise<DrainEnd> {
    const isAsked = reason === "user_retry" || reason === "startup";
    const mayBeSignedIn = isAsked || reason === "foregrounded" || reason === "retry_due";
    if (mayBeSignedIn) this.#signedOut = null;
    if (!this.#environment.isOnline || this.#signedOut !== null) return { type: "clean" };
    // A stored restriction may have been lifted meanwhile (D3).
    if (isAsked && this.#cooldown.hasFairUse) await this.#askFairUse();
    if (this.#cooldown.limit !== null) return { type: "limited" };
    // What was captured meanwhile is no reason to ask after jobs before their time.
    const asked: DrainEnd = reason === "recording_sealed" ? { type: "clean" } : await this.#reconcile(signal);
    if (asked.type !== "clean" && asked.type !== "failed") return asked;
    const sent = await this.#drain(reason, signal);
    await this.#removeOldCopies();
    return sent.type === "clean" ? asked : sent;
  }

  async #reconcile(signal: AbortSignal): Promise<DrainEnd> {
    this.#mustReplan = true;
    const { ended, transient, signedOut, askAgainMs } = await this.#reconciler.pass(signal);
    if (signedOut !== null) return { type: "signed_out", reason: signedOut };
    if (signal.aborted) return { type: "cancelled" };
    this.#reconcileStep = ended > 0 ? 0 : this.#reconcileStep + 1;
    this.#askAgainMs = askAgainMs;
    if (this.#cooldown.limit !== null) return { type: "limited" };
    return transient > 0 ? { type: "failed", waitMs: null } : { type: "clean" };
  }

  async #drain(reason: WakeReason, signal: AbortSignal): Promise<DrainEnd> {
    if (!this.#isAutomatic && reason !== "user_retry") return { type: "clean" };
    const drain = new Drain(
      {
        ...{ log: this.#options.log, gate: this.#gate, clock: this.#options.clock, emitter: this.#emitter },
        ...{ sending: this.#sending, stumbled: this.#stumbled },
        isHeld: (recording) => this.#isHeld(recording),
        onAccepted: (pollAfterMs) => {
          this.#mustReplan = true;
          this.#askAgainMs = Math.min(pollAfterMs, this.#askAgainMs ?? pollAfterMs);
        },
        onProgress: (progress) => {
          this.#progress = progress;
          this.#emitter.emit("changed", {});
        },
        onConversations: (...heard) => this.#hearConversations(...heard),
      },
      signal,
    );
    try {
      return await drain.run();
    } finally {
      this.#progress = null;
    }
  }

  #finish(reason: WakeReason, end: DrainEnd): void {
    if (end.type === "signed_out") {
      this.#signedOut = end.reason;
      this.#emitter.emit("signed_out", { reason: end.reason });
    }
    const outcome = end.type === "failed" || end.type === "limited" ? end.type : "clean";
    this.#emitter.emit("pass_finished", { reason, outcome });
    const { clock, random } = this.#options;
    const step = stepCoordinator(this.#coordinator, { type: "pass_done", outcome }, random.next());
    this.#coordinator = step.state;
    if (this.#closing.signal.aborted) return;
    if (outcome === "clean" && this.#spent !== null) {
      this.#budget = refundRetry(this.#budget, this.#spent, clock.now());
      this.#spent = null;
    }
    // A token that is asked for before every request may be a new one by then.
    if (this.#signedOut !== null && typeof this.#options.http.token === "function")
      this.#planRetry(0, SIGN_IN_AGAIN_MS);
    if (end.type === "cancelled" && this.#isAutomatic && this.#environment.isForeground)
      this.#schedule.set("retry", CANCELLED_REST_MS, () => this.wake("retry_due"));
    if (step.retryInMs !== null) this.#planRetry(step.retryInMs, end.type === "failed" ? end.waitMs : null);
    this.#planReconcile();
    this.#warnOfMany();
    this.#emitter.emit("changed", {});
    if (step.run !== null) this.#begin(step.run);
  }

  #planRetry(nominalMs: number, toldMs: number | null): void {
    if (!this.#environment.isForeground) return;
    this.#spent = toldMs === null ? "transient" : "told_to_wait";
    const permit = spendRetry(this.#budget, this.#spent, this.#options.clock.now());
    this.#budget = permit.budget;
    this.#schedule.set("retry", Math.max(nominalMs, toldMs ?? 0, permit.waitMs), () => this.wake("retry_due"));
  }

  /** Jobs are asked after while somebody looks, there are some, and the account does not pause. */
  #planReconcile(): void {
    const isPlanned = this.#schedule.has("reconcile") && !this.#mustReplan && this.#cooldown.limit === null;
    if (isPlanned) return;
    this.#mustReplan = false;
    this.#schedule.clear("reconcile");
    if (!this.#environment.isForeground || this.#cooldown.limit !== null || this.#signedOut !== null) return;
    if (!this.#hasUploaded()) {
      this.#reconcileStep = 0;
      return;
    }
    this.#schedule.set("reconcile", this.#askInMs(), () => this.wake("reconcile_due"));
  }

  #askInMs(): number {
    const delayMs = askAfterMs(this.#reconcileStep, this.#askAgainMs);
    // A server that does not answer is not asked sooner because somebody waits.
    if (this.#attending.size === 0 || this.#schedule.has("retry")) return delayMs;
    const { log, clock } = this.#options;
    return Math.min(delayMs, attendedMs(log.recordings.values(), this.#reconciler.news, clock.now()));
  }

  #isHeld(recording: Recording): boolean {
    if (recording.status !== "miss") return false;
    for (const keeps of this.#holds) if (keeps(recording)) return true;
    return false;
  }

  #hasUploaded(): boolean {
    for (const { status } of this.#options.log.recordings.values()) if (status === "uploaded") return true;
    return false;
  }

  #planResume(lengthMs: number): void {
    if (this.#closing.signal.aborted || !this.#environment.isForeground) return;
    const spanMs = Math.min(lengthMs * RESUME_JITTER.share, RESUME_JITTER.maxMs);
    const jitterMs = Math.round(spanMs * this.#options.random.next());
    this.#schedule.set("resume", jitterMs, () => this.wake("cooldown_elapsed"));
  }

  #cameForward(): void {
    this.#reconcileStep = 0;
    this.wake("foregrounded");
  }

  async #cameOnline(isFlapping: boolean): Promise<void> {
    this.#isWaitCancelled = false;
    await this.#reviveAll().catch(() => {});
    if (!isFlapping || !this.#schedule.has("retry")) this.wake("connectivity_restored");
  }

  /** What gave up while the network was bad gets its attempts back (reference client-sync 3.4.5). */
  async #reviveAll(): Promise<void> {
    const tired = [...this.#options.log.recordings.values()].filter((r) => r.status === "miss" && !isDue(r));
    await this.#options.log.apply(tired.map(({ id }) => [id, { type: "network_returned" }] as const));
  }

  async #removeOldCopies(): Promise<void> {
    const days = this.#retentionDays;
    if (days === null) return;
    const removed = await this.#options.log.removeConfirmed(days);
    if (removed > 0) this.#emitter.emit("wal_synced_copy_autoremove", { policy: "synced_age_days", days, removed });
  }

  /** So many that wait are a sign that something is wrong; nothing is refused or removed for it (reference client-sync 2.6.1). */
  #warnOfMany(): void {
    let waiting = 0;
    for (const { status } of this.#options.log.recordings.values()) if (status === "miss") waiting += 1;
    const isMany = waiting >= MANY_PENDING;
    if (isMany && !this.#hasWarned) {
      this.#emitter.emit("wal_admission_pressure", {
        ...{ policy: "warn_only", cap: MANY_PENDING, retained_count: waiting, blocked_count: 0 },
      });
    }
    this.#hasWarned = isMany;
  }

  #hearConversations(walIds: readonly string[], created: readonly string[], updated: readonly string[]): void {
    for (const id of created) this.#created.add(id);
    for (const id of updated) if (!this.#created.has(id)) this.#updated.add(id);
    if (created.length + updated.length > 0) this.#emitter.emit("conversations", { walIds, created, updated });
  }
}
