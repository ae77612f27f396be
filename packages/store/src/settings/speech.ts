/** What people said about speech to text: the language that somebody speaks, and the engine that the owner of the server prefers. */
import type { Db } from "../database.ts";
import { findServerSetting, removeServerSetting, setServerSetting } from "./server-settings.ts";

const ENGINE = "speech_engine";

/** BCP 47, or `multi` where it is to be found out; null where nobody said. */
export async function speechLanguage(db: Db, userId: string): Promise<string | null> {
  const row = await db
    .selectFrom("user_settings")
    .select("speech_language")
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return row?.speech_language ?? null;
}

export async function setSpeechLanguage(db: Db, userId: string, language: string | null, nowMs: number): Promise<void> {
  const values = { speech_language: language, updated_at: new Date(nowMs) };
  await db
    .insertInto("user_settings")
    .values({ user_id: userId, ...values })
    .onConflict((conflict) => conflict.column("user_id").doUpdateSet(values))
    .execute();
}

/** What `engineKey` gives for it; null where the order of the configuration holds. */
export async function preferredEngine(db: Db): Promise<string | null> {
  const { key } = (await findServerSetting(db, ENGINE)) ?? {};
  return typeof key === "string" ? key : null;
}

export async function setSpeechEngine(db: Db, key: string | null, nowMs: number): Promise<void> {
  if (key === null) await removeServerSetting(db, ENGINE);
  else await setServerSetting(db, ENGINE, { key }, nowMs);
}
