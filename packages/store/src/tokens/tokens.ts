/**
 * Access tokens: 256 random bits, shown once, stored as a SHA-256 hash, revocable, optionally expiring. A token names its
 * user; there is no user without a token and no way around one.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Db } from "../database.ts";

export type TokenCheck =
  | { readonly outcome: "valid"; readonly userId: string }
  | { readonly outcome: "expired" }
  | { readonly outcome: "revoked" }
  | { readonly outcome: "unknown" };

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

export interface TokenInfo {
  readonly userId: string;
  readonly name: string;
  readonly createdMs: number;
  readonly revokedMs: number | null;
  readonly expiresMs: number | null;
  /** First 8 hex digits of the hash: enough to name a token, useless to forge one. */
  readonly fingerprint: string;
}

/** Makes a token for a user, creating the user if need be, and returns the only copy of its text. */
export async function createToken(
  db: Db,
  options: { readonly userId: string; readonly name: string; readonly nowMs: number; readonly expiresMs?: number },
): Promise<string> {
  const token = `hf_${randomBytes(32).toString("base64url")}`;
  await storeToken(db, token, options);
  return token;
}

/** Makes a token of known text valid; a repeated call changes nothing. Used for the owner's token kept in a file. */
export async function storeToken(
  db: Db,
  token: string,
  options: { readonly userId: string; readonly name: string; readonly nowMs: number; readonly expiresMs?: number },
): Promise<void> {
  const now = new Date(options.nowMs);
  await db.transaction().execute(async (trx) => {
    await trx
      .insertInto("users")
      .values({ id: options.userId, created_at: now })
      .onConflict((conflict) => conflict.column("id").doNothing())
      .execute();
    await trx
      .insertInto("tokens")
      .values({
        hash: hashOf(token),
        user_id: options.userId,
        name: options.name,
        created_at: now,
        expires_at: options.expiresMs === undefined ? null : new Date(options.expiresMs),
      })
      .onConflict((conflict) => conflict.column("hash").doNothing())
      .execute();
  });
}

export async function checkToken(db: Db, token: string, nowMs: number): Promise<TokenCheck> {
  const row = await db.selectFrom("tokens").selectAll().where("hash", "=", hashOf(token)).executeTakeFirst();
  if (row === undefined) return { outcome: "unknown" };
  if (row.revoked_at !== null) return { outcome: "revoked" };
  if (row.expires_at !== null && row.expires_at <= nowMs) return { outcome: "expired" };
  return { outcome: "valid", userId: row.user_id };
}

export async function listTokens(db: Db): Promise<TokenInfo[]> {
  const rows = await db.selectFrom("tokens").selectAll().orderBy("created_at").execute();
  return rows.map((row) => ({
    userId: row.user_id,
    name: row.name,
    createdMs: row.created_at,
    revokedMs: row.revoked_at,
    expiresMs: row.expires_at,
    fingerprint: row.hash.toString("hex").slice(0, 8),
  }));
}

/** Revokes by fingerprint. Returns how many tokens it named. */
export async function revokeToken(db: Db, fingerprint: string, nowMs: number): Promise<number> {
  const tokens = await db.selectFrom("tokens").select("hash").where("revoked_at", "is", null).execute();
  const named = tokens.filter((token) => token.hash.toString("hex").startsWith(fingerprint) && fingerprint.length >= 8);
  for (const token of named) {
    await db
      .updateTable("tokens")
      .set({ revoked_at: new Date(nowMs) })
      .where("hash", "=", token.hash)
      .execute();
  }
  return named.length;
}
