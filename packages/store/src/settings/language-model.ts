/** The language model that the owner of the server set in the page. Its key leaves the database only to be sent to that address. */
import type { Db } from "../database.ts";
import { findServerSetting, removeServerSetting, setServerSetting } from "./server-settings.ts";

export interface StoredLanguageModel {
  readonly url: string;
  readonly model: string;
  readonly key: string | null;
}

const NAME = "language_model";

/** Undefined where none is set. */
export async function storedLanguageModel(db: Db): Promise<StoredLanguageModel | undefined> {
  const { url, model, key } = (await findServerSetting(db, NAME)) ?? {};
  if (typeof url !== "string" || typeof model !== "string") return undefined;
  return { url, model, key: typeof key === "string" ? key : null };
}

export async function storeLanguageModel(
  db: Db,
  { url, model, key }: StoredLanguageModel,
  nowMs: number,
): Promise<void> {
  await setServerSetting(db, NAME, { url, model, key }, nowMs);
}

export async function removeLanguageModel(db: Db): Promise<void> {
  await removeServerSetting(db, NAME);
}
