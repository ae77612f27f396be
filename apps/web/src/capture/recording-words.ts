/** The one line below a running recording: what a person should know about its sound now; nothing while all is well. */
import type { MessageId } from "../i18n/message.ts";
import type { RecordingState } from "./recording-state.ts";

export function recordingNotice(recording: RecordingState): MessageId | null {
  const { phase, link, transcription, storage } = recording;
  // Sound that cannot be kept is worse than a server that is away.
  if (storage !== "fine") return `capture.notice.${storage}`;
  if (phase === "stopping") {
    return link === "live" || link === "connecting" ? "capture.notice.sending_last" : "capture.notice.rest_kept";
  }
  if (link !== "live") return `capture.notice.${link}`;
  if (transcription === "recovering") return "capture.notice.recovering";
  if (transcription === "failed") return "capture.notice.transcription_failed";
  return sourceNotice(recording);
}

function sourceNotice({ isOtherMicrophone, shared }: RecordingState): MessageId | null {
  if (isOtherMicrophone) return "capture.notice.other_microphone";
  return shared === "ended" || shared === "silent" ? `capture.notice.shared_${shared}` : null;
}
