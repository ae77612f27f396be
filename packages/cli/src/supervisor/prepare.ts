/**
 * A short-lived child: brings the schema up to date and makes the owner's token, tells the supervisor, and ends. It is a
 * process of its own so that the driver and the query builder do not stay in the supervisor's memory.
 */
import { messageOf, parseConfig } from "@holdfast/contract";
import { systemClock } from "@holdfast/runtime";
import { ensureOwnerToken, migrate, openDatabase } from "@holdfast/store";
import { databaseFailure } from "../with-database.ts";

/** What it tells its parent. */
export type PrepareMessage =
  | { readonly type: "prepared"; readonly ownerToken: string; readonly migrations: readonly string[] }
  | { readonly type: "failed"; readonly reason: string };

const config = parseConfig(process.env);
const db = openDatabase({ url: config.DATABASE_URL ?? "", maxConnections: 2, onIdleError: () => {} });
let message: PrepareMessage;
try {
  const migrations = await migrate(db);
  const ownerToken = await ensureOwnerToken(db, config.HOLDFAST_DATA, systemClock);
  message = { type: "prepared", ownerToken, migrations };
} catch (thrown) {
  message = { type: "failed", reason: messageOf(databaseFailure(thrown) ?? thrown) };
}
await db.destroy();
process.send?.(message, undefined, undefined, () => process.disconnect());
