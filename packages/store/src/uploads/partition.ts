/**
 * What offline speech may join by itself (reference offline-sync 5.4): conversations of the same source, device and lock state,
 * where an unknown device is a device of its own, and only those that uploads made and no person took in hand. Whatever is
 * live, has pictures, or was titled, starred, summarised or shared by a person keeps its identity and its extent.
 */
import { type RawBuilder, sql } from "kysely";

export interface CapturePartition {
  readonly source: string;
  readonly clientDeviceId: string | null;
  readonly isLocked: boolean;
}

/** Of a row `c` of conversations. */
export function isOfPartition({ source, clientDeviceId, isLocked }: CapturePartition): RawBuilder<boolean> {
  return sql<boolean>`(c.source = ${source} and c.client_device_id is not distinct from ${clientDeviceId}
    and c.is_locked = ${isLocked})`;
}

/** Of a row `c` of conversations: it may grow, and become part of another one, without anybody asking. */
export const isMergeable: RawBuilder<boolean> = sql<boolean>`(c.origin = 'sync' and c.deleted_at is null
  and not c.starred and not c.user_title and not c.user_summary and c.visibility = 'private'
  and not exists (select 1 from photos p where p.user_id = c.user_id and p.conversation_id = c.id))`;
