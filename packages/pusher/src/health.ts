/**
 * Whether this pusher can finish a conversation now: it takes work, and the database answers. The answer is remembered for a
 * second, so that asking often costs nothing; a database that says nothing within two seconds counts as away.
 */
import type { Clock } from "@holdfast/core";
import { sleep } from "@holdfast/core";
import { type Db, pingDatabase } from "@holdfast/store";

export interface Health {
  readonly ok: boolean;
  readonly body: {
    readonly status: "ok" | "draining" | "database_unreachable";
    readonly running: number;
    readonly links: number;
    readonly summaries: "basic" | "llm";
  };
}

export interface HealthFacts {
  readonly draining: boolean;
  readonly running: number;
  readonly links: number;
  readonly summaries: "basic" | "llm";
}

const FRESH_MS = 1_000;
const WAIT_MS = 2_000;

export function createHealth(db: Db, clock: Clock, facts: () => Promise<HealthFacts>): () => Promise<Health> {
  let checkedMs = Number.NEGATIVE_INFINITY;
  let reachable: Promise<boolean> = Promise.resolve(false);
  return async () => {
    if (clock.now() - checkedMs >= FRESH_MS) {
      checkedMs = clock.now();
      reachable = answers(db, clock);
    }
    const isReachable = await reachable;
    const { draining, ...counts } = await facts();
    const status = draining ? "draining" : isReachable ? "ok" : "database_unreachable";
    return { ok: status === "ok", body: { status, ...counts } };
  };
}

async function answers(db: Db, clock: Clock): Promise<boolean> {
  const asked = pingDatabase(db).then(
    () => true,
    () => false,
  );
  return await Promise.race([asked, sleep(clock, WAIT_MS).then(() => false)]);
}
