/**
 * One owner of a log among the windows and workers of an origin, by the Web Locks of the browser: a lock ends with its page,
 * however that ends. A page that is reloaded may meet itself for a moment, so the lock is waited for a little.
 */
import type { Clock } from "@holdfast/core";
import { logInUse } from "./store.ts";

const WAIT_MS = 2_000;

/** The part of `navigator.locks` that is needed. */
export interface WebLocks {
  request(name: string, options: { signal: AbortSignal }, held: () => Promise<void>): Promise<unknown>;
}

/** Resolves with the way to give the lock back. Throws HoldfastError `log_in_use`. */
export async function takeWebLock(
  locks: WebLocks,
  name: string,
  clock: Clock,
  waitMs: number = WAIT_MS,
): Promise<() => Promise<void>> {
  const giveUp = new AbortController();
  const timer = clock.after(waitMs, () => giveUp.abort());
  const released = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  const request = locks.request(name, { signal: giveUp.signal }, () => {
    timer.cancel();
    taken.resolve();
    return released.promise;
  });
  request.catch(() => taken.reject(logInUse()));
  await taken.promise;
  return async () => {
    released.resolve();
    await request;
  };
}
