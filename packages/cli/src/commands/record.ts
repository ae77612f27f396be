/** `holdfast record`: sound from a microphone or a pipe, live, kept here first; it goes on while no server answers. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type CommandContext, clientCommand, runCommand } from "../connection/run-command.ts";
import type { ServerOptions } from "../connection/server.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";

interface RecordOptions extends ServerOptions {
  readonly stdin?: boolean;
  readonly rate: number;
  readonly device?: string;
  readonly language: string;
  readonly stop: boolean;
}

const HELP = `
Everything is written to the log of recordings (HOLDFAST_LOG) before it is sent. Without a server it goes on recording; what
was heard is sent when the server is back, by this or the next command. Ctrl-C and the end of the pipe end it in order: the
rest is sent and the conversation is ended. A second Ctrl-C leaves at once; nothing is lost by it.`;

export function register(program: Command): void {
  clientCommand(program, "record", "record from the microphone, or from a pipe, and show the words live")
    .option("--stdin", "raw signed 16-bit little-endian samples of one channel from standard input")
    .addOption(new Option("--rate <hz>", "samples a second of --stdin").argParser(rate).default(16_000))
    .option("--device <name>", "name of the microphone, as the installed recorder knows it")
    .option("-l, --language <code>", "language of the speech", "en")
    .option("--no-stop", "leave the conversation open at the end")
    .addHelpText("after", HELP)
    .action(async (options: RecordOptions) => {
      const insisted = "left at once; everything is kept and goes with the next command";
      await runCommand(options, (context) => record(options, context), { insisted });
    });
}

async function record(options: RecordOptions, context: CommandContext): Promise<ExitCode> {
  const [{ withAccount }, { openMicrophone, openPipe }, { hear, MESSAGE_MS }, { LiveScreen }] = await Promise.all([
    import("../sync/with-account.ts"),
    import("../record/sources.ts"),
    import("../record/hear.ts"),
    import("../stream/live-screen.ts"),
  ]);
  const { screen, clock, asked } = context;
  return await withAccount(context, { leftovers: false, bar: false }, async (account, view) => {
    const source =
      options.stdin === true
        ? openPipe(process.stdin, options.rate)
        : openMicrophone({ env: process.env, device: options.device });
    screen.line(`recording from ${source.name}${options.stdin === true ? "" : "; Ctrl-C stops"}`);
    account.start();
    let isOver = false;
    const exit = await new LiveScreen(context).run({
      ...{ account, view, context, patience: () => context.patience() },
      ...{ device: "microphone", codec: "opus_fs320", sampleRate: 16_000, messageMs: MESSAGE_MS },
      ...{ language: options.language, stop: options.stop, endsWhenRefused: false },
      feed: hear(source, clock, asked),
      onHeard: () => {
        isOver = true;
        const failure = asked.aborted ? undefined : source.failure();
        if (failure !== undefined) screen.line(failure.message);
      },
    });
    return isOver && !asked.aborted && source.failure() !== undefined ? EXIT.failure : exit;
  });
}

function rate(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 4_000 && value <= 192_000) return value;
  throw new InvalidArgumentError("A whole number from 4000 to 192000 is needed.");
}
