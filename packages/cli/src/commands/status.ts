/**
 * `holdfast status`: can I record now, what is in work, what came of it, and what this machine still holds and why. Ends with 1
 * where the server is not ready. `status retry` asks for another try of what gave up.
 */
import { isTerminalJob } from "@holdfast/client";
import { type Conversation, messageOf } from "@holdfast/contract";
import type { Command } from "commander";
import { type CommandContext, clientCommand, runCommand } from "../connection/run-command.ts";
import type { ServerOptions } from "../connection/server.ts";
import { addServerOptions } from "../connection/server.ts";
import { EXIT, EXIT_HELP, type ExitCode, ExitError } from "../exit-codes.ts";
import type { HeldText } from "../output/held-text.ts";

interface StatusOptions extends ServerOptions {
  readonly recordings?: boolean;
}

const RECENT = 10;
const IN_WORK: readonly Conversation["status"][] = ["in_progress", "processing", "merging"];

export function register(program: Command): void {
  const command = clientCommand(
    program,
    "status",
    "health of the server, what is in work, recent conversations, and what this machine still holds",
  )
    .option("--recordings", "every recording that is not done, not the first 20 alone")
    .action(async (options: StatusOptions) => {
      await runCommand(options, (context) => status(options, context));
    });
  addServerOptions(command.command("retry <id>").description("try a recording again (its first letters do), or `all`"))
    .addHelpText("after", EXIT_HELP)
    .action(async (id: string, _options: ServerOptions, retried: Command) => {
      await runCommand(retried.optsWithGlobals(), (context) => retry(id, context));
    });
}

async function status(options: StatusOptions, context: CommandContext): Promise<ExitCode> {
  const { server, screen } = context;
  let held: HeldText | undefined;
  try {
    const exit = await serverStatus(context, async () => {
      held = await heldHere(context, options);
      return held.document;
    });
    for (const line of held?.lines ?? []) screen.line(line);
    return exit;
  } catch (error) {
    // What is here can be told without a server.
    held ??= await heldHere(context, options);
    if (held.hasRecordings) {
      screen.json({ server: server.url, readiness: null, queue: null, conversations: null, log: held.document });
      for (const line of held.lines) screen.line(line);
    }
    throw error;
  }
}

/** Never throws: a log that cannot be opened keeps nobody from hearing of the server. */
async function heldHere({ server, clock, random }: CommandContext, options: StatusOptions): Promise<HeldText> {
  const [{ Account }, { heldText }] = await Promise.all([
    import("../log/account.ts"),
    import("../output/held-text.ts"),
  ]);
  try {
    // Nothing is sent by looking.
    const opening = { server, env: process.env, clock, random, leftovers: true, automatic: false };
    await using account = await Account.open(opening);
    return await heldText(account, { nowMs: clock.now(), all: options.recordings === true });
  } catch (error) {
    const text = messageOf(error);
    return {
      lines: [`The log of recordings cannot be read: ${text}`],
      document: { error: text },
      hasRecordings: false,
    };
  }
}

async function serverStatus(context: CommandContext, held: () => Promise<object>): Promise<ExitCode> {
  const { server, screen, signal } = context;
  const [{ conversationLine }, { healthText, inWorkText, uploadLine }] = await Promise.all([
    import("../output/conversation-text.ts"),
    import("../output/status-text.ts"),
  ]);
  const { api, url } = server;
  const readiness = await api.readiness(signal);
  screen.line(healthText(url, readiness));
  if (readiness.parts.database?.ok === false) {
    screen.json({ server: url, readiness, queue: null, conversations: null, log: await held() });
    return EXIT.failure;
  }
  const [uploads, recent, ...counts] = await Promise.all([
    api.listUploads(signal),
    api.listConversations({ limit: RECENT }, signal),
    ...IN_WORK.map((name) => api.countConversations([name], signal)),
  ]);
  const open = uploads.filter((job) => !isTerminalJob(job));
  const inWork = Object.fromEntries(IN_WORK.map((name, i) => [name, counts[i] ?? 0]));
  const queue = { uploads: open, conversations: inWork };
  screen.json({ server: url, readiness, queue, conversations: recent, log: await held() });
  screen.line(inWorkText(open.length, inWork));
  for (const job of open) screen.line(uploadLine(job, screen.isInteractive));
  screen.line(recent.length === 0 ? "No conversations yet" : "Newest conversations:");
  for (const conversation of recent) screen.line(`  ${conversationLine(conversation)}`);
  return readiness.ok ? EXIT.ok : EXIT.failure;
}

async function retry(which: string, context: CommandContext): Promise<ExitCode> {
  const [{ withAccount }, { isSettled, settle }, { tellResults }] = await Promise.all([
    import("../sync/with-account.ts"),
    import("../sync/settle.ts"),
    import("../sync/results.ts"),
  ]);
  const { clock, signal, timeoutMs, screen } = context;
  return await withAccount(context, { leftovers: true }, async (account, view) => {
    const ids = [...account.log.recordings.keys()].filter((id) => {
      const state = view.displayOf(id);
      const canRetry = state === "failed" || state === "upload_rejected" || !isSettled(state, false);
      return canRetry && (which === "all" || id.startsWith(which));
    });
    if (ids.length === 0) {
      const others = await account.elsewhere();
      const where =
        others.length === 0 ? "" : `; ${others.map(({ pid }) => `process ${pid ?? "?"}`).join(", ")} has others`;
      if (which === "all") screen.line(`nothing here waits for another try${where}`);
      else throw new ExitError(`no recording here that can be tried again begins with ${which}${where}`, EXIT.usage);
      return EXIT.ok;
    }
    await account.log.apply(ids.map((id) => [id, { type: "retry" }] as const));
    account.start();
    await settle(() => ids, { account, view, clock, signal, timeoutMs, wait: false });
    return tellResults(ids, account, view, context);
  });
}
