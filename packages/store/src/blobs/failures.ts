/** What the file system says, as failures with a class: a full disk is `capacity`, and what is gone stays gone. */
import { HoldfastError } from "@holdfast/contract";

export function asStorageError(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new HoldfastError("there is no room left for recordings", {
      code: "storage_full",
      class: "capacity",
      scope: "service",
      retryAfterMs: 60_000,
      cause: error,
    });
  }
  if (code === "ENOENT") {
    return new HoldfastError("the stored bytes are gone", {
      code: "blob_missing",
      class: "permanent_input",
      cause: error,
    });
  }
  return error;
}

export function tooLarge(maxBytes: number): HoldfastError {
  return new HoldfastError(`a file may not be larger than ${Math.floor(maxBytes / 1024)} KB`, {
    code: "payload_too_large",
    class: "permanent_input",
  });
}

export function thrownAsStorageError(error: unknown): never {
  throw asStorageError(error);
}
