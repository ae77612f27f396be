/**
 * Secrets of the whole server, made when they are first needed and kept in the database, so that every gateway has the same
 * and a restored backup still knows what it signed.
 *
 * Locks: the one row, for the length of the statement.
 */
import { randomBytes } from "node:crypto";
import type { Db } from "../database.ts";

/** 32 random bytes of this name; two callers at once get the same ones. */
export async function serverSecret(db: Db, name: string, nowMs: number): Promise<Uint8Array> {
  const known = await find(db, name);
  if (known !== undefined) return known;
  await db
    .insertInto("server_secrets")
    .values({ name, secret: randomBytes(32), created_at: new Date(nowMs) })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .execute();
  const made = await find(db, name);
  if (made === undefined) throw new Error(`the secret ${name} is gone as soon as it was made`);
  return made;
}

async function find(db: Db, name: string): Promise<Uint8Array | undefined> {
  const row = await db.selectFrom("server_secrets").select("secret").where("name", "=", name).executeTakeFirst();
  return row?.secret;
}
