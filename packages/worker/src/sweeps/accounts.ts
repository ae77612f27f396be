/** Accounts that somebody deleted: pass by pass, until nothing of them is left. A pass that dies is made again. */
import { forgetAccountDeletions, listAccountDeletions, sweepAccount } from "@holdfast/store";
import type { WorkerDeps } from "../deps.ts";
import { eachRow } from "./rows.ts";

const PAGE_ROWS = 100;

export async function sweepDeletedAccounts({ db, blobs, clock, log }: WorkerDeps, signal: AbortSignal): Promise<void> {
  const open = await listAccountDeletions(db, PAGE_ROWS);
  const byUser = (): string => "account";
  await eachRow({ name: "deleted_accounts", log, signal }, open, byUser, async (deletion) => {
    if (await sweepAccount(db, blobs, deletion, clock.now())) log.info({}, "a deleted account is gone");
  });
  await forgetAccountDeletions(db, clock.now());
}
