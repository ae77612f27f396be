/** `holdfast sync [FOLDER]`: sends what the logs of this machine hold, and what is put into a folder, until it is stopped. */
import type { Command } from "commander";
import { type CommandContext, clientCommand, runCommand } from "../connection/run-command.ts";
import type { ServerOptions } from "../connection/server.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";

interface SyncOptions extends ServerOptions {
  readonly once?: boolean;
}

const HELP = `
Sends everything that the logs of recordings (HOLDFAST_LOG) hold, those of commands that were killed included. With a folder,
its .bin and sound files are taken when they have not changed for 2 seconds, those in folders below it too; the files are never
changed, and a content is taken once. It runs until Ctrl-C, however long the server is away; with --once it ends when all is
final or only a person can help, and with the code of the first recording that did not come where it should.`;

/** How often it looks for logs whose programs have ended. */
const TAKE_OVER_MS = 5_000;

export function register(program: Command): void {
  clientCommand(program, "sync [folder]", "send what was recorded here, and what is put into a folder")
    .option("--once", "end when everything that is there now is done")
    .addHelpText("after", HELP)
    .action(async (folder: string | undefined, options: SyncOptions) => {
      const insisted = "left at once; everything is kept and goes with the next command";
      await runCommand(options, (context) => sync(folder, options, context), { insisted });
    });
}

async function sync(folder: string | undefined, options: SyncOptions, context: CommandContext): Promise<ExitCode> {
  const [{ withAccount }, { FolderWatch }, { isSettled, settle }, { tellResults }] = await Promise.all([
    import("../sync/with-account.ts"),
    import("../sync/watch-folder.ts"),
    import("../sync/settle.ts"),
    import("../sync/results.ts"),
  ]);
  const { screen, clock, asked } = context;
  return await withAccount(context, { leftovers: true }, async (account, view) => {
    for (const { folder: log, pid } of await account.elsewhere()) {
      screen.line(`${log} is open in process ${pid ?? "?"}, which sends it itself`);
    }
    const watch =
      folder === undefined
        ? undefined
        : new FolderWatch({
            ...{ folder, account, clock },
            onTaken: (path, id, isNew) => {
              screen.json({ type: "taken", path, recording_id: id, is_new: isNew });
              if (isNew) screen.line(`${path}: taken`);
            },
            onRefused: (path, why) => {
              screen.json({ type: "refused", path, error: why });
              screen.line(`not taken: ${why}`);
            },
          });
    const takeOver = clock.every(TAKE_OVER_MS, () => void account.takeOver().catch(() => {}));
    try {
      await watch?.start();
      // What was dead before is no news.
      const dead = new Set(
        [...account.log.recordings.keys()].filter((id) => {
          const state = view.displayOf(id);
          return isSettled(state, true) && state !== "failed" && state !== "upload_rejected";
        }),
      );
      account.start();
      const ids = (): string[] => [...account.log.recordings.keys()].filter((id) => !dead.has(id));
      const isOnce = options.once === true;
      await settle(ids, {
        ...{ account, view, clock, wait: true, signal: asked },
        timeoutMs: isOnce ? context.timeoutMs : Number.POSITIVE_INFINITY,
        isGrowing: () => !isOnce || watch?.isBusy === true,
      }).catch((error: unknown) => {
        if (!asked.aborted) throw error;
      });
      if (asked.aborted) return EXIT.ok;
      const exit = tellResults(ids(), account, view, context);
      return exit === EXIT.ok && watch !== undefined ? watch.exit : exit;
    } finally {
      takeOver.cancel();
      await watch?.close();
    }
  });
}
