/** `holdfast stream FILE`: sends a sound file over the live route, as a device would, and prints the finished conversation. */
import { existsSync } from "node:fs";
import type { RecordedCodec } from "@holdfast/client";
import type { Command } from "commander";
import { announceServer, type CommandContext, clientCommand, runCommand } from "../connection/run-command.ts";
import type { ServerOptions } from "../connection/server.ts";
import { EXIT, type ExitCode, ExitError } from "../exit-codes.ts";

interface StreamCommandOptions extends ServerOptions {
  readonly codec: string;
  readonly speed: string;
  readonly language: string;
  readonly stop: boolean;
}

export function register(program: Command): void {
  clientCommand(program, "stream <file>", "send a sound file over the live route and print the conversation")
    .option("-c, --codec <codec>", "opus, opus_fs320, pcm16 or pcm8", "opus_fs320")
    .option("--speed <factor>", "1 is the pace of speech; max as fast as possible", "1")
    .option("-l, --language <code>", "language of the speech", "en")
    .option("--no-stop", "leave the conversation open at the end")
    .action(async (file: string, options: StreamCommandOptions) => {
      await runCommand(options, (context) => stream(file, options, context));
    });
}

async function stream(file: string, options: StreamCommandOptions, context: CommandContext): Promise<ExitCode> {
  const codec = codecOf(options.codec);
  const speed = speedOf(options.speed);
  if (!existsSync(file)) throw new ExitError(`no such file: ${file}`, EXIT.usage);
  const [{ withAccount }, { soundMessages }, { play }, { LiveScreen }] = await Promise.all([
    import("../sync/with-account.ts"),
    import("../stream/sound-messages.ts"),
    import("../stream/play.ts"),
    import("../stream/live-screen.ts"),
  ]);
  const { screen, server, clock } = context;
  await announceServer(context);
  const sound = await soundMessages(file, codec);
  screen.line(`${(sound.durationMs / 1000).toFixed(1)} s of sound to ${server.url} as ${codec}`);
  return await withAccount(context, { leftovers: false, bar: false }, async (account, view) => {
    const live = new LiveScreen(context);
    return await live.run({
      ...{ account, view, context, patience: () => context.patience() },
      ...{ device: "file", codec, sampleRate: sound.sampleRate, messageMs: sound.messageMs },
      ...{ language: options.language, stop: options.stop, endsWhenRefused: true },
      feed: play(sound, speed, clock),
    });
  });
}

/** What this command can encode; the server decodes more. */
const CODECS: readonly RecordedCodec[] = ["opus", "opus_fs320", "pcm16", "pcm8"];

function codecOf(name: string): RecordedCodec {
  const codec = CODECS.find((known) => known === name);
  if (codec !== undefined) return codec;
  throw new ExitError(`--codec is opus, opus_fs320, pcm16 or pcm8, not ${name}`, EXIT.usage);
}

function speedOf(text: string): number {
  const speed = text === "max" ? Number.POSITIVE_INFINITY : Number(text);
  if (text.trim() !== "" && speed > 0) return speed;
  throw new ExitError(`--speed is a number above 0, or max, not ${text}`, EXIT.usage);
}
