/**
 * The conversation that an upload names as its home (reference offline-sync 3.1 and 5.4): by its id, or by the recording
 * session that exactly one live conversation of the same capture partition carries. It is a home only where it has content
 * of its own and is not one that uploads merge by themselves; in all other cases time decides.
 *
 * Locks nothing; whoever writes to the home locks it and looks again.
 */
import { sql } from "kysely";
import type { Db } from "../database.ts";
import { followMerges } from "./lineage.ts";
import { type CapturePartition, isMergeable, isOfPartition } from "./partition.ts";

export interface AskedTarget {
  readonly conversationId: string | null;
  /** Only read where there is no id. */
  readonly recordingSessionId: string | null;
}

/** `deleted`: it became part of a conversation that a person deleted since; its sound is not wanted any more. */
export type Target = { readonly kind: "home"; readonly id: string } | { readonly kind: "none" | "deleted" };

const NONE: Target = { kind: "none" };

export async function findTarget(
  trx: Db,
  userId: string,
  partition: CapturePartition,
  asked: AskedTarget,
): Promise<Target> {
  if (asked.conversationId === null) return await sessionTarget(trx, userId, partition, asked.recordingSessionId);
  const now = (await followMerges(trx, userId, [asked.conversationId])).get(asked.conversationId);
  if (now?.isDeleted === true && now.isMerged) return { kind: "deleted" };
  if (now === undefined || now.isDeleted) return NONE;
  const [id] = await homes(trx, userId, partition, sql`c.id = ${now.id}`);
  return id === undefined ? NONE : { kind: "home", id };
}

/** Of several, or of an unknown device, nobody knows which is meant. */
async function sessionTarget(
  trx: Db,
  userId: string,
  partition: CapturePartition,
  sessionId: string | null,
): Promise<Target> {
  if (sessionId === null || partition.clientDeviceId === null) return NONE;
  const { rows } = await sql<{ id: string }>`select c.id from conversations c
    where c.user_id = ${userId} and c.recording_session_id = ${sessionId} and c.origin = 'live'
      and c.deleted_at is null and ${isOfPartition(partition)} limit 2`.execute(trx);
  const [only, ...others] = rows;
  if (only === undefined || others.length > 0) return NONE;
  const [id] = await homes(trx, userId, partition, sql`c.id = ${only.id}`);
  return id === undefined ? NONE : { kind: "home", id };
}

async function homes(
  trx: Db,
  userId: string,
  partition: CapturePartition,
  which: ReturnType<typeof sql>,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select c.id from conversations c
    where c.user_id = ${userId} and ${which} and c.deleted_at is null and ${isOfPartition(partition)}
      and not ${isMergeable}
      and (exists (select 1 from segments s where s.user_id = c.user_id and s.conversation_id = c.id)
        or exists (select 1 from photos p where p.user_id = c.user_id and p.conversation_id = c.id))`.execute(trx);
  return rows.map(({ id }) => id);
}
