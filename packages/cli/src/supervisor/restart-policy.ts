/**
 * When a dead child is started again: at once for all a person can tell (100 ms), then twice as late each time, at most
 * 10 s. A child that was healthy for 30 s has earned a clean record. It never gives up: the cause may pass (a full disk, a
 * database that is being moved), and a recorder that stays down loses what one that tries again would keep.
 */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 10_000;
const HEALTHY_AFTER_MS = 30_000;

/** Deaths in a row, without 30 s of health between them. */
export interface RestartRecord {
  readonly deaths: number;
}

export const cleanRecord: RestartRecord = { deaths: 0 };

export interface RestartDecision {
  readonly record: RestartRecord;
  readonly waitMs: number;
}

/** What to do about a death. `healthyMs` is how long the child was ready before it; 0 if it never was. */
export function afterDeath(record: RestartRecord, healthyMs: number): RestartDecision {
  const before = healthyMs >= HEALTHY_AFTER_MS ? 0 : record.deaths;
  const waitMs = Math.min(FIRST_WAIT_MS * 2 ** Math.min(before, 20), LONGEST_WAIT_MS);
  return { record: { deaths: before + 1 }, waitMs };
}
