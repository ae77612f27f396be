/**
 * Asks the store whose token it is, and remembers a "valid" for a few seconds, so that a page that loads twenty things costs
 * one query. Refusals are never remembered: a token that was just made works at once. A token that another process revoked may
 * still pass for the length of the memory, and no longer; one that this process revokes is forgotten at once.
 */
import { createHash } from "node:crypto";
import type { Clock } from "@holdfast/core";
import { checkToken, type Db, noteTokenUse, type TokenCheck } from "@holdfast/store";

export const REMEMBER_VALID_MS = 5_000;
const MOST_REMEMBERED = 10_000;

export interface TokenChecker {
  /** Rejects where the database cannot be reached. */
  check(token: string): Promise<TokenCheck>;
  /** The next check of any token of this user asks the store. */
  forgetUser(userId: string): void;
}

type ValidToken = Extract<TokenCheck, { readonly outcome: "valid" }>;

interface Remembered {
  readonly check: ValidToken;
  readonly untilMs: number;
}

export function createTokenChecker(deps: { readonly db: Db; readonly clock: Clock }): TokenChecker {
  const remembered = new Map<string, Remembered>();
  // A check that began before somebody was forgotten may have read what is no longer true.
  let forgotten = 0;
  return {
    async check(token) {
      const key = createHash("sha256").update(token).digest("base64");
      const nowMs = deps.clock.now();
      const hit = remembered.get(key);
      if (hit !== undefined && nowMs < hit.untilMs && nowMs >= hit.untilMs - REMEMBER_VALID_MS) return hit.check;
      remembered.delete(key);
      const before = forgotten;
      const check = await checkToken(deps.db, token, nowMs);
      if (check.outcome !== "valid") return check;
      // Only for people to see; a database that takes no writes is no reason to refuse.
      await noteTokenUse(deps.db, check.tokenHash, nowMs).catch(() => {});
      if (before !== forgotten) return check;
      const oldest = remembered.size >= MOST_REMEMBERED ? remembered.keys().next().value : undefined;
      if (oldest !== undefined) remembered.delete(oldest);
      remembered.set(key, { check, untilMs: nowMs + REMEMBER_VALID_MS });
      return check;
    },
    forgetUser(userId) {
      forgotten += 1;
      for (const [key, { check }] of remembered) if (check.userId === userId) remembered.delete(key);
    },
  };
}
