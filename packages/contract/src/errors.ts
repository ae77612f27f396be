/**
 * Typed failures. Every error that crosses a module boundary is a HoldfastError: it says what happened (`code`), what kind
 * of failure it is (`class`), and whose it is (`scope`). The class is data (law L4): only `content` spends an attempt of a
 * job, and no code anywhere decides on the words of a message.
 */

/** What kind of failure it is. Only `content` counts against a job's attempts. */
export type FailureClass = "content" | "permanent_input" | "throttle" | "capacity" | "transport" | "auth";

export const FAILURE_CLASSES: readonly FailureClass[] = [
  "content",
  "permanent_input",
  "throttle",
  "capacity",
  "transport",
  "auth",
];

/** Whose failure it is: one item, the whole account, or the whole service. */
export type FailureScope = "item" | "account" | "service";

export interface HoldfastErrorOptions {
  readonly code: string;
  readonly class: FailureClass;
  readonly scope?: FailureScope;
  /** How long the caller should wait before it tries again, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

export class HoldfastError extends Error {
  readonly code: string;
  readonly class: FailureClass;
  readonly scope: FailureScope;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: HoldfastErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "HoldfastError";
    this.code = options.code;
    this.class = options.class;
    this.scope = options.scope ?? "item";
    this.retryAfterMs = options.retryAfterMs;
  }

  /** True where the same request may succeed later without being changed. */
  get retryable(): boolean {
    return this.class === "throttle" || this.class === "capacity" || this.class === "transport";
  }
}

/** Works across duplicate installs of this package, where `instanceof` would not. */
export function isHoldfastError(error: unknown): error is HoldfastError {
  return error instanceof Error && error.name === "HoldfastError" && "code" in error && "class" in error;
}

/** The class of any thrown value; something nobody classified is a `content` failure, so that it cannot retry for ever. */
export function failureClassOf(error: unknown): FailureClass {
  return isHoldfastError(error) ? error.class : "content";
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
