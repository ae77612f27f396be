/**
 * While somebody looks, jobs are asked after sooner than a machine alone would: after two seconds, and ever more rarely the
 * longer the work takes. A pause costs no question, and a page that is hidden asks at the engine's own pace.
 */
import type { HoldfastClient } from "@holdfast/client";
import type { Clock, Timer } from "@holdfast/core";

const SOONEST_MS = 2_000;
const LATEST_MS = 20_000;
/** The share of its age after which a job is asked after again. */
const SHARE = 1 / 6;

export function askInMs(ageMs: number): number {
  return Math.min(LATEST_MS, Math.max(SOONEST_MS, ageMs * SHARE));
}

/** Returns the end of it. */
export function askSoon({ sync, log }: HoldfastClient, clock: Clock, isLookedAt: () => boolean): () => void {
  let timer: Timer | undefined;
  const plan = (): void => {
    if (timer !== undefined) return;
    let newestMs = 0;
    for (const { status, uploadedAtMs } of log.recordings.values()) {
      if (status === "uploaded") newestMs = Math.max(newestMs, uploadedAtMs);
    }
    if (newestMs === 0) return;
    timer = clock.after(askInMs(clock.now() - newestMs), () => {
      timer = undefined;
      if (isLookedAt() && sync.status.limit === null) sync.wake("reconcile_due");
      else plan();
    });
  };
  const leave = sync.on((name) => {
    if (name === "pass_finished") plan();
  });
  return () => {
    leave();
    timer?.cancel();
  };
}
