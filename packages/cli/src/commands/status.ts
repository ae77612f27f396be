/** `holdfast status`: can I record now, what is in work, what came of it. Ends with 1 where the server is not ready. */
import { isTerminalJob } from "@holdfast/client";
import type { Conversation } from "@holdfast/contract";
import type { Command } from "commander";
import { type CommandContext, clientCommand, runCommand } from "../connection/run-command.ts";
import type { ServerOptions } from "../connection/server.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";

const RECENT = 10;
const IN_WORK: readonly Conversation["status"][] = ["in_progress", "processing", "merging"];

export function register(program: Command): void {
  clientCommand(program, "status", "health of the server, what is in work, recent conversations").action(
    async (options: ServerOptions) => {
      await runCommand(options, status);
    },
  );
}

async function status({ server, screen, signal }: CommandContext): Promise<ExitCode> {
  const [{ conversationLine }, { healthText, inWorkText, uploadLine }] = await Promise.all([
    import("../output/conversation-text.ts"),
    import("../output/status-text.ts"),
  ]);
  const { api, url } = server;
  const readiness = await api.readiness(signal);
  screen.line(healthText(url, readiness));
  if (readiness.parts.database?.ok === false) {
    screen.json({ server: url, readiness, queue: null, conversations: null });
    return EXIT.failure;
  }
  const [uploads, recent, ...counts] = await Promise.all([
    api.listUploads(signal),
    api.listConversations({ limit: RECENT }, signal),
    ...IN_WORK.map((name) => api.countConversations([name], signal)),
  ]);
  const open = uploads.filter((job) => !isTerminalJob(job));
  const inWork = Object.fromEntries(IN_WORK.map((name, i) => [name, counts[i] ?? 0]));
  screen.json({ server: url, readiness, queue: { uploads: open, conversations: inWork }, conversations: recent });
  screen.line(inWorkText(open.length, inWork));
  for (const job of open) screen.line(uploadLine(job));
  screen.line(recent.length === 0 ? "No conversations yet" : "Newest conversations:");
  for (const conversation of recent) screen.line(`  ${conversationLine(conversation)}`);
  return readiness.ok ? EXIT.ok : EXIT.failure;
}
