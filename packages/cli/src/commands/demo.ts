/**
 * `holdfast demo`: the whole promise in a quarter of a minute. The same sentence goes in twice, live as it is spoken and as a
 * recording that was kept offline, and two finished conversations come out, whatever process is killed meanwhile. Ends with 0
 * only if the words of the sentence are in both.
 */
import { existsSync } from "node:fs";
import { type RetryOptions, transcriptText } from "@holdfast/client";
import type { Conversation } from "@holdfast/contract";
import type { Command } from "commander";
import color from "picocolors";
import { announceServer, type CommandContext, clientCommand, runCommand } from "../connection/run-command.ts";
import type { ServerOptions } from "../connection/server.ts";
import { EXIT, type ExitCode, ExitError } from "../exit-codes.ts";
import type { Account } from "../log/account.ts";
import type { SoundMessages } from "../stream/sound-messages.ts";
import type { EngineView } from "../sync/engine-view.ts";

const LIVE = color.cyan("live    ");
const OFFLINE = color.magenta("offline ");

export function register(program: Command): void {
  clientCommand(
    program,
    "demo",
    "stream a sample live and upload a sample recording, and show both conversations",
  ).action(async (options: ServerOptions) => {
    await runCommand(options, demo);
  });
}

async function demo(context: CommandContext): Promise<ExitCode> {
  const { screen, server } = context;
  const [{ soundMessages }, sample, { conversationText }, { withAccount }] = await Promise.all([
    import("../stream/sound-messages.ts"),
    import("../demo/sample.ts"),
    import("../output/conversation-text.ts"),
    import("../sync/with-account.ts"),
  ]);
  if (!existsSync(sample.SAMPLE_PATH)) throw new ExitError(`the sample is missing: ${sample.SAMPLE_PATH}`, EXIT.usage);
  await announceServer(context);
  screen.line(`Holdfast at ${server.url}. Said: “${sample.SAMPLE_WORDS}”`);
  const sound = await soundMessages(sample.SAMPLE_PATH, "opus_fs320");
  const [live, offline] = await withAccount(
    context,
    { leftovers: false, bar: false, prefix: OFFLINE },
    async (account, view) =>
      await Promise.all([streamSample(context, account, view, sound), uploadSample(context, account, view, sound)]),
  );
  let passed = true;
  for (const [name, conversation] of [
    ["live", live],
    ["offline", offline],
  ] as const) {
    const heard = transcriptText(conversation?.transcript_segments ?? []);
    const rate = sample.wordErrorRate(sample.SAMPLE_WORDS, heard);
    const isGood = conversation?.status === "completed" && rate <= sample.MAX_WORD_ERROR_RATE;
    passed &&= isGood;
    screen.json({
      type: "result",
      name,
      passed: isGood,
      word_error_rate: rate,
      transcript: heard,
      conversation: conversation ?? null,
    });
    screen.line(`\n${color.bold(name === "live" ? "Streamed live" : "Uploaded from offline")}`);
    screen.line(conversation === undefined ? "  no conversation came of it" : conversationText(conversation));
    const verdict = isGood ? color.green("all words are there") : color.red("the words are not all there");
    screen.line(`  ${verdict} (word error rate ${(rate * 100).toFixed(0)} %)`);
  }
  return passed ? EXIT.ok : EXIT.failure;
}

async function streamSample(
  context: CommandContext,
  account: Account,
  view: EngineView,
  sound: SoundMessages,
): Promise<Conversation | undefined> {
  const [{ runLive }, { play }, { LiveWords }, { LinkNews }] = await Promise.all([
    import("../stream/live-course.ts"),
    import("../stream/play.ts"),
    import("../output/live-words.ts"),
    import("../stream/link-news.ts"),
  ]);
  const { screen } = context;
  const words = new LiveWords(screen, LIVE);
  const news = new LinkNews();
  screen.line(`${LIVE}streaming ${(sound.durationMs / 1000).toFixed(0)} s at the pace of speech`);
  const outcome = await runLive({
    ...{ account, view, context, patience: () => context.patience(LIVE) },
    ...{ device: "demo", codec: "opus_fs320", sampleRate: sound.sampleRate, messageMs: sound.messageMs },
    ...{ language: "en", stop: true, endsWhenRefused: true },
    feed: play(sound, 1, context.clock),
    onEvent: (event, transcript) => {
      words.show(transcript.segments);
      const text = news.of(event);
      if (text !== undefined) screen.line(`${LIVE}${text}`);
      if (event.type === "segments" || event.type === "audio_ack") screen.json({ name: "live", ...event });
    },
    onDrained: () => screen.line(`${LIVE}everything is safe at the server; waiting for the summary`),
  });
  words.finish(outcome.conversation?.transcript_segments ?? outcome.transcript.segments);
  return outcome.conversation;
}

async function uploadSample(
  context: CommandContext,
  account: Account,
  view: EngineView,
  sound: SoundMessages,
): Promise<Conversation | undefined> {
  const [{ retrying }, { offlineRecording, quietMoment }, { settle }, { finishedConversations }] = await Promise.all([
    import("@holdfast/client"),
    import("../demo/sample.ts"),
    import("../sync/settle.ts"),
    import("../sync/results.ts"),
  ]);
  const { screen, server, clock } = context;
  const patience = (): RetryOptions => context.patience(OFFLINE);
  const first = patience();
  const known = await retrying(() => server.api.listConversations({ limit: 500 }, first.signal), first);
  const file = offlineRecording(sound, quietMoment(known, clock.now(), sound.durationMs));
  screen.line(`${OFFLINE}uploading ${file.name}`);
  const { recording } = await account.own.importBin(file.name, file.content);
  account.start();
  await settle(() => [recording.id], { account, view, ...context, wait: true });
  return (await finishedConversations(view.conversationsOf(recording.id), { server, patience }))[0];
}
