/**
 * Access tokens: 256 random bits, shown once, stored as a SHA-256 hash, revocable, optionally expiring. A token names its
 * user; there is no user without a token and no way around one.
 */
import { createHash, randomBytes } from "node:crypto";
import { HoldfastError } from "@holdfast/contract";
import type { Db } from "../database.ts";

export type TokenCheck =
  /** `tokenHash` in lower-case hex: the token itself is never kept. */
  | { readonly outcome: "valid"; readonly userId: string; readonly tokenHash: string }
  | { readonly outcome: "expired" }
  | { readonly outcome: "revoked" }
  | { readonly outcome: "unknown" };

export function tokenHashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

export function newTokenText(): string {
  return `hf_${randomBytes(32).toString("base64url")}`;
}

export interface NewToken {
  readonly userId: string;
  readonly name: string;
  readonly nowMs: number;
  readonly expiresMs?: number;
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
export async function createToken(db: Db, options: NewToken): Promise<string> {
  const token = newTokenText();
  await storeToken(db, token, options);
  return token;
}

/** Makes a token of known text valid; a repeated call changes nothing. Used for the owner's token kept in a file. */
export async function storeToken(db: Db, token: string, options: NewToken): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx
      .insertInto("users")
      .values({ id: options.userId, created_at: new Date(options.nowMs) })
      .onConflict((conflict) => conflict.column("id").doNothing())
      .execute();
    await insertToken(trx, token, options);
  });
}

export async function insertToken(trx: Db, token: string, options: NewToken): Promise<void> {
  await trx
    .insertInto("tokens")
    .values({
      hash: tokenHashOf(token),
      user_id: options.userId,
      name: options.name,
      created_at: new Date(options.nowMs),
      expires_at: options.expiresMs === undefined ? null : new Date(options.expiresMs),
    })
    .onConflict((conflict) => conflict.column("hash").doNothing())
    .execute();
}

/** Throws HoldfastError `account_being_deleted` for a new token of a user whose last account is not all gone yet. */
export async function checkToken(db: Db, token: string, nowMs: number): Promise<TokenCheck> {
  const [check] = await checkTokenHashes(db, [tokenHashOf(token).toString("hex")], nowMs);
  return check ?? { outcome: "unknown" };
}

/** The same for many at once, named by their hashes in hex; in the order they were asked for. */
export async function checkTokenHashes(db: Db, hashes: readonly string[], nowMs: number): Promise<TokenCheck[]> {
  if (hashes.length === 0) return [];
  const asked = [...new Set(hashes)].map((hash) => Buffer.from(hash, "hex"));
  const rows = await db
    .selectFrom("tokens")
    .selectAll()
    .select((eb) =>
      eb
        .exists(
          eb
            .selectFrom("account_deletions")
            .select("account_deletions.user_id")
            .whereRef("account_deletions.user_id", "=", "tokens.user_id")
            .where("finished_at", "is", null),
        )
        .as("being_deleted"),
    )
    .where("hash", "in", asked)
    .execute();
  const byHash = new Map(rows.map((row) => [row.hash.toString("hex"), row]));
  return hashes.map((tokenHash) => {
    const row = byHash.get(tokenHash);
    if (row === undefined) return { outcome: "unknown" };
    if (row.revoked_at !== null) return { outcome: "revoked" };
    if (row.expires_at !== null && row.expires_at <= nowMs) return { outcome: "expired" };
    if (row.being_deleted) throw beingDeleted();
    return { outcome: "valid", userId: row.user_id, tokenHash };
  });
}

function beingDeleted(): HoldfastError {
  const options = { code: "account_being_deleted", class: "capacity", scope: "account", retryAfterMs: 10_000 } as const;
  return new HoldfastError("what this account held before is being deleted", options);
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
