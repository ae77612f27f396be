/**
 * What a command must know of its engine besides the status: whether a pass runs, whether the server answered when it was last
 * asked, which job and which conversations came of which recording. It also asks after jobs sooner than an engine in the
 * background does, because somebody sits and waits; never during a pause, and never where the server said when.
 */
import { type Clock, type DisplayState, displayState } from "@holdfast/core";
import type { Account } from "../log/account.ts";
import { listen } from "./listen.ts";

export interface JobSeen {
  readonly job_id: string;
  /** The server's word for where it is. */
  readonly status: string;
}

const FIRST_ASK_MS = 500;
const LAST_ASK_MS = 3_000;
const GROWTH = 1.5;
/** Failures of an upload without any answer. */
const SILENCE = new Set(["unreachable", "timeout", "aborted", "unexpected"]);

export class EngineView {
  /** The server did not answer when it was last asked. */
  isSilent = false;
  /** Code of what the last upload or question failed with; null after one that did not. */
  trouble: string | null = null;
  readonly #account: Account;
  readonly #clock: Clock;
  readonly #jobs = new Map<string, JobSeen>();
  readonly #conversations = new Map<string, Set<string>>();
  #isRunning = false;
  #lastPassMs = 0;
  #askMs = FIRST_ASK_MS;

  constructor(account: Account, clock: Clock) {
    this.#account = account;
    this.#clock = clock;
    listen(account.engine, {
      pass_started: () => {
        this.#isRunning = true;
      },
      pass_finished: () => {
        this.#isRunning = false;
        this.#lastPassMs = clock.now();
      },
      local_upload_batch: ({ outcome, reason }) => {
        const isTaken = outcome === "accepted" || outcome === "finished";
        if (isTaken) this.#askMs = FIRST_ASK_MS;
        this.#answered(isTaken ? null : (reason ?? outcome));
      },
      fetch_sync_job_status: ({ httpStatus, outcome }) =>
        this.#answered(httpStatus === null ? "unreachable" : `http_${httpStatus} ${outcome}`),
      reconcile_poll: ({ jobId, memberWalIds, outcome, serverStatus }) => {
        if (outcome === "transient") return;
        this.#answered(null);
        for (const id of memberWalIds) this.#jobs.set(id, { job_id: jobId, status: serverStatus ?? outcome });
      },
      reconcile_revert: ({ walId, jobId, outcome }) => this.#jobs.set(walId, { job_id: jobId, status: outcome }),
      conversations: ({ walIds, created, updated }) => {
        for (const id of walIds)
          this.#conversations.set(id, new Set([...this.conversationsOf(id), ...created, ...updated]));
      },
    });
  }

  /** The job that has it, or had it last. */
  jobIdOf(id: string): string | null {
    return this.#account.log.recordings.get(id)?.jobId ?? this.#jobs.get(id)?.job_id ?? null;
  }

  /** That job as it was last seen; null where nobody asked. */
  jobOf(id: string): JobSeen | null {
    return this.#jobs.get(id) ?? null;
  }

  /** Conversations that it became part of, as far as anybody said. */
  conversationsOf(id: string): string[] {
    const known = this.#account.log.recordings.get(id)?.conversationId ?? null;
    return [...new Set([...(this.#conversations.get(id) ?? []), ...(known === null ? [] : [known])])];
  }

  displayOf(id: string): DisplayState | undefined {
    const recording = this.#account.log.recordings.get(id);
    return recording === undefined ? undefined : displayState(recording, this.#account.engine.sending.has(id));
  }

  /** All of these are with the server and in its queue: waiting is not failing (law L3). */
  isQueued(ids: readonly string[]): boolean {
    const { log, engine } = this.#account;
    return ids.every((id) => {
      const jobId = log.recordings.get(id)?.jobId ?? null;
      return jobId !== null && engine.jobs.get(jobId)?.serverStatus === "queued";
    });
  }

  /** Asks after jobs where it is time for somebody who waits. */
  hurry(): void {
    const { engine, log } = this.#account;
    const nowMs = this.#clock.now();
    if (this.#isRunning || nowMs - this.#lastPassMs < this.#askMs || engine.status.limit !== null) return;
    const isDue = [...log.recordings.values()].some(
      // A job that is in line for a reason has been given a time.
      ({ status, jobId }) =>
        status === "uploaded" && jobId !== null && (engine.jobs.get(jobId)?.reason ?? null) === null,
    );
    if (!isDue) return;
    this.#askMs = Math.min(this.#askMs * GROWTH, LAST_ASK_MS);
    engine.wake("reconcile_due");
  }

  #answered(trouble: string | null): void {
    this.trouble = trouble;
    this.isSilent = trouble !== null && SILENCE.has(trouble);
  }
}
