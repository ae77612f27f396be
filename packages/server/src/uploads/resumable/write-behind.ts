/**
 * Writes a growing blob behind its reader: one piece is on its way to the disk while the next one fills, and no more is held in
 * memory. Every few megabytes `record` is called beside the writing, to make durable what is there. A failure of either shows at
 * the next call.
 */
import { RESUMABLE } from "@holdfast/contract";
import type { GrowingBlob } from "@holdfast/store";

/** Written in one call. */
const PIECE_BYTES = 512 * 1024;

export class WriteBehind {
  readonly #blob: GrowingBlob;
  readonly #record: (() => Promise<void>) | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing: Promise<unknown> = Promise.resolve();
  #recording: Promise<void> | undefined;
  #recordedBytes: number;
  #failure: { readonly error: unknown } | undefined;

  constructor(blob: GrowingBlob, record: (() => Promise<void>) | undefined) {
    this.#blob = blob;
    this.#record = record;
    this.#recordedBytes = blob.bytes();
  }

  async add(chunk: Uint8Array): Promise<void> {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes < PIECE_BYTES) return;
    await this.#write();
    this.#recordBeside();
  }

  /** Everything added is written, and nothing runs any more. */
  async end(): Promise<void> {
    await this.#write();
    await this.#writing;
    await this.#recording;
    this.#throwFailure();
  }

  async #write(): Promise<void> {
    await this.#writing;
    this.#throwFailure();
    this.#writing = this.#blob.append(this.#waiting).catch((error: unknown) => this.#fail(error));
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #recordBeside(): void {
    if (this.#record === undefined || this.#recording !== undefined) return;
    if (this.#blob.bytes() - this.#recordedBytes < RESUMABLE.checkpointBytes) return;
    this.#recordedBytes = this.#blob.bytes();
    this.#recording = this.#record()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#recording = undefined;
      });
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
