/**
 * A token opens a session, and has to be good for as long as the session lasts. Every few seconds one statement asks after the
 * tokens of all sessions of the process; a session whose token is revoked, expired or gone makes durable what it has and is
 * closed with the code that the same token would now be refused with. Where the database is away nobody is ended.
 */
import { messageOf } from "@holdfast/contract";
import type { Clock, Log } from "@holdfast/core";
import { checkTokenHashes, type Db, type TokenCheck } from "@holdfast/store";
import { type Refusal, refusalOf } from "./admission.ts";

const CHECK_EVERY_MS = 5_000;

export interface EndableSession {
  end(refusal: Refusal): Promise<void>;
}

export interface TokenWatch<Session extends EndableSession> {
  watch(session: Session, tokenHash: string): void;
  unwatch(session: Session): void;
  /** Looks now; resolves when every session that has to end has been told. Never rejects. */
  check(): Promise<void>;
  close(): void;
}

export function watchTokens<Session extends EndableSession>(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
}): TokenWatch<Session> {
  const { db, clock, log } = deps;
  const watched = new Map<Session, string>();

  const look = async (): Promise<void> => {
    const asked = [...watched];
    const hashes = asked.map(([, hash]) => hash);
    const checks = await checkTokenHashes(db, hashes, clock.now());
    await Promise.all(asked.map(async ([session], at) => await endIfRefused(session, checks[at])));
  };

  const endIfRefused = async (session: Session, check: TokenCheck | undefined): Promise<void> => {
    const refusal = check === undefined ? undefined : refusalOf(check.outcome === "unknown" ? GONE : check);
    if (refusal === undefined || !watched.delete(session)) return;
    log.info({ event: "session_token_ended", code: refusal.code }, "the token of a live session is no longer good");
    await session.end(refusal);
  };

  const check = async (): Promise<void> => {
    await look().catch((error: unknown) => log.warn({ error: messageOf(error) }, "tokens could not be looked after"));
  };
  const timer = clock.every(CHECK_EVERY_MS, () => void check());
  return {
    watch: (session, tokenHash) => void watched.set(session, tokenHash),
    unwatch: (session) => void watched.delete(session),
    check,
    close: () => timer.cancel(),
  };
}

/** A token that was good a moment ago and is in no table now went with its account. */
const GONE: TokenCheck = { outcome: "revoked" };
