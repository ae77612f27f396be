/**
 * Waits for the conversations that this session handed over and tells the client when they are done. A result on the link
 * makes it look at once. The store is looked at all the same, because any pusher may have done the work (DESIGN section 2:
 * the link is a nudge, not the truth): every second at first, then less often the longer a conversation waits, so that many
 * sessions without a pusher cost the database little.
 */
import type { Conversation } from "@holdfast/contract";
import { messageOf } from "@holdfast/contract";
import type { Clock, Log, Timer } from "@holdfast/core";
import { type Db, findConversation, type Lifecycle, lifecycleOf, wholeConversation } from "@holdfast/store";

export interface Completions {
  expect(conversationId: string): void;
  /** Somebody says that this one is done. */
  check(conversationId: string): void;
  close(): void;
}

const LOOK_EVERY_MS = 1_000;
const LOOK_AT_LEAST_MS = 10_000;

/** A conversation that has waited for four times as long is looked at after this long. */
const PATIENCE = 4;

interface Wait {
  readonly sinceMs: number;
  /** When it was looked at last. */
  lookedMs: number;
}

export function watchCompletions(options: {
  readonly db: Db;
  readonly userId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly onCompleted: (conversation: Conversation, lifecycle: Lifecycle) => void;
  /** It will not be completed: failed, deleted, or gone. */
  readonly onDropped: (conversationId: string) => void;
}): Completions {
  const { db, userId, clock, log } = options;
  const expected = new Map<string, Wait>();
  const looking = new Set<string>();
  let timer: Timer | undefined;

  const look = async (conversationId: string): Promise<void> => {
    const row = await findConversation(db, userId, conversationId);
    if (row?.status === "processing" || row?.status === "merging") return;
    const conversation = row?.status === "completed" ? await wholeConversation(db, row) : undefined;
    if (!expected.delete(conversationId)) return;
    if (conversation === undefined || row === undefined) options.onDropped(conversationId);
    else options.onCompleted(conversation, lifecycleOf(row));
  };
  const check = (conversationId: string): void => {
    const wait = expected.get(conversationId);
    if (wait === undefined) return;
    // The look under way may have been too early for this news, so the next tick looks again.
    wait.lookedMs = looking.has(conversationId) ? Number.NEGATIVE_INFINITY : clock.now();
    if (looking.has(conversationId)) return;
    looking.add(conversationId);
    look(conversationId)
      .catch((error: unknown) => log.debug({ error: messageOf(error) }, "looking for a result failed"))
      .finally(() => looking.delete(conversationId));
  };
  const tick = (): void => {
    const nowMs = clock.now();
    for (const [conversationId, { sinceMs, lookedMs }] of expected) {
      const everyMs = Math.min((nowMs - sinceMs) / PATIENCE, LOOK_AT_LEAST_MS);
      if (Math.abs(nowMs - lookedMs) >= everyMs) check(conversationId);
    }
    if (expected.size === 0) stop();
  };
  const stop = (): void => {
    timer?.cancel();
    timer = undefined;
  };
  return {
    expect(conversationId) {
      if (expected.has(conversationId)) return;
      expected.set(conversationId, { sinceMs: clock.now(), lookedMs: clock.now() });
      timer ??= clock.every(LOOK_EVERY_MS, tick);
    },
    check,
    close() {
      stop();
      expected.clear();
    },
  };
}
