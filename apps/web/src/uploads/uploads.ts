/**
 * The files that were dropped on this page, and how far each one is: one is sent at a time, in the order they came; each is
 * then followed until its job ends. A busy or unreachable server is waited for, at the pace the server asks for, and the wait
 * is shown; only a refusal ends an upload. The bytes are the server's concern from the moment it accepted them.
 */
import { followJob, type HoldfastApi } from "@holdfast/client";
import { isHoldfastError, type SyncAccepted, type SyncJobView } from "@holdfast/contract";
import { backoffMs, type Clock, type Random, sleep } from "@holdfast/core";
import { jobFailure, uploadFailure, waitReason } from "./upload-words.ts";

export type UploadState =
  | { readonly name: "queued" }
  | { readonly name: "sending"; readonly sentBytes: number }
  | { readonly name: "waiting"; readonly untilMs: number; readonly reason: string }
  | { readonly name: "working"; readonly job: SyncJobView | null }
  | { readonly name: "done"; readonly conversationIds: readonly string[] }
  | { readonly name: "failed"; readonly reason: string };

export interface Upload {
  readonly id: number;
  readonly file: File;
  readonly state: UploadState;
}

export interface UploadsDeps {
  readonly api: Pick<HoldfastApi, "uploadSound" | "uploadRecordings" | "getJob">;
  readonly clock: Clock;
  readonly random: Random;
  /** Something the server lists has changed. */
  onConversations(): void;
}

const BACKOFF = { baseMs: 2_000, capMs: 60_000, jitter: 0.25 };

export class Uploads {
  readonly #deps: UploadsDeps;
  readonly #listeners = new Set<() => void>();
  #uploads: readonly Upload[] = [];
  #nextId = 1;
  #sending: Promise<void> = Promise.resolve();

  constructor(deps: UploadsDeps) {
    this.#deps = deps;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): readonly Upload[] => this.#uploads;

  /** True while leaving the page would lose something that exists only here. */
  unsent(): boolean {
    return this.#uploads.some(({ state }) => ["queued", "sending", "waiting"].includes(state.name));
  }

  add(files: readonly File[]): void {
    const added = files.map((file): Upload => ({ id: this.#nextId++, file, state: { name: "queued" } }));
    this.#publish([...this.#uploads, ...added]);
    for (const upload of added) this.#sending = this.#sending.then(() => this.#send(upload));
  }

  retry(id: number): void {
    const upload = this.#uploads.find((known) => known.id === id);
    if (upload?.state.name !== "failed") return;
    this.#set(id, { name: "queued" });
    this.#sending = this.#sending.then(() => this.#send(upload));
  }

  /** Takes a finished or failed upload off the page. */
  dismiss(id: number): void {
    this.#publish(this.#uploads.filter((upload) => upload.id !== id));
  }

  async #send({ id, file }: Upload): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      this.#set(id, { name: "sending", sentBytes: 0 });
      try {
        const accepted = await this.#post(id, file);
        this.#set(id, { name: "working", job: null });
        // Not awaited: the next file is sent while the server works on this one.
        void this.#follow(id, accepted);
        return;
      } catch (error) {
        if (!isHoldfastError(error) || !error.retryable) {
          this.#set(id, { name: "failed", reason: uploadFailure(error) });
          return;
        }
        const waitMs = error.retryAfterMs ?? backoffMs(attempt, this.#deps.random.next(), BACKOFF);
        this.#set(id, { name: "waiting", untilMs: this.#deps.clock.now() + waitMs, reason: waitReason(error) });
        await sleep(this.#deps.clock, waitMs);
      }
    }
  }

  async #post(id: number, file: File): Promise<SyncAccepted> {
    const named = { name: file.name, content: file };
    const onProgress = ({ sentBytes }: { readonly sentBytes: number }): void =>
      this.#set(id, { name: "sending", sentBytes });
    // Recordings of Omi devices have a route and a name format of their own.
    return file.name.toLowerCase().endsWith(".bin")
      ? await this.#deps.api.uploadRecordings([named], { onProgress })
      : await this.#deps.api.uploadSound(named, { onProgress });
  }

  async #follow(id: number, accepted: SyncAccepted): Promise<void> {
    const { api, clock, random } = this.#deps;
    try {
      const job = await followJob(api, accepted, {
        clock,
        random,
        deadlineMs: Number.POSITIVE_INFINITY,
        pollMs: 1_000,
        onJob: (view) => this.#set(id, { name: "working", job: view }),
      });
      const ids = [...(job.result?.new_memories ?? []), ...(job.result?.updated_memories ?? [])];
      const failed = job.status === "failed";
      this.#set(id, failed ? { name: "failed", reason: jobFailure(job) } : { name: "done", conversationIds: ids });
    } catch (error) {
      this.#set(id, { name: "failed", reason: uploadFailure(error) });
    }
    this.#deps.onConversations();
  }

  #set(id: number, state: UploadState): void {
    this.#publish(this.#uploads.map((upload) => (upload.id === id ? { ...upload, state } : upload)));
  }

  #publish(uploads: readonly Upload[]): void {
    this.#uploads = uploads;
    for (const listener of this.#listeners) listener();
  }
}
