/**
 * Settings of the whole server that its owner makes, by name. Who reads one also says what is in it; what cannot be read counts
 * as not set.
 *
 * Locks: the one row, for the length of the statement.
 */
import type { Db } from "../database.ts";

export async function findServerSetting(db: Db, name: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const row = await db.selectFrom("server_settings").select("value").where("name", "=", name).executeTakeFirst();
  return row?.value;
}

export async function setServerSetting(
  db: Db,
  name: string,
  value: Readonly<Record<string, unknown>>,
  nowMs: number,
): Promise<void> {
  const values = { value: JSON.stringify(value), updated_at: new Date(nowMs) };
  await db
    .insertInto("server_settings")
    .values({ name, ...values })
    .onConflict((conflict) => conflict.column("name").doUpdateSet(values))
    .execute();
}

export async function removeServerSetting(db: Db, name: string): Promise<void> {
  await db.deleteFrom("server_settings").where("name", "=", name).execute();
}
