/**
 * What clearing the storage would delete: copies whose words are in a conversation, or everything else, or both. What is being
 * recorded or sent is never among them.
 */
import type { HoldfastClient, Recording, SyncStatus } from "@holdfast/client";

export type Clearing = "synced" | "pending" | "all";

export interface Clearable {
  readonly synced: number;
  readonly pending: number;
}

export function clearable({ counts }: Pick<SyncStatus, "counts">): Clearable {
  return { synced: counts.synced, pending: counts.total - counts.synced - counts.sending };
}

export function idsToClear(
  recordings: Iterable<Recording>,
  sending: ReadonlySet<string>,
  what: Clearing,
): readonly string[] {
  const ids: string[] = [];
  for (const { id, status } of recordings) {
    if (status === "in_progress" || sending.has(id)) continue;
    if (what === "all" || (what === "synced") === (status === "synced")) ids.push(id);
  }
  return ids;
}

export interface Cleared {
  readonly deleted: number;
  /** They came into use meanwhile, or the disk refused. */
  readonly left: number;
}

/** The part of a client that is needed. */
interface ClearedClient {
  readonly log: Pick<HoldfastClient["log"], "recordings">;
  readonly sync: Pick<HoldfastClient["sync"], "sending" | "remove">;
}

/** Never rejects: what could not be deleted is left. */
export async function clear({ log, sync }: ClearedClient, what: Clearing): Promise<Cleared> {
  const ids = idsToClear(log.recordings.values(), sync.sending, what);
  await sync.remove(ids).catch(() => undefined);
  const left = ids.filter((id) => log.recordings.has(id)).length;
  return { deleted: ids.length - left, left };
}
