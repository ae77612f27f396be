/** Where bytes of uploads live. An adapter must have made them durable before `commit` returns (law L8). */
import type { Readable } from "node:stream";

export interface StagedBlob {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly stagedPath: string;
}

export interface BlobStore {
  /**
   * Streams bytes to a private place while hashing them, and flushes them. Throws HoldfastError `payload_too_large` above the
   * limit, `storage_full` where there is no room; nothing stays behind then.
   */
  stage(source: Readable, options: { readonly maxBytes: number; readonly signal?: AbortSignal }): Promise<StagedBlob>;
  /** Gives staged bytes their key, atomically and durably. */
  commit(staged: StagedBlob, key: string): Promise<void>;
  /** Removes staged bytes that were not committed; harmless otherwise. */
  discard(staged: StagedBlob): Promise<void>;
  read(key: string): Promise<Uint8Array>;
  /** Removes everything whose key starts with the prefix (a folder); harmless where there is nothing. */
  removeAll(prefix: string): Promise<void>;
  /** Throws where the store cannot take bytes now. */
  check(): Promise<void>;
}
