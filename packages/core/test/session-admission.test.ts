/** The door of the gateway: who waits, for how long, and which reason is named when there are several. */
import { refuseSession, type SessionLimits, type SessionLoad, type SessionRefusal } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const LIMITS: SessionLimits = {
  maxSessions: 100,
  maxSessionsPerUser: 5,
  minDiskFreeBytes: 1_000,
  maxLoopDelayMs: 200,
};
const CALM: SessionLoad = {
  draining: false,
  databaseReachable: true,
  diskFreeBytes: 1_000,
  sessions: 99,
  sessionsOfUser: 4,
  loopDelayMs: 200,
};
/** In the order in which they are named. */
const TROUBLES: readonly (readonly [SessionRefusal["code"], Partial<SessionLoad>, 429 | 503])[] = [
  ["draining", { draining: true }, 503],
  ["database_unavailable", { databaseReachable: false }, 503],
  ["disk_full", { diskFreeBytes: 999 }, 503],
  ["sessions_full", { sessions: 100 }, 503],
  ["overloaded", { loopDelayMs: 201 }, 503],
  ["too_many_sessions", { sessionsOfUser: 5 }, 429],
];

describe("a new live session", () => {
  it("begins at exactly the limits, and where the disk cannot be asked", () => {
    expect(refuseSession(CALM, LIMITS)).toBeUndefined();
    expect(refuseSession({ ...CALM, diskFreeBytes: undefined }, LIMITS)).toBeUndefined();
  });

  it.each(TROUBLES)("waits for %s", (code, trouble, status) => {
    const refusal = refuseSession({ ...CALM, ...trouble }, LIMITS);
    expect(refusal).toMatchObject({ code, status });
    expect(refusal?.retryAfterSeconds).toBeGreaterThan(0);
  });

  it("is told the first of several reasons", () => {
    fc.assert(
      fc.property(fc.subarray([...TROUBLES.keys()], { minLength: 1 }), (indices) => {
        const load = Object.assign({}, CALM, ...indices.map((index) => TROUBLES[index]?.[1]));
        expect(refuseSession(load, LIMITS)?.code).toBe(TROUBLES[Math.min(...indices)]?.[0]);
      }),
    );
  });
});
