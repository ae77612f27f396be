/**
 * Stores words and moves the watermark over the audio they came from, in one transaction: after a crash every stretch of
 * audio is either transcribed and stored or still ahead of the watermark, never both and never neither (law L7).
 *
 * Locks: the conversation row, then the recording session row (the order of `admit.ts`).
 */

import type { Segment } from "@holdfast/contract";
import { lockedConversation } from "../conversations/lock.ts";
import { deleteSegments, upsertSegments } from "../conversations/segments.ts";
import type { Db } from "../database.ts";
import { movedTo, type RecordingHold, type Watermark } from "./open.ts";

export interface SegmentCommit {
  readonly hold: Pick<RecordingHold, "userId" | "id" | "epoch">;
  readonly conversationId: string;
  readonly upserts: readonly Segment[];
  readonly deletedIds: readonly string[];
  /** Audio covered by everything committed so far; must be durable already. */
  readonly watermark: Watermark;
  /** Set with the first words of a conversation: wall time of their first sample. */
  readonly startedAtMs?: number;
  readonly nowMs: number;
}

/** `fenced`: another socket owns the session. `closed`: the conversation is no longer open. Nothing was written then. */
export async function commitSegments(db: Db, commit: SegmentCommit): Promise<"stored" | "fenced" | "closed"> {
  const { hold } = commit;
  return await db.transaction().execute(async (trx) => {
    const conversation = await lockedConversation(trx, hold.userId, commit.conversationId)
      .select("status")
      .executeTakeFirst();
    if (conversation?.status !== "in_progress") return "closed";
    const moved = await trx
      .updateTable("recording_sessions")
      .set(movedTo(commit.watermark))
      .where("user_id", "=", hold.userId)
      .where("id", "=", hold.id)
      .where("epoch", "=", hold.epoch)
      .executeTakeFirst();
    if (moved.numUpdatedRows !== 1n) return "fenced";
    await deleteSegments(trx, hold.userId, commit.conversationId, commit.deletedIds);
    await upsertSegments(trx, hold.userId, commit.conversationId, commit.upserts);
    const now = new Date(commit.nowMs);
    await trx
      .updateTable("conversations")
      .set({
        finished_at: now,
        updated_at: now,
        ...(commit.startedAtMs === undefined ? {} : { started_at: new Date(commit.startedAtMs) }),
      })
      .where("user_id", "=", hold.userId)
      .where("id", "=", commit.conversationId)
      .execute();
    return "stored";
  });
}
