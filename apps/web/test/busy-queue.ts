/** What a server with much to do says of its queue. */
import type { QueueJob, QueueView } from "@holdfast/contract";

export function busyQueue(): QueueView {
  const at = (inMinutes: number): string => new Date(Date.now() + inMinutes * 60_000).toISOString();
  const job: Omit<QueueJob, "id"> = {
    ...{ kind: "sync", state: "queued", lane: "fresh", user_id: null, conversation_id: null, stage: null, attempts: 0 },
    ...{ created_at: at(-10), reason_code: null, waits_until: null },
  };
  const lane = { waiting: 2, sound_seconds: 5_400, oldest_age_seconds: 600, done_in_seconds: 120 };
  const none = { waiting: 0, sound_seconds: 0, oldest_age_seconds: 0, done_in_seconds: 0 };
  return {
    ...{ fresh: lane, backfill: none, audio_seconds_per_second: 12, speed_is_measured: true, more: 7 },
    jobs: [
      { ...job, id: "1", state: "leased", stage: "processing" },
      { ...job, id: "2", kind: "finalization", state: "blocked", reason_code: "awaiting_transcription" },
      { ...job, id: "3", reason_code: "stt_busy", waits_until: at(30) },
      { ...job, id: "4", user_id: "anna" },
    ],
    gave_up: [],
  };
}
