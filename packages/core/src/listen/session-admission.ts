/**
 * Whether one more live session may begin, decided before the upgrade (law L9: a refusal says why and until when). A session
 * that begins is never ended for these reasons: better a short wait at the door than a recording that stops.
 *
 * The first that applies: the process drains · the database is away · the disk is nearly full · the process is full · its
 * loop is late · this user has too many sessions (429; everything else is 503 and concerns nobody in particular).
 */
export interface SessionLoad {
  readonly draining: boolean;
  readonly databaseReachable: boolean;
  /** Undefined where it cannot be known. */
  readonly diskFreeBytes: number | undefined;
  readonly sessions: number;
  readonly sessionsOfUser: number;
  /** 99th percentile of the last few seconds. */
  readonly loopDelayMs: number;
}

export interface SessionLimits {
  readonly maxSessions: number;
  readonly maxSessionsPerUser: number;
  readonly minDiskFreeBytes: number;
  readonly maxLoopDelayMs: number;
}

export interface SessionRefusal {
  readonly status: 429 | 503;
  readonly code:
    | "draining"
    | "database_unavailable"
    | "disk_full"
    | "sessions_full"
    | "overloaded"
    | "too_many_sessions";
  readonly detail: string;
  readonly retryAfterSeconds: number;
}

/** Undefined where the session may begin. */
export function refuseSession(load: SessionLoad, limits: SessionLimits): SessionRefusal | undefined {
  if (load.draining) return unavailable("draining", "This server is restarting", 5);
  if (!load.databaseReachable) return unavailable("database_unavailable", "The database cannot be reached", 5);
  if (load.diskFreeBytes !== undefined && load.diskFreeBytes < limits.minDiskFreeBytes) {
    return unavailable("disk_full", "There is no room for more recordings", 60);
  }
  if (load.sessions >= limits.maxSessions) return unavailable("sessions_full", "All places are taken", 15);
  if (load.loopDelayMs > limits.maxLoopDelayMs) return unavailable("overloaded", "This server is overloaded", 5);
  if (load.sessionsOfUser >= limits.maxSessionsPerUser) {
    const detail = "You have too many live sessions";
    return { status: 429, code: "too_many_sessions", detail, retryAfterSeconds: 30 };
  }
  return undefined;
}

function unavailable(code: SessionRefusal["code"], detail: string, retryAfterSeconds: number): SessionRefusal {
  return { status: 503, code, detail, retryAfterSeconds };
}
