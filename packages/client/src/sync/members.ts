/** What both halves of a pass do to the recordings of one batch or one job together. */
import type { RecordingEvent } from "@holdfast/core";
import type { Recording } from "../log/recording.ts";
import type { SyncLog } from "./sync-log.ts";

/** Recordings, and the conversations that they became or joined. */
export type OnConversations = (
  walIds: readonly string[],
  created: readonly string[],
  updated: readonly string[],
) => void;

export interface Conversations {
  readonly created: readonly string[];
  readonly updated: readonly string[];
}

export const idsOf = (members: readonly Recording[]): string[] => members.map(({ id }) => id);

/** The same event for each of them. */
export async function applyToAll(log: SyncLog, members: readonly Recording[], event: RecordingEvent): Promise<void> {
  await log.apply(members.map(({ id }) => [id, event] as const));
}

/**
 * They are part of conversations. Those that know none learn it before they are called done: a program that ends in between
 * must find the conversation later.
 */
export async function finishAll(
  log: SyncLog,
  members: readonly Recording[],
  { created, updated }: Conversations,
  nowMs: number,
): Promise<void> {
  const [first] = [...created, ...updated];
  if (first !== undefined) await log.stamp(idsOf(members), first);
  await applyToAll(log, members, { type: "finished", nowMs });
}
