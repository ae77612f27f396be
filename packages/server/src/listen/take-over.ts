/**
 * What a new socket does with audio that the socket before left untranscribed: a short stretch of the same format is fed to
 * its own recogniser first, so that no word is cut; anything else becomes a gap-repair job.
 */
import { type Db, handOverGap, loadChunks, type RecordingHold } from "@holdfast/store";
import type { AudioFormat } from "./admission.ts";

/** Two minutes of 10 ms packets. */
const MAX_REPLAYED_MESSAGES = 12_000;

export async function takeOverGap(
  db: Db,
  hold: RecordingHold,
  format: AudioFormat,
  nowMs: number,
): Promise<RecordingHold> {
  const { userId, id, transcribedMessages: from, durableMessages: to } = hold;
  if (from >= to) return hold;
  const [first] = await loadChunks(db, userId, id, from, from + 1);
  const sameFormat =
    first?.codec === format.codec && first.sampleRate === format.sampleRate && first.channels === format.channels;
  if (sameFormat && to - from <= MAX_REPLAYED_MESSAGES && format.codec !== "pcm8") return hold;
  await db.transaction().execute((trx) => handOverGap(trx, userId, id, nowMs, hold.epoch));
  return { ...hold, transcribedMessages: to, channelMarks: {} };
}
