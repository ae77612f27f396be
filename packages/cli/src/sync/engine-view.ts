/**
 * What a command must know of its engine besides the status: whether the server answered when it was last asked, which job and
 * which conversations came of which recording.
 */
import { type DisplayState, displayState } from "@holdfast/core";
import type { Account } from "../log/account.ts";
import { listen } from "./listen.ts";

export interface JobSeen {
  readonly job_id: string;
  /** The server's word for where it is. */
  readonly status: string;
}

/** Failures of an upload without any answer. */
const SILENCE = new Set(["unreachable", "timeout", "aborted", "unexpected"]);

export class EngineView {
  /** The server did not answer when it was last asked. */
  isSilent = false;
  /** Code of what the last upload or question failed with; null after one that did not. */
  trouble: string | null = null;
  readonly #account: Account;
  readonly #jobs = new Map<string, JobSeen>();
  readonly #conversations = new Map<string, Set<string>>();

  constructor(account: Account) {
    this.#account = account;
    listen(account.engine, {
      local_upload_batch: ({ outcome, reason }) => {
        this.#answered(outcome === "accepted" || outcome === "finished" ? null : (reason ?? outcome));
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

  #answered(trouble: string | null): void {
    this.trouble = trouble;
    this.isSilent = trouble !== null && SILENCE.has(trouble);
  }
}
