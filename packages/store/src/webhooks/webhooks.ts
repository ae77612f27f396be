/**
 * Where a user wants to be told of things: at most one address for each type. An address without a switch is on; a person may
 * switch it off and on without losing it. Whether an address may be used at all is decided by those who take it and those
 * who connect to it.
 *
 * Locks: the one webhook row, for the length of the statement.
 */
import type { Db } from "../database.ts";

export const WEBHOOK_TYPES = ["memory_created", "realtime_transcript", "audio_bytes", "day_summary"] as const;
export type WebhookType = (typeof WEBHOOK_TYPES)[number];

export interface Webhook {
  readonly type: WebhookType;
  readonly url: string;
  /** How much sound one request holds; `audio_bytes` only. */
  readonly everySeconds: number | null;
  readonly enabled: boolean;
  /** What the last message to this address came to; null before the first. */
  readonly last: WebhookResult | null;
}

export interface WebhookResult {
  readonly atMs: number;
  /** Why it did not arrive; null where it did. */
  readonly code: string | null;
  /** HTTP status of the answer, if there was one. */
  readonly status: number | null;
}

/** Sets the address. A new one is on; a changed one stays on or off, and nothing was sent to it yet. */
export async function setWebhook(
  db: Db,
  userId: string,
  webhook: Pick<Webhook, "type" | "url" | "everySeconds">,
  nowMs: number,
): Promise<void> {
  const values = { url: webhook.url, every_seconds: webhook.everySeconds, updated_at: new Date(nowMs) };
  const unsent = { last_at: null, last_code: null, last_status: null };
  await db
    .insertInto("webhooks")
    .values({ user_id: userId, type: webhook.type, enabled: true, ...values })
    .onConflict((conflict) => conflict.columns(["user_id", "type"]).doUpdateSet({ ...values, ...unsent }))
    .execute();
}

/** Writes down what the last message came to, where the address is still the one it was sent to. */
export async function noteWebhookResult(
  db: Db,
  userId: string,
  { type, url }: Pick<Webhook, "type" | "url">,
  result: WebhookResult,
): Promise<void> {
  await db
    .updateTable("webhooks")
    .set({ last_at: new Date(result.atMs), last_code: result.code, last_status: result.status })
    .where("user_id", "=", userId)
    .where("type", "=", type)
    .where("url", "=", url)
    .execute();
}

export async function removeWebhook(db: Db, userId: string, type: WebhookType): Promise<void> {
  await db.deleteFrom("webhooks").where("user_id", "=", userId).where("type", "=", type).execute();
}

/** False where there is no address to switch. */
export async function enableWebhook(
  db: Db,
  userId: string,
  type: WebhookType,
  enabled: boolean,
  nowMs: number,
): Promise<boolean> {
  const result = await db
    .updateTable("webhooks")
    .set({ enabled, updated_at: new Date(nowMs) })
    .where("user_id", "=", userId)
    .where("type", "=", type)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** All addresses of a user, also those that are off. */
export async function listWebhooks(db: Db, userId: string): Promise<Webhook[]> {
  const rows = await db.selectFrom("webhooks").selectAll().where("user_id", "=", userId).orderBy("type").execute();
  return rows.map((row) => ({
    type: row.type as WebhookType,
    url: row.url,
    everySeconds: row.every_seconds,
    enabled: row.enabled,
    last: row.last_at === null ? null : { atMs: row.last_at, code: row.last_code, status: row.last_status },
  }));
}

/** What a live session should send over the link because somebody takes it there. */
export async function liveConsumers(db: Db, userId: string): Promise<{ transcript: boolean; audio: boolean }> {
  const on = (await listWebhooks(db, userId)).filter((webhook) => webhook.enabled).map((webhook) => webhook.type);
  return { transcript: on.includes("realtime_transcript"), audio: on.includes("audio_bytes") };
}
