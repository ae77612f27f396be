/**
 * The other half of a sync pass (reference client-sync section 6): it asks after every job the server has accepted and not yet
 * finished, three at a time, and does what the answer says to all recordings of that job. It touches only `uploaded`
 * recordings and the drain only `miss` ones, so the two never meet.
 */
import { isHoldfastError } from "@holdfast/contract";
import {
  type Clock,
  COOLDOWN,
  type JobOutcome,
  type JobProgress,
  type JobReply,
  jobOutcome,
  RECONCILE_CONCURRENCY,
  type RecordingEvent,
  UPLOADED_DEADLINE_MS,
} from "@holdfast/core";
import { type HttpOptions, parseRetryAfter, rawRequest } from "../api/http.ts";
import type { Recording } from "../log/recording.ts";
import type { CooldownKeeper } from "./cooldown-keeper.ts";
import type { SyncEmitter, SyncEvents } from "./events.ts";
import { applyToAll, type Conversations, finishAll, idsOf, type OnConversations } from "./members.ts";
import type { SyncLog } from "./sync-log.ts";

export interface ReconcileOptions {
  readonly log: SyncLog;
  readonly http: HttpOptions;
  readonly clock: Clock;
  readonly cooldown: CooldownKeeper;
  readonly emitter: SyncEmitter;
  readonly onConversations: OnConversations;
}

export interface Reconciled {
  /** Jobs that ended, well or not. */
  readonly ended: number;
  /** Jobs of which nothing could be learned. */
  readonly transient: number;
  /** The server does not take this sign-in any more. */
  readonly signedOut: string | null;
  /** The soonest that a server asked to be asked again; null where none said. */
  readonly askAgainMs: number | null;
}

/** What the server last said of a job that is not over, and when that was news. */
export interface JobNews extends JobProgress {
  readonly changedAtMs: number;
}

export class Reconciler {
  readonly #options: ReconcileOptions;
  readonly #news = new Map<string, JobNews>();

  constructor(options: ReconcileOptions) {
    this.#options = options;
  }

  /** What is known of the jobs that are not over. */
  get news(): ReadonlyMap<string, JobNews> {
    return this.#news;
  }

  async pass(signal: AbortSignal): Promise<Reconciled> {
    const groups = this.#groups();
    for (const jobId of this.#news.keys()) if (!groups.has(jobId)) this.#news.delete(jobId);
    const todo = [...groups];
    const result: { -readonly [K in keyof Reconciled]: Reconciled[K] } = {
      ...{ ended: 0, transient: 0, signedOut: null, askAgainMs: null },
    };
    const ask = async (): Promise<void> => {
      for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
        // A job that failed because the server is busy begins a pause, and a pause costs no request.
        if (signal.aborted || result.signedOut !== null || this.#options.cooldown.limit !== null) return;
        // A server that answers nothing is not knocked at for every job, and uploads do not wait for that.
        if (result.transient >= RECONCILE_CONCURRENCY) return;
        const [jobId, members] = next;
        const reply = await this.#reply(jobId, signal);
        if (signal.aborted) return;
        const outcome = jobOutcome(reply);
        const { limitReason } = reply;
        if (reply.status === 429 || (reply.status === 503 && limitReason !== null)) {
          const reason = limitReason === "fair_use" ? "fair_use" : "backend_busy";
          await this.#options.cooldown.limited(reason, reply.retryAfterMs);
        }
        this.#tellStatus(jobId, reply.status, outcome);
        await this.#settle(jobId, members, outcome);
        if (outcome.type === "waiting" && outcome.retryAfterMs !== null) {
          result.askAgainMs = Math.min(outcome.retryAfterMs, result.askAgainMs ?? outcome.retryAfterMs);
        }
        if (outcome.type === "signed_out") result.signedOut = outcome.reason;
        else if (outcome.type === "transient") result.transient += 1;
        else if (outcome.type !== "waiting") result.ended += 1;
      }
    };
    await Promise.all(Array.from({ length: RECONCILE_CONCURRENCY }, ask));
    return result;
  }

  #groups(): Map<string, Recording[]> {
    const groups = new Map<string, Recording[]>();
    for (const recording of this.#options.log.recordings.values()) {
      if (recording.status !== "uploaded" || recording.jobId === null) continue;
      const group = groups.get(recording.jobId);
      if (group === undefined) groups.set(recording.jobId, [recording]);
      else group.push(recording);
    }
    return groups;
  }

  async #reply(jobId: string, signal: AbortSignal): Promise<JobReply & { limitReason: string | null }> {
    try {
      const path = `/v2/sync-local-files/${encodeURIComponent(jobId)}`;
      const { status, headers, body } = await rawRequest(this.#options.http, { method: "GET", path, signal });
      const retryAfterMs = parseRetryAfter(headers.get("retry-after"), this.#options.clock.now()) ?? null;
      return { status, retryAfterMs, body, limitReason: headers.get("x-omi-rate-limit-reason") };
    } catch (error) {
      const isAuth = isHoldfastError(error) && error.class === "auth";
      return { status: isAuth ? 401 : null, retryAfterMs: null, body: undefined, limitReason: null };
    }
  }

  async #settle(jobId: string, members: readonly Recording[], outcome: JobOutcome): Promise<void> {
    const { clock, cooldown } = this.#options;
    const nowMs = clock.now();
    switch (outcome.type) {
      case "completed":
        await finishAll(this.#options.log, members, outcome, nowMs);
        this.#poll(jobId, members, "completed", {
          newConversations: outcome.created.length,
          updatedConversations: outcome.updated.length,
        });
        return this.#tellConversations(members, outcome);
      case "waiting":
        this.#heard(jobId, outcome, nowMs);
        this.#poll(jobId, members, "non_terminal", {
          serverStatus: outcome.serverStatus,
          processedSegments: outcome.processedSegments,
          totalSegments: outcome.totalSegments,
        });
        return await this.#overdue(jobId, members, nowMs);
      case "transient":
        this.#poll(jobId, members, "transient", {});
        // Without any answer the bytes could not go again either.
        return outcome.reason === "no_answer" ? undefined : await this.#overdue(jobId, members, nowMs);
      case "signed_out":
        return;
      case "not_found":
        return await this.#lost(jobId, members, outcome.reason, nowMs);
      case "failed":
        await this.#revert(jobId, members, { type: "job_failed", reason: outcome.reason, nowMs }, outcome);
        return this.#tellConversations(members, outcome);
      case "busy":
        await this.#revert(jobId, members, { type: "job_postponed", reason: outcome.reason }, outcome);
        return await cooldown.limited("backend_busy", outcome.retryAfterMs ?? COOLDOWN.busyJobMs);
      case "unusable":
        return await this.#revert(jobId, members, { type: "unusable", reason: outcome.reason, nowMs }, outcome);
      default:
        return outcome satisfies never;
    }
  }

  #tellConversations(members: readonly Recording[], { created, updated }: Conversations): void {
    this.#options.onConversations(idsOf(members), created, updated);
  }

  #heard(jobId: string, progress: JobProgress, nowMs: number): void {
    const before = this.#news.get(jobId);
    const { serverStatus, processedSegments, totalSegments, reason } = progress;
    // What waits in line waits as long as it takes (law L3); work that is under way should move.
    const isNews =
      serverStatus === "queued" ||
      before?.serverStatus !== serverStatus ||
      before.processedSegments !== processedSegments;
    const changedAtMs = isNews || before === undefined ? nowMs : before.changedAtMs;
    this.#news.set(jobId, { serverStatus, processedSegments, totalSegments, reason, changedAtMs });
  }

  /** Nothing moved for too long, although the server was asked: the bytes go again, and the server knows its own. */
  async #overdue(jobId: string, members: readonly Recording[], nowMs: number): Promise<void> {
    const sinceMs = this.#news.get(jobId)?.changedAtMs ?? Math.max(...members.map(({ uploadedAtMs }) => uploadedAtMs));
    if (nowMs - sinceMs < UPLOADED_DEADLINE_MS) return;
    await this.#apply(members, { type: "overdue" });
    // A server that knows the bytes answers with the same job, which gets its day anew.
    this.#news.delete(jobId);
    this.#told(jobId, members, "overdue", false, {});
  }

  async #lost(jobId: string, members: readonly Recording[], reason: string, nowMs: number): Promise<void> {
    for (const member of members) {
      const fileExists = await this.#hasFile(member);
      await this.#apply([member], { type: "job_lost", reason, nowMs, fileExists });
      this.#told(jobId, [member], "not_found", fileExists, { fileExists });
    }
  }

  async #hasFile({ id }: Recording): Promise<boolean> {
    try {
      await this.#options.log.content(id);
      return true;
    } catch (error) {
      if (isHoldfastError(error) && error.code === "file_missing") return false;
      throw error;
    }
  }

  async #revert(
    jobId: string,
    members: readonly Recording[],
    event: RecordingEvent & { readonly reason: string },
    job: JobOutcome & { readonly type: "failed" | "busy" | "unusable" },
  ): Promise<void> {
    await this.#apply(members, event);
    const outcome =
      job.serverStatus === "partial_failure" || job.serverStatus === "completed" ? job.serverStatus : "failed";
    this.#told(jobId, members, outcome, job.type === "failed", {
      serverError: job.serverError,
      failedSegments: job.failedSegments,
      totalSegments: job.totalSegments,
      capacityLimited: job.type === "busy",
      reasonCode: job.reason,
      permanentInput: job.type === "unusable",
    });
  }

  async #apply(members: readonly Recording[], event: RecordingEvent): Promise<void> {
    await applyToAll(this.#options.log, members, event);
  }

  #poll(
    jobId: string,
    members: readonly Recording[],
    outcome: SyncEvents["reconcile_poll"]["outcome"],
    more: Partial<SyncEvents["reconcile_poll"]>,
  ): void {
    const memberWalIds = idsOf(members);
    this.#options.emitter.emit("reconcile_poll", { ...more, jobId, memberWalIds, outcome });
  }

  #tellStatus(jobId: string, httpStatus: number | null, { type }: JobOutcome): void {
    if (type !== "transient" && type !== "not_found" && type !== "signed_out") return;
    this.#options.emitter.emit("fetch_sync_job_status", { jobId, httpStatus, outcome: type });
  }

  /** One line for each recording that came back, with what it is now. */
  #told(
    jobId: string,
    members: readonly Recording[],
    outcome: SyncEvents["reconcile_revert"]["outcome"],
    retryCountBumped: boolean,
    more: Partial<SyncEvents["reconcile_revert"]>,
  ): void {
    for (const { id } of members) {
      const now = this.#options.log.recordings.get(id);
      if (now === undefined) continue;
      this.#options.emitter.emit("reconcile_revert", {
        ...more,
        ...{ walId: id, jobId, outcome, newStatus: now.status, retryCount: now.attempts, retryCountBumped },
      });
    }
  }
}
