/** `holdfast stream FILE`: sends a sound file over the live route, as a device would, and prints the finished conversation. */
import { existsSync } from "node:fs";
import type { ListenSocketEvent } from "@holdfast/client";
import type { DecodableCodec } from "@holdfast/contract";
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
  const [{ soundMessages }, { streamRecording }, { conversationText }, { LiveWords }, { linkNews }] = await Promise.all(
    [
      import("../stream/sound-messages.ts"),
      import("../stream/stream-recording.ts"),
      import("../output/conversation-text.ts"),
      import("../output/live-words.ts"),
      import("../stream/link-news.ts"),
    ],
  );
  const { screen, server } = context;
  await announceServer(context);
  const sound = await soundMessages(file, codec);
  screen.line(`${(sound.durationMs / 1000).toFixed(1)} s of sound to ${server.url} as ${codec}`);
  const words = new LiveWords(screen, "");
  const outcome = await streamRecording({
    server: server.url,
    token: server.token,
    api: server.api,
    recordingId: context.random.uuid(),
    sound,
    language: options.language,
    speed,
    stop: options.stop,
    patience: () => context.patience(),
    onEvent: (event, transcript) => {
      screen.json(jsonEvent(event));
      words.show(transcript.segments);
      const news = linkNews(event);
      if (news !== undefined) screen.line(news);
    },
    onPhase: (phase) => {
      if (phase === "drained") screen.line(`all ${sound.messages.length} messages are safe at the server`);
    },
  });
  words.finish(outcome.conversation?.transcript_segments ?? outcome.transcript.segments);
  const { conversation } = outcome;
  screen.json({ type: "result", conversation_ids: outcome.conversationIds, conversation: conversation ?? null });
  if (!options.stop) screen.line(`the conversation is still open: ${outcome.conversationIds.at(-1) ?? "none"}`);
  else if (conversation === undefined) screen.line("nothing was said, so there is no conversation");
  else screen.line(`\n${conversationText(conversation)}`);
  return conversation?.status === "failed" ? EXIT.jobFailed : EXIT.ok;
}

/** What this command can encode; the server decodes more. */
const CODECS: readonly DecodableCodec[] = ["opus", "opus_fs320", "pcm16", "pcm8"];

function codecOf(name: string): DecodableCodec {
  const codec = CODECS.find((known) => known === name);
  if (codec !== undefined) return codec;
  throw new ExitError(`--codec is opus, opus_fs320, pcm16 or pcm8, not ${name}`, EXIT.usage);
}

function speedOf(text: string): number {
  const speed = text === "max" ? Number.POSITIVE_INFINITY : Number(text);
  if (text.trim() !== "" && speed > 0) return speed;
  throw new ExitError(`--speed is a number above 0, or max, not ${text}`, EXIT.usage);
}

/** Errors do not turn into JSON by themselves. */
function jsonEvent(event: ListenSocketEvent): object {
  if (event.type !== "status") return event;
  const { error, ...rest } = event;
  return { ...rest, error: error === null ? null : { code: error.code, class: error.class, message: error.message } };
}
