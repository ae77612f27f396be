/**
 * Whether anybody wants the sound of one user, as far as this process knows: looked up when a session starts, and again, in the
 * background, when the answer is older than half a minute. A look-up that fails changes nothing; before the first answer
 * nobody wants it.
 */
import { messageOf } from "@holdfast/contract";
import type { Clock, Log } from "@holdfast/core";
import { type Db, liveConsumers } from "@holdfast/store";

const FRESH_MS = 30_000;

export function watchWanted(options: {
  readonly db: Db;
  readonly userId: string;
  readonly clock: Clock;
  readonly log: Log;
}): () => boolean {
  const { db, userId, clock, log } = options;
  let wanted = false;
  let askedMs = 0;

  const ask = async (nowMs: number): Promise<void> => {
    askedMs = nowMs;
    try {
      wanted = (await liveConsumers(db, userId)).audio;
    } catch (error) {
      log.debug({ error: messageOf(error) }, "who wants the sound could not be looked up");
    }
  };
  void ask(clock.now());
  return () => {
    const nowMs = clock.now();
    if (Math.abs(nowMs - askedMs) >= FRESH_MS) void ask(nowMs);
    return wanted;
  };
}
