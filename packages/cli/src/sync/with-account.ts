/** A command's time with its account: opened before, reported on meanwhile, closed after, and what is not done then is told. */
import type { CommandContext } from "../connection/run-command.ts";
import { Account } from "../log/account.ts";
import { keptText, SyncReport, type SyncReportOptions } from "../output/sync-report.ts";
import { EngineView } from "./engine-view.ts";

export interface WithAccountOptions extends Pick<SyncReportOptions, "prefix" | "bar"> {
  /** Take over the logs of dead programs, too. */
  readonly leftovers: boolean;
}

export async function withAccount<T>(
  context: CommandContext,
  { leftovers, ...report }: WithAccountOptions,
  work: (account: Account, view: EngineView, report: SyncReport) => Promise<T>,
): Promise<T> {
  const { server, screen, clock, random } = context;
  await using account = await Account.open({ server, env: process.env, clock, random, leftovers });
  const reporting = new SyncReport(account, { screen, clock, ...report });
  try {
    return await work(account, new EngineView(account), reporting);
  } finally {
    screen.live("");
    const kept = keptText(account);
    if (kept !== undefined) screen.line(kept);
  }
}
