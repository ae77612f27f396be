/** Where bytes of uploads live. An adapter must have made them durable before `commit` returns (law L8). */
import type { Hash } from "node:crypto";
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

/** The first bytes of a growing blob, and the digest up to there where somebody remembers it. */
export interface BlobPrefix {
  readonly bytes: number;
  readonly hash?: Hash;
}

export interface GrowingBlob {
  /** Written so far, durable or not. */
  bytes(): number;
  append(chunks: readonly Uint8Array[]): Promise<void>;
  /** Makes durable what is written now and returns how much that is. May run beside `append`. */
  flush(): Promise<number>;
  /** Where it stands, for whoever goes on. */
  prefix(): BlobPrefix;
  /** Takes back what came after the prefix. */
  rewind(to: BlobPrefix): Promise<void>;
  /** Of everything written so far, lower-case hex. */
  sha256(): string;
  close(): Promise<void>;
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
  /** Removes staged bytes of processes that died an hour ago or more. Returns how many pieces there were. */
  discardAbandoned(nowMs: number): Promise<number>;
  /**
   * Opens a blob that arrives in steps, to go on behind its first `from.bytes`. With `copyOf` it begins as a copy of that blob's
   * prefix, which nobody who still writes to the other can change.
   */
  grow(key: string, from: BlobPrefix, copyOf?: string): Promise<GrowingBlob>;
  /** Gives a blob a second key, atomically and durably; each key goes for itself. */
  link(key: string, as: string): Promise<void>;
  /** The bytes of a blob, or those from `start` up to and without `end`, as far as there are any. */
  read(key: string, range?: ByteRange): Promise<Uint8Array>;
  /** Folders directly under a folder, and when anything was last put into each. */
  list(prefix: string): Promise<BlobFolder[]>;
  /** Removes everything whose key starts with the prefix (a folder); harmless where there is nothing. */
  removeAll(prefix: string): Promise<void>;
  /** Throws where the store cannot take bytes now. */
  check(): Promise<void>;
}
