/** The one line below a running recording: what a person should know about its sound now; nothing while all is well. */
import type { RecordingState } from "./recording-state.ts";

export function recordingNotice({ phase, link, transcription, storage }: RecordingState): string {
  // Sound that cannot be kept is worse than a server that is away.
  switch (storage) {
    case "losing":
      return "This device takes no more sound, and what you say now is being lost. Free some space, or stop.";
    case "stalled":
      return "This device takes no sound at the moment. It is held in memory and tried again; do not close the page.";
    case "lost":
      return "Some seconds were lost while this device took no sound. Everything else is kept.";
    case "low":
      return "Room on this device is running out. What you record is kept as long as there is some.";
    case "fine":
      break;
    default:
      return storage satisfies never;
  }
  if (phase === "stopping") {
    return link === "live" || link === "connecting"
      ? "Sending the last seconds…"
      : "The server can't be reached. The rest is kept here and goes up by itself.";
  }
  if (link === "refused") {
    return "The server takes no live sound now. Go on speaking: the sound is kept here and uploaded instead.";
  }
  if (link === "reconnecting") {
    return "The server can't be reached. Go on speaking: the sound is kept here and sent as soon as it is back.";
  }
  if (link === "connecting") return "Connecting. The sound is being kept.";
  if (transcription === "recovering") return "The transcription restarts. The sound is being kept; its words follow.";
  if (transcription === "failed") {
    return "Nothing can be transcribed now. The sound is being kept; its words follow later.";
  }
  return "";
}
