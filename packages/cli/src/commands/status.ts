/** `holdfast status`: can I record now, what is in work, what came of it. */

import { isTerminalJob } from "@holdfast/client";
import type { Conversation } from "@holdfast/contract";
import type { Command } from "commander";
import { type CommandContext, clientCommand, runCommand } from "../connection/run-command.ts";
import type { ServerOptions } from "../connection/server.ts";
import { CLIENT_EXIT, type ClientExit } from "../output/client-exit.ts";

const RECENT = 10;
const IN_WORK: readonly Conversation["status"][] = ["in_progress", "processing", "merging"];

export function register(program: Command): void {
  clientCommand(program, "status", "health of the server, what is in work, recent conversations").action(
    async (options: ServerOptions) => {
      await runCommand(options, status);
    },
  );
}

async function status({ server, screen, signal }: CommandContext): Promise<ClientExit> {
  const { conversationLine } = await import("../output/conversation-text.ts");
  const { api, url } = server;
  const readiness = await api.readiness(signal);
  const parts = Object.entries(readiness.parts).map(
    ([name, part]) => `${name} ${part.ok ? "ok" : (part.why ?? "not ok")}`,
  );
  screen.line(`${url} is ${readiness.ok ? "ready" : "NOT ready"}: ${parts.join(", ")}`);
  if (!readiness.ok) {
    screen.json({ server: url, readiness, queue: null, conversations: null });
    return CLIENT_EXIT.failure;
  }
  const [uploads, recent, ...counts] = await Promise.all([
    api.listUploads(signal),
    api.listConversations({ limit: RECENT }, signal),
    ...IN_WORK.map((name) => api.countConversations([name], signal)),
  ]);
  const open = uploads.filter((job) => !isTerminalJob(job));
  const inWork = Object.fromEntries(IN_WORK.map((name, i) => [name, counts[i] ?? 0]));
  screen.json({ server: url, readiness, queue: { uploads: open, conversations: inWork }, conversations: recent });
  screen.line(
    `in work: ${open.length} uploads; conversations: ${counts.map((n, i) => `${n} ${IN_WORK[i]}`).join(", ")}`,
  );
  for (const job of open) {
    screen.line(
      `  ${job.file_names.join(", ")}: ${job.status}${job.reason_code === undefined ? "" : ` (${job.reason_code})`}`,
    );
  }
  screen.line(recent.length === 0 ? "no conversations yet" : "recent conversations:");
  for (const conversation of recent) screen.line(`  ${conversationLine(conversation)}`);
  return CLIENT_EXIT.ok;
}
