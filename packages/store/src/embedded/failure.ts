/** Failures of the embedded server. They concern the whole service, and a person has to act on them. */
import { HoldfastError } from "@holdfast/contract";

export type EmbeddedFailure =
  | "postgres_missing"
  | "postgres_version"
  | "postgres_account"
  | "postgres_folder"
  | "postgres_init_failed"
  | "postgres_start_failed"
  | "postgres_orphan"
  | "postgres_aborted";

export function embeddedFailure(code: EmbeddedFailure, message: string, cause?: unknown): HoldfastError {
  return new HoldfastError(message, { code, class: "permanent_input", scope: "service", cause });
}
