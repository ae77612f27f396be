/** Where bytes of uploads live. An adapter must have made them durable before `commit` returns (law L8). */
import type { Readable } from "node:stream";

export interface StagedBlob {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly stagedPath: string;
}

export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface BlobFolder {
  /** A prefix for `removeAll`. */
  readonly prefix: string;
  readonly modifiedMs: number;
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
  /** The bytes of a blob, or those from `start` up to and without `end`, as far as there are any. */
  read(key: string, range?: ByteRange): Promise<Uint8Array>;
  /** Folders directly under a folder, and when anything was last put into each. */
  list(prefix: string): Promise<BlobFolder[]>;
  /** Removes everything whose key starts with the prefix (a folder); harmless where there is nothing. */
  removeAll(prefix: string): Promise<void>;
  /** Throws where the store cannot take bytes now. */
  check(): Promise<void>;
}
