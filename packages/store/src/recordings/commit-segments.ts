/**
 * Stores words and moves the watermark over the audio they came from, in one transaction: after a crash every stretch of
 * audio is either transcribed and stored or still ahead of the watermark, never both and never neither (law L7). Where speech
 * is measured it is counted here too, so that the meter of fair use is as exact as the words.
 *
 * Locks: the conversation row, then the recording session row (the order of `admit.ts`), then what `fair-use/add-speech.ts` locks.
 */

import type { Segment } from "@holdfast/contract";
import { lockedConversation } from "../conversations/lock.ts";
import { deleteSegments, shiftSegments, upsertSegments } from "../conversations/segments.ts";
import type { Db } from "../database.ts";
import { type CountedSpeech, countSpeech } from "../fair-use/add-speech.ts";
import { movedTo, type RecordingHold, type Watermark } from "./open.ts";

export interface SegmentCommit {
  readonly hold: Pick<RecordingHold, "userId" | "id" | "epoch">;
  readonly conversationId: string;
  readonly upserts: readonly Segment[];
  readonly deletedIds: readonly string[];
  /** Audio covered by everything committed so far; must be durable already. */
  readonly watermark: Watermark;
  /** Set with the first words of a conversation, as far as the caller knows: wall time of their first sample. */
  readonly startedAtMs?: number;
  /** Otherwise: where the conversation begins, as far as the caller knows. The times of `upserts` count from there. */
  readonly baseMs?: number;
  /** Counted towards the limits of the user, if anybody measures it. */
  readonly speech?: readonly CountedSpeech[];
  readonly nowMs: number;
}

export type CommitOutcome =
  /** `startedAtMs` is where the conversation begins now: a repair may have put words before those that the caller knew. */
  | { readonly outcome: "stored"; readonly startedAtMs: number }
  /** `fenced`: another socket owns the session. `closed`: the conversation is no longer open. Nothing was written then. */
  | { readonly outcome: "fenced" | "closed" };

export async function commitSegments(db: Db, commit: SegmentCommit): Promise<CommitOutcome> {
  const { hold } = commit;
  return await db.transaction().execute(async (trx) => {
    const conversation = await lockedConversation(trx, hold.userId, commit.conversationId)
      .select(["status", "started_at"])
      .executeTakeFirst();
    if (conversation === undefined) return { outcome: "closed" };
    if (conversation.status !== "in_progress") {
      const isThere = await isStored(trx, commit);
      return isThere ? { outcome: "stored", startedAtMs: conversation.started_at } : { outcome: "closed" };
    }
    const moved = await trx
      .updateTable("recording_sessions")
      .set(movedTo(commit.watermark))
      .where("user_id", "=", hold.userId)
      .where("id", "=", hold.id)
      .where("epoch", "=", hold.epoch)
      .executeTakeFirst();
    if (moved.numUpdatedRows !== 1n) return { outcome: "fenced" };
    const startedAtMs = await placeStart(trx, commit, conversation.started_at);
    const byMs = (commit.startedAtMs ?? commit.baseMs ?? startedAtMs) - startedAtMs;
    const upserts = byMs === 0 ? commit.upserts : commit.upserts.map((segment) => movedSegment(segment, byMs));
    await deleteSegments(trx, hold.userId, commit.conversationId, commit.deletedIds);
    await upsertSegments(trx, hold.userId, commit.conversationId, upserts);
    const now = new Date(commit.nowMs);
    await trx
      .updateTable("conversations")
      .set({
        finished_at: now,
        updated_at: now,
        ...(commit.startedAtMs === undefined ? {} : { started_at: new Date(startedAtMs) }),
      })
      .where("user_id", "=", hold.userId)
      .where("id", "=", commit.conversationId)
      .execute();
    const { speech = [], nowMs } = commit;
    if (speech.length > 0) await countSpeech(trx, { userId: hold.userId, source: "realtime", speech, nowMs });
    return { outcome: "stored", startedAtMs };
  });
}

/**
 * True where this commit happened before and only its answer was lost: the caller repeats it, the conversation was ended
 * meanwhile, and the words must not go into the next one too.
 */
async function isStored(trx: Db, { hold, conversationId, upserts }: SegmentCommit): Promise<boolean> {
  if (upserts.length === 0) return false;
  const rows = await trx
    .selectFrom("segments")
    .select(["id", "text"])
    .where("user_id", "=", hold.userId)
    .where("conversation_id", "=", conversationId)
    .where(
      "id",
      "in",
      upserts.map(({ id }) => id),
    )
    .execute();
  const texts = new Map(rows.map(({ id, text }) => [id, text]));
  return upserts.every(({ id, text }) => texts.get(id) === text);
}

/** Where the conversation begins with these words; what is there already is moved if it begins earlier now. */
async function placeStart(trx: Db, commit: SegmentCommit, storedMs: number): Promise<number> {
  if (commit.startedAtMs === undefined) return storedMs;
  const { userId } = commit.hold;
  const repaired = await trx
    .selectFrom("segments")
    .select("id")
    .where("user_id", "=", userId)
    .where("conversation_id", "=", commit.conversationId)
    .limit(1)
    .executeTakeFirst();
  if (repaired === undefined) return commit.startedAtMs;
  const startedAtMs = Math.min(storedMs, commit.startedAtMs);
  await shiftSegments(trx, userId, commit.conversationId, storedMs - startedAtMs);
  return startedAtMs;
}

/** The same words at the same moment, counted from an earlier start. */
export function movedSegment(segment: Segment, byMs: number): Segment {
  const moved = (seconds: number): number => Math.round(seconds * 1000 + byMs) / 1000;
  return { ...segment, start: moved(segment.start), end: moved(segment.end) };
}
