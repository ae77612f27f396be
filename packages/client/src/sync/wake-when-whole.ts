/** What becomes whole in a log goes to the server. Returns the way out. */
import type { RecordingLog } from "../log/recording-log.ts";
import type { SyncEngine } from "./engine.ts";

export function wakeWhenWhole(log: Pick<RecordingLog, "on">, engine: Pick<SyncEngine, "wake">): () => void {
  return log.on((event) => {
    if (event.type !== "recording_added" && event.type !== "recording_changed") return;
    const isNew = event.type === "recording_added" || event.before.status === "in_progress";
    if (isNew && event.recording.status === "miss") engine.wake("recording_sealed");
  });
}
