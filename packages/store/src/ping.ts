/** Whether the database answers at all; for health checks. */
import { sql } from "kysely";
import type { Db } from "./database.ts";

/** Rejects where it does not. */
export async function pingDatabase(db: Db): Promise<void> {
  await sql`select 1`.execute(db);
}
