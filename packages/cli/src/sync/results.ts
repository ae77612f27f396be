/** What came of recordings, when a command ends: conversations for the person, one document each for a program, one code. */
import { followConversation, type RetryOptions } from "@holdfast/client";
import { type Conversation, isHoldfastError } from "@holdfast/contract";
import type { CommandContext } from "../connection/run-command.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { Account } from "../log/account.ts";
import { explainedLine } from "../output/sync-report.ts";
import type { EngineView } from "./engine-view.ts";
import { exitOf } from "./settle.ts";

/** The finished conversations; those that were deleted, or merged away, since are left out. */
export async function finishedConversations(
  ids: readonly string[],
  { server, patience }: { readonly server: CommandContext["server"]; readonly patience: () => RetryOptions },
): Promise<Conversation[]> {
  const found = await Promise.all(
    ids.map(async (id) => {
      try {
        return await followConversation(server.api, id, patience());
      } catch (error) {
        if (isHoldfastError(error) && (error.code === "not_found" || error.code === "conversation_not_found")) return;
        throw error;
      }
    }),
  );
  return found.filter((one) => one !== undefined);
}

/** Tells what became of each recording. The code of the first that did not come where it should. */
export function tellResults(
  ids: readonly string[],
  account: Account,
  view: EngineView,
  { screen, clock }: Pick<CommandContext, "screen" | "clock">,
): ExitCode {
  for (const id of ids) {
    const recording = account.log.recordings.get(id);
    const state = view.displayOf(id);
    screen.json({
      type: "upload",
      files: [recording?.originalName ?? id],
      recording_id: id,
      state: state ?? "removed",
      reason: recording?.reason ?? null,
      job_id: view.jobIdOf(id),
      job: view.jobOf(id),
      conversation_ids: view.conversationsOf(id),
    });
    if (recording !== undefined && exitOf(state) !== EXIT.ok) {
      screen.line(explainedLine(account, recording, clock.now()));
    }
  }
  return ids.map((id) => exitOf(view.displayOf(id))).find((code) => code !== EXIT.ok) ?? EXIT.ok;
}
