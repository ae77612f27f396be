/**
 * What a user has set for the whole account: whether sound is kept, and the secret that webhooks and playback links are signed
 * with. A user without a row has the defaults. The secret is made when it is first needed.
 *
 * Locks: the one settings row, for the length of the statement.
 */
import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import type { Db } from "../database.ts";

/** True where the user wants the sound of conversations kept for playback. */
export async function privateCloudSync(db: Db, userId: string): Promise<boolean> {
  const row = await db
    .selectFrom("user_settings")
    .select("private_cloud_sync")
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return row?.private_cloud_sync ?? false;
}

export async function setPrivateCloudSync(db: Db, userId: string, enabled: boolean, nowMs: number): Promise<void> {
  const values = { private_cloud_sync: enabled, updated_at: new Date(nowMs) };
  await db
    .insertInto("user_settings")
    .values({ user_id: userId, ...values })
    .onConflict((conflict) => conflict.column("user_id").doUpdateSet(values))
    .execute();
}

/** The user's secret, if it was ever needed. */
export async function findSecret(db: Db, userId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom("user_settings")
    .select("webhook_secret")
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return row?.webhook_secret ?? undefined;
}

/** The user's secret; two callers at once get the same one. */
export async function ensureSecret(db: Db, userId: string, nowMs: number): Promise<string> {
  const row = await db
    .insertInto("user_settings")
    .values({ user_id: userId, webhook_secret: newSecret(), updated_at: new Date(nowMs) })
    .onConflict((conflict) =>
      conflict.column("user_id").doUpdateSet({
        webhook_secret: sql<string>`coalesce(user_settings.webhook_secret, excluded.webhook_secret)`,
      }),
    )
    .returning("webhook_secret")
    .executeTakeFirstOrThrow();
  return row.webhook_secret ?? "";
}

/** Makes a new secret. Whatever was signed with the old one is worth nothing from now on. */
export async function rotateSecret(db: Db, userId: string, nowMs: number): Promise<string> {
  const values = { webhook_secret: newSecret(), updated_at: new Date(nowMs) };
  await db
    .insertInto("user_settings")
    .values({ user_id: userId, ...values })
    .onConflict((conflict) => conflict.column("user_id").doUpdateSet(values))
    .execute();
  return values.webhook_secret;
}

function newSecret(): string {
  return `whsec_${randomBytes(32).toString("base64url")}`;
}
