/**
 * The conversations that offline speech connects, found by time and locked. Looking is repeated with what was found, because
 * a conversation in reach brings those in its own reach, until nothing is added.
 *
 * Locks: all rows found, in one statement in the order of their ids, after they were found without locks; the caller holds
 * the lock of the user's assignments, so that nobody else moves their borders. A row that a person took in hand meanwhile is
 * left out.
 */
import type { CaptureSpan, Stretch } from "@holdfast/core";
import { sql } from "kysely";
import type { ConversationRow } from "../conversations/read.ts";
import type { Db } from "../database.ts";
import { type CapturePartition, isMergeable, isOfPartition } from "./partition.ts";

/** `home`: the row that the speech belongs to whatever time says. */
export async function lockNeighbours(
  trx: Db,
  userId: string,
  partition: CapturePartition,
  reach: { readonly stretches: readonly Stretch[]; readonly joinGapMs: number; readonly homeId: string | undefined },
): Promise<ConversationRow[]> {
  const found = await findNeighbours(trx, userId, partition, reach);
  if (found.length === 0) return [];
  const { rows } = await sql<ConversationRow>`select c.* from conversations c
    where c.user_id = ${userId} and c.id = any(${found.map(({ id }) => id)}) and c.deleted_at is null
      and (c.id = ${reach.homeId ?? null} or ${isMergeable})
    order by c.id for update`.execute(trx);
  return rows;
}

async function findNeighbours(
  trx: Db,
  userId: string,
  partition: CapturePartition,
  { stretches, joinGapMs, homeId }: Parameters<typeof lockNeighbours>[3],
): Promise<CaptureSpan[]> {
  const home = homeId === undefined ? [] : await spansOf(trx, userId, sql`c.id = ${homeId}`);
  let found = home;
  for (;;) {
    const all = [...stretches, ...found];
    const from = new Date(Math.min(...all.map(({ startMs }) => startMs)) - joinGapMs);
    const to = new Date(Math.max(...all.map(({ endMs }) => endMs)) + joinGapMs);
    const near = await spansOf(
      trx,
      userId,
      sql`${isMergeable} and ${isOfPartition(partition)} and c.finished_at > ${from} and c.started_at < ${to}`,
    );
    const more = near.filter(({ id }) => !found.some((span) => span.id === id));
    if (more.length === 0) return found;
    found = [...found, ...more];
  }
}

async function spansOf(trx: Db, userId: string, which: ReturnType<typeof sql>): Promise<CaptureSpan[]> {
  const { rows } = await sql<{ id: string; started_at: number; finished_at: number }>`
    select c.id, c.started_at, c.finished_at from conversations c where c.user_id = ${userId} and ${which}`.execute(
    trx,
  );
  return rows.map((row) => ({ id: row.id, startMs: row.started_at, endMs: row.finished_at }));
}
