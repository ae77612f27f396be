/**
 * Keeps a picture of a live conversation, together with the job that will describe it and the time that says the conversation
 * is alive, in one transaction (law L1). The id is a function of the picture, so a repeated call adds nothing.
 *
 * Locks: the conversation row, then the new photo and job rows.
 */

import { sql } from "kysely";
import { lockedConversation } from "../conversations/lock.ts";
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import { enqueueJob } from "../jobs/enqueue.ts";

export interface NewPhoto {
  readonly userId: string;
  readonly conversationId: string;
  readonly id: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
  readonly nowMs: number;
}

/** Payload of a `photo` job. */
export interface PhotoPayload {
  readonly photo_id: string;
}

/** `closed`: the conversation takes no more content; nothing was written. */
export async function addPhoto(db: Db, photo: NewPhoto): Promise<"stored" | "closed"> {
  return await db.transaction().execute(async (trx) => {
    const now = new Date(photo.nowMs);
    const row = await lockedConversation(trx, photo.userId, photo.conversationId).select("status").executeTakeFirst();
    if (row?.status !== "in_progress") return "closed";
    await trx
      .insertInto("photos")
      .values({
        user_id: photo.userId,
        conversation_id: photo.conversationId,
        id: photo.id,
        content_type: photo.contentType,
        bytes: Buffer.from(photo.bytes.buffer, photo.bytes.byteOffset, photo.bytes.byteLength),
        description: null,
        created_at: now,
        described_at: null,
      })
      .onConflict((conflict) => conflict.columns(["user_id", "conversation_id", "id"]).doNothing())
      .execute();
    const payload: PhotoPayload = { photo_id: photo.id };
    await enqueueJob(trx, {
      userId: photo.userId,
      id: deterministicUuid(photo.userId, photo.conversationId, "photo", photo.id),
      kind: "photo",
      conversationId: photo.conversationId,
      payload: { ...payload },
      dueMs: photo.nowMs,
      nowMs: photo.nowMs,
    });
    await trx
      .updateTable("conversations")
      .set({ finished_at: sql`greatest(finished_at, ${now})`, updated_at: now })
      .where("user_id", "=", photo.userId)
      .where("id", "=", photo.conversationId)
      .execute();
    return "stored";
  });
}
