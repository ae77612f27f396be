/** `holdfast upload FILE…`: hands recordings over for transcription; with `--wait` it stays until every one is final. */
import type { Command } from "commander";
import { type CommandContext, clientCommand, runCommand } from "../connection/run-command.ts";
import type { ServerOptions } from "../connection/server.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";

interface UploadCommandOptions extends ServerOptions {
  readonly wait?: boolean;
}

const HELP = `
Files are copied into the log of recordings (HOLDFAST_LOG) before anything is sent. A command that is killed loses nothing:
the same command again goes on where it was, and so does \`holdfast sync\`. A pause that the server asks for is waited out,
however long. Whatever the log still holds of earlier goes along, but these files alone decide the exit code.`;

export function register(program: Command): void {
  clientCommand(program, "upload <files...>", "upload recordings: .bin of Omi devices, or any ordinary sound file")
    .option("-w, --wait", "wait for the conversations and print them")
    .addHelpText("after", HELP)
    .action(async (files: string[], options: UploadCommandOptions) => {
      await runCommand(options, (context) => upload(files, options, context));
    });
}

async function upload(
  paths: readonly string[],
  options: UploadCommandOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const [{ withAccount }, { checkFile, importFile }, { settle }, results, { conversationText }] = await Promise.all([
    import("../sync/with-account.ts"),
    import("../sync/import-file.ts"),
    import("../sync/settle.ts"),
    import("../sync/results.ts"),
    import("../output/conversation-text.ts"),
  ]);
  const { screen, clock, signal, timeoutMs } = context;
  const wait = options.wait === true;
  const files = await Promise.all(paths.map((path) => checkFile(path, clock.now())));
  return await withAccount(context, { leftovers: true }, async (account, view) => {
    const ids: string[] = [];
    for (const file of files) ids.push((await importFile(account, file, clock.now())).recording.id);
    // To name a file again is to ask for another try of what gave up.
    await account.log.apply(ids.map((id) => [id, { type: "retry" }] as const));
    account.start();
    try {
      await settle(() => ids, { account, view, clock, wait, timeoutMs, signal });
    } finally {
      screen.live("");
    }
    const exit = results.tellResults([...new Set(ids)], account, view, context);
    if (!wait) return exit;
    const conversationIds = [...new Set(ids.flatMap((id) => view.conversationsOf(id)))];
    const conversations = await results.finishedConversations(conversationIds, context);
    for (const conversation of conversations) {
      screen.json({ type: "conversation", conversation });
      screen.line(`\n${conversationText(conversation)}`);
    }
    if (exit === EXIT.ok && conversationIds.length === 0) screen.line("nothing was said, so there is no conversation");
    screen.json({ type: "result", conversation_ids: conversationIds });
    return exit === EXIT.ok && conversations.some(({ status }) => status === "failed") ? EXIT.jobFailed : exit;
  });
}
