/**
 * The port below the recording log: named files that grow at their end. It promises three steps of safety and no more: what
 * `write` resolved survives the end of the process; what `sync` resolved after it survives a loss of power; what `remove`
 * resolved is gone in both. A write is an append and a cut in one: it puts bytes at a position inside the file or at its end,
 * and everything after them is gone, so that a failed write is repaired by the next one at the same position.
 *
 * Names are lower-case letters, digits, `.`, `_` and `-`, and begin with a letter or digit; they are never paths. Calls for one
 * file that may overlap are at most one `write` and one `sync`. An adapter is opened by one owner at a time; a second one gets
 * HoldfastError `log_in_use`.
 */
import { HoldfastError } from "@holdfast/contract";

export interface StoreSpace {
  /** Bytes that may still be written; null where the platform does not say. */
  readonly freeBytes: number | null;
  /** Bytes that this origin or folder takes; null where the platform does not say. */
  readonly usedBytes: number | null;
  /** False: the platform may throw everything away when it runs short. Null where it does not say. */
  readonly persisted: boolean | null;
}

export interface StoreCapabilities {
  /** Whether `sync` reaches the disk. Where it does not, the log still survives the end of its process. */
  readonly survivesPowerLoss: boolean;
  /** False: naming tens of thousands of files takes seconds, so that nobody should wait for it. */
  readonly listsQuickly: boolean;
}

export interface LogStore {
  readonly capabilities: StoreCapabilities;
  /** Names of the files that end like this (a dot and what follows it), or of all; in no particular order. */
  list(ending?: string): Promise<readonly string[]>;
  /** The bytes of [start, end) that exist; `end` may lie behind the end of the file. Throws `file_missing`. */
  read(name: string, start: number, end: number): Promise<Uint8Array>;
  /**
   * Makes the file where there is none. Throws `write_past_end` where `at` lies behind its end (a hole would be sound that
   * nobody recorded), `storage_full` where there is no room; the file then ends anywhere behind `at`, as after a crash.
   */
  write(name: string, at: number, bytes: Uint8Array): Promise<void>;
  /** Everything written before this call, and that the file exists, survives a loss of power. Throws `file_missing`. */
  sync(name: string): Promise<void>;
  /** Harmless where there is no such file. */
  remove(name: string): Promise<void>;
  /** `ask`: the person or the browser is asked to keep what is stored. */
  space(ask?: boolean): Promise<StoreSpace>;
}

/** A store that is ours alone until it is closed. */
export interface OpenStore extends AsyncDisposable {
  readonly store: LogStore;
  /** Gives the store back. Idempotent. */
  close(): Promise<void>;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,199}$/;

export function assertStoreName(name: string): void {
  if (!NAME.test(name)) {
    throw new HoldfastError(`not a name of a file in a log: ${JSON.stringify(name)}`, {
      code: "invalid_name",
      class: "permanent_input",
    });
  }
}

export function fileMissing(name: string, cause?: unknown): HoldfastError {
  return new HoldfastError(`the log has no readable file ${name}`, {
    code: "file_missing",
    class: "permanent_input",
    cause,
  });
}

export function writePastEnd(name: string, at: number, bytes: number): HoldfastError {
  return new HoldfastError(`${name} has ${bytes} bytes, nothing can be written at ${at}`, {
    code: "write_past_end",
    class: "permanent_input",
  });
}

export function storageFull(cause?: unknown): HoldfastError {
  return new HoldfastError("there is no room left for recordings", {
    code: "storage_full",
    class: "capacity",
    scope: "service",
    cause,
  });
}

export function storageFailed(message: string, cause?: unknown): HoldfastError {
  return new HoldfastError(message, { code: "storage_failed", class: "transport", scope: "service", cause });
}

export function logInUse(): HoldfastError {
  return new HoldfastError("another window or process has this log of recordings open", {
    code: "log_in_use",
    class: "capacity",
    scope: "service",
  });
}
