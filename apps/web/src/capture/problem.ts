/**
 * Everything that can keep a recording from starting or going on, each with what happened and what the person can do about
 * it, in plain words. Nothing here is guessed from the text of an error: browsers name these cases (`DOMException.name`).
 */
import type { MessageId } from "../i18n/message.ts";

export type CaptureProblem =
  | "insecure"
  | "unsupported"
  | "denied"
  | "no_microphone"
  | "microphone_busy"
  | "microphone_lost"
  | "no_shared_sound"
  | "encoder_failed"
  | "storage_full"
  | "storage_failed"
  | "other_tab"
  | "end_not_kept"
  | "stop_failed";

export interface ProblemText {
  readonly title: MessageId;
  readonly advice: MessageId;
}

export function describeProblem(problem: CaptureProblem): ProblemText {
  return { title: `capture.problem.${problem}.title`, advice: `capture.problem.${problem}.advice` };
}

const BY_NAME: Readonly<Record<string, CaptureProblem>> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "no_microphone",
  OverconstrainedError: "no_microphone",
  NotReadableError: "microphone_busy",
  AbortError: "microphone_busy",
};

/** What an exception of `getUserMedia` means. */
export function microphoneProblem(error: unknown): CaptureProblem {
  return (error instanceof DOMException ? BY_NAME[error.name] : undefined) ?? "unsupported";
}

/** A capture failure that has a name. */
export class CaptureError extends Error {
  readonly problem: CaptureProblem;

  constructor(problem: CaptureProblem, cause?: unknown) {
    super(`capture: ${problem}`, { cause });
    this.name = "CaptureError";
    this.problem = problem;
  }
}
