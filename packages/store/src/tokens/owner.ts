/**
 * The owner's token: made at the first start, kept in `<data>/owner.token`, readable by its owner only, valid in whatever
 * database the data folder is used with. Where it was revoked, the next start makes another one. Where the owner deleted the
 * account, the next start makes a new, empty one, which the token in the file opens.
 */
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@holdfast/core";
import type { Db } from "../database.ts";
import { newTokenText, storeToken, tokenHashOf } from "./tokens.ts";

export const OWNER_USER_ID = "owner";

/** Returns the token, making file and row if need be. */
export async function ensureOwnerToken(db: Db, dataDir: string, clock: Clock): Promise<string> {
  const path = join(dataDir, "owner.token");
  await mkdir(dataDir, { recursive: true });
  const kept = (await readFile(path, "utf8").catch(() => "")).trim();
  const token = kept === "" || (await isRevoked(db, kept)) ? await writeNew(path) : kept;
  await storeToken(db, token, { userId: OWNER_USER_ID, name: "owner", nowMs: clock.now() });
  return token;
}

async function isRevoked(db: Db, token: string): Promise<boolean> {
  const row = await db
    .selectFrom("tokens")
    .select("revoked_at")
    .where("hash", "=", tokenHashOf(token))
    .executeTakeFirst();
  return row !== undefined && row.revoked_at !== null;
}

async function writeNew(path: string): Promise<string> {
  const token = newTokenText();
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(`${token}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return token;
}
