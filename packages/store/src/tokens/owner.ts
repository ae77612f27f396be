/**
 * The owner's token: made at the first start, kept in `<data>/owner.token`, readable by its owner only, valid in whatever
 * database the data folder is used with.
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@holdfast/core";
import type { Db } from "../database.ts";
import { storeToken } from "./tokens.ts";

export const OWNER_USER_ID = "owner";

/** Returns the token, making file and row if need be. */
export async function ensureOwnerToken(db: Db, dataDir: string, clock: Clock): Promise<string> {
  const path = join(dataDir, "owner.token");
  await mkdir(dataDir, { recursive: true });
  let token = (await readFile(path, "utf8").catch(() => "")).trim();
  if (token === "") {
    token = `hf_${randomBytes(32).toString("base64url")}`;
    const file = await open(path, "w", 0o600);
    try {
      await file.writeFile(`${token}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  }
  await storeToken(db, token, { userId: OWNER_USER_ID, name: "owner", nowMs: clock.now() });
  return token;
}
