/**
 * Makes a moment between two statements of another process last: a table is locked against readers, so that whoever comes to
 * it stands still there, in the middle of its work, until the test lets go.
 */
import type { Db } from "@holdfast/store";
import { sql } from "kysely";
import { waitFor } from "./wait.ts";

/** Runs `work` while nobody else can read or write `table`. `stuck` resolves when so many wait for it, one unless told otherwise. */
export async function withTableLocked(
  db: Db,
  table: string,
  work: (stuck: (count?: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`lock table ${sql.table(table)} in access exclusive mode`.execute(trx);
    const waiting = sql`select 1 from pg_locks where relation = ${table}::regclass and not granted`;
    await work(async (count = 1) => {
      const isStuck = async () => (await waiting.execute(trx)).rows.length >= count;
      await waitFor(`${count} to wait for ${table}`, isStuck);
    });
  });
}

/** Resolves when somebody who holds an advisory lock waits for another lock: it stands still in the middle of its transaction. */
export async function advisoryHolderWaits(db: Db): Promise<void> {
  const waiting = sql`select 1 from pg_locks held join pg_locks wanted using (pid)
    where held.locktype = 'advisory' and held.granted and not wanted.granted`;
  await waitFor("the holder of a lock to wait", async () => (await waiting.execute(db)).rows.length > 0);
}

/** How many stand still before a lock of any kind. */
export async function lockWaiters(db: Db): Promise<number> {
  return (await sql`select distinct pid from pg_locks where not granted`.execute(db)).rows.length;
}
