/**
 * Removes bare samples that nobody listened to for thirty days (reference offline-sync section 10); the Opus file stays, and
 * they are made again when somebody asks. Several pushers may sweep at once: each file is decided under its own lock.
 */
import { type BlobStore, type Db, findUnusedPcm, forgetPcm, pcmKey } from "@holdfast/store";

export const PCM_UNUSED_MS = 30 * 86_400_000;
const PAGE_ROWS = 100;

/** Returns how many were removed. */
export async function sweepUnusedPcm(db: Db, blobs: BlobStore, nowMs: number): Promise<number> {
  const beforeMs = nowMs - PCM_UNUSED_MS;
  let removed = 0;
  for (const unused of await findUnusedPcm(db, beforeMs, PAGE_ROWS)) {
    if (await forgetPcm(db, unused, beforeMs, () => blobs.removeAll(pcmKey(unused)))) removed += 1;
  }
  return removed;
}
