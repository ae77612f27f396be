/**
 * Asks the store whose token it is, and remembers a "valid" for a few seconds, so that a page that loads twenty things costs
 * one query. Refusals are never remembered: a token that was just made works at once. A revoked token may still pass for the
 * length of the memory, and no longer.
 */
import { createHash } from "node:crypto";
import type { Clock } from "@holdfast/core";
import { checkToken, type Db, type TokenCheck } from "@holdfast/store";

export const REMEMBER_VALID_MS = 5_000;
const MOST_REMEMBERED = 10_000;

export interface TokenChecker {
  /** Rejects where the database cannot be reached. */
  check(token: string): Promise<TokenCheck>;
}

interface Remembered {
  readonly check: TokenCheck;
  readonly untilMs: number;
}

export function createTokenChecker(deps: { readonly db: Db; readonly clock: Clock }): TokenChecker {
  const remembered = new Map<string, Remembered>();
  return {
    async check(token) {
      const key = createHash("sha256").update(token).digest("base64");
      const nowMs = deps.clock.now();
      const hit = remembered.get(key);
      if (hit !== undefined && nowMs < hit.untilMs && nowMs >= hit.untilMs - REMEMBER_VALID_MS) return hit.check;
      remembered.delete(key);
      const check = await checkToken(deps.db, token, nowMs);
      if (check.outcome !== "valid") return check;
      const oldest = remembered.size >= MOST_REMEMBERED ? remembered.keys().next().value : undefined;
      if (oldest !== undefined) remembered.delete(oldest);
      remembered.set(key, { check, untilMs: nowMs + REMEMBER_VALID_MS });
      return check;
    },
  };
}
