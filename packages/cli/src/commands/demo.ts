/**
 * `holdfast demo`: the whole promise in a quarter of a minute. The same sentence goes in twice, live as it is spoken and as a
 * recording that was kept offline, and two finished conversations come out, whatever process is killed meanwhile. Ends with 0
 * only if the words of the sentence are in both.
 */
import { existsSync } from "node:fs";
import { transcriptText } from "@holdfast/client";
import type { Conversation } from "@holdfast/contract";
import type { Command } from "commander";
import color from "picocolors";
import { announceServer, type CommandContext, clientCommand, runCommand } from "../connection/run-command.ts";
import type { ServerOptions } from "../connection/server.ts";
import { EXIT, type ExitCode, ExitError } from "../exit-codes.ts";
import type { SoundMessages } from "../stream/sound-messages.ts";

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
  const [{ soundMessages }, sample, { conversationText }] = await Promise.all([
    import("../stream/sound-messages.ts"),
    import("../demo/sample.ts"),
    import("../output/conversation-text.ts"),
  ]);
  if (!existsSync(sample.SAMPLE_PATH)) throw new ExitError(`the sample is missing: ${sample.SAMPLE_PATH}`, EXIT.usage);
  await announceServer(context);
  screen.line(`Holdfast at ${server.url}. Said: “${sample.SAMPLE_WORDS}”`);
  const sound = await soundMessages(sample.SAMPLE_PATH, "opus_fs320");
  const [live, offline] = await Promise.all([streamSample(context, sound), uploadSample(context, sound)]);
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

async function streamSample(context: CommandContext, sound: SoundMessages): Promise<Conversation | undefined> {
  const [{ streamRecording }, { LiveWords }, { linkNews }] = await Promise.all([
    import("../stream/stream-recording.ts"),
    import("../output/live-words.ts"),
    import("../stream/link-news.ts"),
  ]);
  const { screen, server } = context;
  const words = new LiveWords(screen, LIVE);
  screen.line(`${LIVE}streaming ${(sound.durationMs / 1000).toFixed(0)} s at the pace of speech`);
  const outcome = await streamRecording({
    server: server.url,
    token: server.token,
    api: server.api,
    recordingId: context.random.uuid(),
    sound,
    language: "en",
    speed: 1,
    stop: true,
    patience: () => context.patience(LIVE),
    onEvent: (event, transcript) => {
      words.show(transcript.segments);
      const news = linkNews(event);
      if (news !== undefined) screen.line(`${LIVE}${news}`);
      if (event.type === "segments" || event.type === "audio_ack") screen.json({ name: "live", ...event });
    },
    onPhase: (phase) => {
      if (phase === "drained") screen.line(`${LIVE}everything is safe at the server; waiting for the summary`);
    },
  });
  words.finish(outcome.conversation?.transcript_segments ?? outcome.transcript.segments);
  return outcome.conversation;
}

async function uploadSample(context: CommandContext, sound: SoundMessages): Promise<Conversation | undefined> {
  const [{ retrying }, { offlineRecording, quietMoment }, { jobText, uploadItem }] = await Promise.all([
    import("@holdfast/client"),
    import("../demo/sample.ts"),
    import("../upload/upload-item.ts"),
  ]);
  const { screen, server, clock } = context;
  const patience = context.patience(OFFLINE);
  const known = await retrying(() => server.api.listConversations({ limit: 500 }, patience.signal), patience);
  const file = offlineRecording(sound, quietMoment(known, clock.now(), sound.durationMs));
  screen.line(`${OFFLINE}uploading ${file.name}`);
  let last = "";
  const outcome = await uploadItem(
    { kind: "recordings", label: file.name, files: [file], bytes: file.content.size },
    {
      api: server.api,
      wait: true,
      patience: () => context.patience(OFFLINE),
      onJob: (job) => {
        const text = jobText(job);
        if (text !== last) screen.line(`${OFFLINE}job ${text}`);
        last = text;
      },
    },
  );
  return outcome.conversations[0];
}
