/** The one line below a running recording: what a person should know about its sound now; nothing while all is well. */
import type { MessageId } from "../i18n/message.ts";
import type { RecordingState } from "./recording-state.ts";

export function recordingNotice({ phase, link, transcription, storage }: RecordingState): MessageId | null {
  // Sound that cannot be kept is worse than a server that is away.
  if (storage !== "fine") return `capture.notice.${storage}`;
  if (phase === "stopping") {
    return link === "live" || link === "connecting" ? "capture.notice.sending_last" : "capture.notice.rest_kept";
  }
  if (link !== "live") return `capture.notice.${link}`;
  if (transcription === "recovering") return "capture.notice.recovering";
  if (transcription === "failed") return "capture.notice.transcription_failed";
  return null;
}
