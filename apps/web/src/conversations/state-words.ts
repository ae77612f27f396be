/**
 * The state of a conversation in words: one label, one sentence of reason, one tone. Every status and every reason code the
 * server may send has its own sentence; a code that is not known yet is shown as it is, never hidden.
 */
import type { Conversation } from "@holdfast/contract";
import { type Message, type MessageId, message } from "../i18n/message.ts";

export interface StateWords {
  readonly label: MessageId;
  readonly reason: Message;
  readonly tone: "live" | "waiting" | "attention" | "quiet";
  /** True while the server is still at it, so that the page keeps asking. */
  readonly unfinished: boolean;
  /** It is finished, and this is only something to know about it. */
  readonly isNote: boolean;
}

const PROCESSING: Readonly<Record<string, MessageId>> = {
  awaiting_transcription: "conversation.state.processing.awaiting_transcription",
  awaiting_processing: "conversation.state.processing.awaiting_processing",
  transcribing_upload: "conversation.state.processing.transcribing_upload",
  llm_unavailable: "conversation.state.processing.llm_unavailable",
  llm_invalid_answer: "conversation.state.processing.llm_invalid_answer",
};

const FAILED: Readonly<Record<string, MessageId>> = {
  llm_unavailable: "conversation.state.failed.llm_unavailable",
  llm_invalid_answer: "conversation.state.failed.llm_invalid_answer",
};

const COMPLETED: Readonly<Record<string, MessageId>> = {
  llm_unavailable: "conversation.state.completed.llm_unavailable",
  llm_invalid_answer: "conversation.state.completed.llm_invalid_answer",
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
        label: "conversation.state.in_progress",
        reason: message("conversation.state.in_progress.reason"),
        ...{ tone: "live", unfinished: true, isNote: false },
      };
    case "processing":
      return {
        label: "conversation.state.processing",
        reason:
          code === null
            ? message("conversation.state.processing.reason")
            : reason(PROCESSING, code, "conversation.state.processing.unknown"),
        ...{ tone: "waiting", unfinished: true, isNote: false },
      };
    case "merging": {
      // One that was finished before: written up again where the server says at what it is, else joined with another.
      const again = code === null ? undefined : PROCESSING[code];
      return {
        label: again === undefined ? "conversation.state.merging" : "conversation.state.processing",
        reason: message(again ?? "conversation.state.merging.reason"),
        ...{ tone: "waiting", unfinished: true, isNote: false },
      };
    }
    case "failed":
      return {
        label: "conversation.state.failed",
        reason:
          code === null
            ? message("conversation.state.failed.reason")
            : reason(FAILED, code, "conversation.state.failed.unknown"),
        ...{ tone: "attention", unfinished: false, isNote: false },
      };
    case "completed":
      if (conversation.discarded) {
        return {
          label: "conversation.state.discarded",
          reason: message("conversation.state.discarded.reason"),
          ...{ tone: "quiet", unfinished: false, isNote: false },
        };
      }
      if (code === null) return null;
      return {
        label: "conversation.state.completed",
        reason: reason(COMPLETED, code, "conversation.state.completed.unknown"),
        ...{ tone: "quiet", unfinished: false, isNote: true },
      };
    default:
      return conversation.status satisfies never;
  }
}

function reason(known: Readonly<Record<string, MessageId>>, code: string, otherwise: MessageId): Message {
  const id = known[code];
  return id === undefined ? message(otherwise, { code: code.replaceAll("_", " ") }) : message(id);
}
