/**
 * The state of a conversation in words: one label, one sentence of reason, one tone. Every status and every reason code the
 * server may send has its own sentence; a code that is not known yet is shown as it is, never hidden.
 */
import type { Conversation } from "@holdfast/contract";

export interface StateWords {
  readonly label: string;
  readonly reason: string;
  readonly tone: "live" | "waiting" | "attention" | "quiet";
  /** True while the server is still at it, so that the page keeps asking. */
  readonly unfinished: boolean;
}

const PROCESSING: Readonly<Record<string, string>> = {
  awaiting_transcription: "Some of its sound is still being transcribed. It is written up when that is done.",
  awaiting_processing: "The transcript is complete. The summary is next in line.",
  transcribing_upload: "The uploaded sound is being transcribed.",
  llm_unavailable: "The language model can't be reached. The transcript is safe; the summary is tried again.",
  llm_invalid_answer: "The language model's answer could not be used. The transcript is safe; it is asked again.",
};

const FAILED: Readonly<Record<string, string>> = {
  llm_unavailable: "The language model could not be reached. The transcript is complete.",
  llm_invalid_answer: "The language model's answer could not be used. The transcript is complete.",
};

const COMPLETED: Readonly<Record<string, string>> = {
  llm_unavailable: "The language model could not be reached, so this summary is a basic one.",
  llm_invalid_answer: "The language model's answer could not be used, so this summary is a basic one.",
};

/** Null for a finished conversation with nothing to add. */
export function stateWords(
  conversation: Pick<Conversation, "status" | "state_reason" | "discarded">,
): StateWords | null {
  const code = conversation.state_reason;
  switch (conversation.status) {
    case "in_progress":
      return {
        // Whether somebody is speaking right now is not known here, so it is not claimed.
        label: "Open",
        reason: "It goes on until it is stopped, or until two minutes of silence.",
        tone: "live",
        unfinished: true,
      };
    case "processing":
      return {
        label: "Being written up",
        reason: words(PROCESSING, code, "Its summary is being written."),
        tone: "waiting",
        unfinished: true,
      };
    case "merging":
      return {
        label: "Being joined",
        reason: "It is being joined with another conversation.",
        tone: "waiting",
        unfinished: true,
      };
    case "failed":
      return {
        label: "Not written up",
        reason: words(FAILED, code, "Its summary could not be written. The transcript is kept."),
        tone: "attention",
        unfinished: false,
      };
    case "completed":
      if (conversation.discarded) {
        return {
          label: "Set aside",
          reason: "Too little was said for a summary. The transcript is kept.",
          tone: "quiet",
          unfinished: false,
        };
      }
      if (code === null) return null;
      return { label: "Note", reason: words(COMPLETED, code, ""), tone: "quiet", unfinished: false };
    default:
      return conversation.status satisfies never;
  }
}

function words(known: Readonly<Record<string, string>>, code: string | null, otherwise: string): string {
  if (code === null) return otherwise;
  return known[code] ?? `${otherwise} (${code.replaceAll("_", " ")})`.trim();
}
