/**
 * A transaction of a job's holder that may find, at its end, that the lease was lost: everything it wrote is rolled back then
 * and the answer is undefined. For work that writes other rows before it can ask for the job's.
 */
import type { Db } from "../database.ts";

/** Rolls the transaction back; never leaves this module. */
class LeaseLost extends Error {}

export async function fencedTransaction<T>(
  db: Db,
  work: (trx: Db, lost: () => never) => Promise<T>,
): Promise<T | undefined> {
  const lost = (): never => {
    throw new LeaseLost();
  };
  try {
    return await db.transaction().execute((trx) => work(trx, lost));
  } catch (error) {
    if (error instanceof LeaseLost) return undefined;
    throw error;
  }
}
