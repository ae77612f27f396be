/** `holdfast upload FILE…`: hands recordings over for transcription; with `--wait` it stays until every one is final. */
import type { Command } from "commander";
import { type CommandContext, clientCommand, runCommand } from "../connection/run-command.ts";
import type { ServerOptions } from "../connection/server.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { UploadOutcome } from "../upload/upload-item.ts";

interface UploadCommandOptions extends ServerOptions {
  readonly wait?: boolean;
}

export function register(program: Command): void {
  clientCommand(program, "upload <files...>", "upload recordings: .bin of Omi devices, or any ordinary sound file")
    .option("-w, --wait", "wait for the conversations and print them")
    .action(async (files: string[], options: UploadCommandOptions) => {
      await runCommand(options, (context) => upload(files, options, context));
    });
}

async function upload(
  paths: readonly string[],
  options: UploadCommandOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const [{ Listr }, { planUploads }, { jobText, progressText, uploadItem }, { conversationText }] = await Promise.all([
    import("listr2"),
    import("../upload/plan.ts"),
    import("../upload/upload-item.ts"),
    import("../output/conversation-text.ts"),
  ]);
  const { screen, server, clock } = context;
  const items = await planUploads(paths, clock.now());
  const outcomes: UploadOutcome[] = [];
  const tasks = items.map((item) => ({
    title: item.label,
    task: async (_: unknown, task: { output: string; title: string }): Promise<void> => {
      const outcome = await uploadItem(item, {
        api: server.api,
        wait: options.wait === true,
        patience: () => ({
          ...context.patience(),
          onRetry: (error, waitMs) => {
            task.output = `${error.message}; trying again in ${(waitMs / 1000).toFixed(1)} s`;
          },
        }),
        onProgress: (progress) => {
          // A pipe would get a line for every step of the bar.
          if (screen.isInteractive) task.output = progressText(progress);
        },
        onJob: (job) => {
          task.output = jobText(job);
        },
      });
      outcomes.push(outcome);
      task.title = `${item.label}: ${outcome.job === undefined ? `accepted as job ${outcome.jobId}` : jobText(outcome.job)}`;
      screen.json({
        type: "upload",
        files: item.files.map((file) => file.name),
        job_id: outcome.jobId,
        job: outcome.job ?? null,
      });
    },
  }));
  // The list writes to standard output, which belongs to JSON where that was asked for.
  const renderer = screen.isJson ? "silent" : screen.isInteractive ? "default" : "simple";
  await new Listr(tasks, { renderer, concurrent: false, exitOnError: true }).run();
  for (const conversation of outcomes.flatMap((outcome) => outcome.conversations)) {
    screen.json({ type: "conversation", conversation });
    screen.line(`\n${conversationText(conversation)}`);
  }
  return exitOfOutcomes(outcomes);
}

function exitOfOutcomes(outcomes: readonly UploadOutcome[]): ExitCode {
  const allFine = outcomes.every(({ job }) => job === undefined || job.status === "completed");
  const allFinished = outcomes.every(({ conversations }) => conversations.every((one) => one.status !== "failed"));
  return allFine && allFinished ? EXIT.ok : EXIT.jobFailed;
}
