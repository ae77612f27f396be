/** Reading pictures: without their bytes for conversations, with them for who asks for them or describes them. */
import type { Db } from "../database.ts";

export interface PhotoView {
  readonly id: string;
  /** Empty where the bytes were not asked for. */
  readonly base64: string;
  readonly description: string | null;
  readonly discarded: boolean;
  readonly created_at: string;
  readonly content_type: string;
}

/** Of one conversation, oldest first. */
export async function loadPhotos(
  db: Db,
  userId: string,
  conversationId: string,
  options: { readonly withBytes: boolean },
): Promise<PhotoView[]> {
  const rows = await db
    .selectFrom("photos")
    .select(["id", "content_type", "description", "discarded", "created_at"])
    .$if(options.withBytes, (query) => query.select("bytes"))
    .where("user_id", "=", userId)
    .where("conversation_id", "=", conversationId)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  return rows.map((row) => ({
    id: row.id,
    base64: row.bytes?.toString("base64") ?? "",
    description: row.description,
    discarded: row.discarded,
    created_at: new Date(row.created_at).toISOString(),
    content_type: row.content_type,
  }));
}

export interface StoredPhoto {
  readonly contentType: string;
  readonly bytes: Buffer;
  readonly described: boolean;
}

export async function findPhoto(
  db: Db,
  key: { readonly userId: string; readonly conversationId: string; readonly id: string },
): Promise<StoredPhoto | undefined> {
  const row = await db
    .selectFrom("photos")
    .select(["content_type", "bytes", "described_at"])
    .where("user_id", "=", key.userId)
    .where("conversation_id", "=", key.conversationId)
    .where("id", "=", key.id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return { contentType: row.content_type, bytes: row.bytes, described: row.described_at !== null };
}

export interface PhotoKey {
  readonly conversationId: string;
  readonly id: string;
}

/** What became of pictures that wait: described, or gone with their conversation. Those still waiting are left out. */
export async function settledPhotos(
  db: Db,
  userId: string,
  photos: readonly PhotoKey[],
): Promise<{ readonly id: string; readonly description: string; readonly discarded: boolean }[]> {
  if (photos.length === 0) return [];
  const rows = await db
    .selectFrom("photos")
    .select(["id", "description", "discarded"])
    .where("user_id", "=", userId)
    .where("conversation_id", "in", [...new Set(photos.map((photo) => photo.conversationId))])
    .where(
      "id",
      "in",
      photos.map((photo) => photo.id),
    )
    .execute();
  const found = new Map(rows.map((row) => [row.id, row]));
  return photos.flatMap(({ id }) => {
    const row = found.get(id);
    if (row === undefined) return [{ id, description: "", discarded: true }];
    return row.description === null ? [] : [{ id, description: row.description, discarded: row.discarded }];
  });
}
