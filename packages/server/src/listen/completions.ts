/**
 * Waits for the conversations that this session handed over and tells the client when they are done. A result on the link
 * makes it look at once; looking at the store every second makes sure it also learns of work done by any other pusher
 * (DESIGN section 2: the link is a nudge, not the truth).
 */
import type { Conversation } from "@holdfast/contract";
import { messageOf } from "@holdfast/contract";
import type { Clock, Log } from "@holdfast/core";
import { type Db, findConversation, loadConversation } from "@holdfast/store";

export interface Completions {
  expect(conversationId: string): void;
  /** Somebody says that this one is done. */
  check(conversationId: string): void;
  close(): void;
}

const LOOK_EVERY_MS = 1_000;

export function watchCompletions(options: {
  readonly db: Db;
  readonly userId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly onCompleted: (conversation: Conversation) => void;
  /** It will not be completed: failed, deleted, or gone. */
  readonly onDropped: (conversationId: string) => void;
}): Completions {
  const { db, userId, log } = options;
  const expected = new Set<string>();

  const look = async (conversationId: string): Promise<void> => {
    const row = await findConversation(db, userId, conversationId);
    if (row?.status === "processing" || row?.status === "merging") return;
    if (!expected.delete(conversationId)) return;
    const conversation = row?.status === "completed" ? await loadConversation(db, userId, conversationId) : undefined;
    if (conversation === undefined) options.onDropped(conversationId);
    else options.onCompleted(conversation);
  };
  const check = (conversationId: string): void => {
    if (!expected.has(conversationId)) return;
    look(conversationId).catch((error: unknown) =>
      log.debug({ error: messageOf(error) }, "looking for a result failed"),
    );
  };
  const timer = options.clock.every(LOOK_EVERY_MS, () => {
    for (const conversationId of expected) check(conversationId);
  });
  return {
    expect: (conversationId) => void expected.add(conversationId),
    check,
    close() {
      timer.cancel();
      expected.clear();
    },
  };
}
