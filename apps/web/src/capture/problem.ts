/**
 * Everything that can keep a recording from starting or going on, each with what happened and what the person can do about
 * it, in plain words. Nothing here is guessed from the text of an error: browsers name these cases (`DOMException.name`).
 */
export type CaptureProblem =
  | "insecure"
  | "unsupported"
  | "denied"
  | "no_microphone"
  | "microphone_busy"
  | "microphone_lost"
  | "encoder_failed"
  | "storage_full"
  | "storage_failed"
  | "other_tab"
  | "end_not_kept"
  | "stop_failed";

export interface ProblemText {
  readonly title: string;
  readonly advice: string;
}

const TEXTS: Readonly<Record<CaptureProblem, ProblemText>> = {
  insecure: {
    title: "This address can't use the microphone",
    advice:
      "Browsers allow the microphone only over https, or on the machine itself. Open Holdfast as http://localhost with its port there, or put it behind https.",
  },
  unsupported: {
    title: "This browser can't record",
    advice: "Recording needs a current Chrome, Edge, Firefox or Safari. You can still drop a sound file here.",
  },
  denied: {
    title: "The microphone is blocked for this page",
    advice: "Allow it with the microphone sign in the address bar, then press record again.",
  },
  no_microphone: {
    title: "No microphone was found",
    advice: "Plug one in, or switch it on in your system settings, then press record again.",
  },
  microphone_busy: {
    title: "The microphone is in use",
    advice: "Another program holds it. Close that program, then press record again.",
  },
  microphone_lost: {
    title: "The microphone was disconnected",
    advice: "What was recorded until then is kept. Plug it back in and press record to go on.",
  },
  encoder_failed: {
    title: "The recording stopped",
    advice: "The browser's sound encoder failed. What was recorded until then is kept; press record to go on.",
  },
  storage_full: {
    title: "There is no room to record",
    advice:
      "This device is nearly full, and what you record could not be kept. Free some space, then press record again.",
  },
  storage_failed: {
    title: "Nothing can be kept here now",
    advice:
      "The browser does not let this page store sound, so it does not begin to record. A private window may be the reason; reload the page, or use an ordinary window.",
  },
  other_tab: {
    title: "Another tab has the recordings",
    advice: "Record there, or close that tab; this one takes over by itself.",
  },
  end_not_kept: {
    title: "The end of the recording could not be kept",
    advice: "This device took no more sound. What it took before is kept and goes up by itself.",
  },
  stop_failed: {
    title: "The recording could not be finished yet",
    advice: "Everything recorded is on the server. It becomes a conversation by itself after two minutes of silence.",
  },
};

export function describeProblem(problem: CaptureProblem): ProblemText {
  return TEXTS[problem];
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
