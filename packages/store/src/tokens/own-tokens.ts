/**
 * The tokens of one user, as that user may see and end them. A token is named by `id`, the first 16 hex digits of its hash:
 * enough to tell it from every other of the user, useless to forge one. Every statement carries the user id, so nobody reaches
 * the tokens of somebody else.
 */
import { HoldfastError } from "@holdfast/contract";
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { insertToken, newTokenText, tokenHashOf } from "./tokens.ts";

/** Tokens of one user that are neither revoked nor expired; more are not made. */
export const MAX_TOKENS_PER_USER = 100;
/** A use is written down at most this often for each token. */
const NOTE_USE_EVERY_MS = 60_000;
const ID_DIGITS = 16;

export interface OwnToken {
  readonly id: string;
  readonly name: string;
  readonly createdMs: number;
  /** Within a minute; null where it was never used. */
  readonly lastUsedMs: number | null;
  readonly expiresMs: number | null;
}

export function tokenIdOf(tokenHash: string): string {
  return tokenHash.slice(0, ID_DIGITS);
}

/** All that are not revoked, expired ones too; the newest first. */
export async function listOwnTokens(db: Db, userId: string): Promise<OwnToken[]> {
  const rows = await db
    .selectFrom("tokens")
    .selectAll()
    .where("user_id", "=", userId)
    .where("revoked_at", "is", null)
    .orderBy("created_at", "desc")
    .orderBy("hash")
    .execute();
  return rows.map((row) => ({
    id: tokenIdOf(row.hash.toString("hex")),
    name: row.name,
    createdMs: row.created_at,
    lastUsedMs: row.last_used_at,
    expiresMs: row.expires_at,
  }));
}

/**
 * Makes a token for a user that exists; `token` is the only copy of its text. Throws HoldfastError `too_many_tokens`, and
 * `unauthorized` where the user is gone.
 *
 * Locks: the user's row, so that two at once count one another, then the new row.
 */
export async function createOwnToken(
  db: Db,
  options: {
    readonly userId: string;
    readonly name: string;
    readonly nowMs: number;
    readonly expiresMs: number | null;
  },
): Promise<{ readonly token: string; readonly made: OwnToken }> {
  const { userId, name, nowMs, expiresMs } = options;
  const now = new Date(nowMs);
  const token = newTokenText();
  await db.transaction().execute(async (trx) => {
    const user = await trx.selectFrom("users").select("id").where("id", "=", userId).forUpdate().executeTakeFirst();
    if (user === undefined) {
      throw new HoldfastError("this account is gone", { code: "unauthorized", class: "auth", scope: "account" });
    }
    const { rows } = await sql<{ n: number }>`select count(*) as n from tokens where user_id = ${userId}
      and revoked_at is null and (expires_at is null or expires_at > ${now})`.execute(trx);
    if ((rows[0]?.n ?? 0) >= MAX_TOKENS_PER_USER) {
      throw new HoldfastError(`an account has at most ${MAX_TOKENS_PER_USER} tokens; revoke one first`, {
        code: "too_many_tokens",
        class: "permanent_input",
        scope: "account",
      });
    }
    await insertToken(trx, token, { userId, name, nowMs, ...(expiresMs === null ? {} : { expiresMs }) });
  });
  const id = tokenIdOf(tokenHashOf(token).toString("hex"));
  return { token, made: { id, name, createdMs: nowMs, lastUsedMs: null, expiresMs } };
}

/** False where the user has no such token, or it was revoked before. */
export async function revokeOwnToken(db: Db, userId: string, id: string, nowMs: number): Promise<boolean> {
  if (!/^[0-9a-f]{16}$/.test(id)) return false;
  const { rows } = await sql`update tokens set revoked_at = ${new Date(nowMs)}
    where user_id = ${userId} and revoked_at is null and encode(hash, 'hex') like ${`${id}%`} returning 1`.execute(db);
  return rows.length > 0;
}

/** Writes down that a token was used; most calls find that somebody did a moment ago, and write nothing. */
export async function noteTokenUse(db: Db, tokenHash: string, nowMs: number): Promise<void> {
  await sql`update tokens set last_used_at = ${new Date(nowMs)} where hash = ${Buffer.from(tokenHash, "hex")}
    and (last_used_at is null or last_used_at <= ${new Date(nowMs - NOTE_USE_EVERY_MS)})`.execute(db);
}
