/**
 * Makes a moment between two statements of another process last: a table is locked against readers, so that whoever comes to
 * it stands still there, in the middle of its work, until the test lets go.
 */
import type { Db } from "@holdfast/store";
import { sql } from "kysely";
import { waitFor } from "./wait.ts";

/** Runs `work` while nobody else can read or write `table`. `stuck` resolves when somebody waits for it. */
export async function withTableLocked(
  db: Db,
  table: string,
  work: (stuck: () => Promise<void>) => Promise<void>,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`lock table ${sql.table(table)} in access exclusive mode`.execute(trx);
    const waiting = sql`select 1 from pg_locks where relation = ${table}::regclass and not granted`;
    await work(async () => {
      await waitFor(`somebody to wait for ${table}`, async () => (await waiting.execute(trx)).rows.length > 0);
    });
  });
}
