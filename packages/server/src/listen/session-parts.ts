/**
 * What one live session consists of, and how its parts are wired: sound goes from the intake to the audio log and to the
 * sources of words, words go to the conversation keeper, and finished conversations over the link to a pusher and back. The
 * session itself (`session.ts`) owns the order in which these are used.
 */
import { CHANNELS, type Config, type ListenQuery, ONLY_CHANNEL } from "@holdfast/contract";
import { type Circuits, type Clock, CUSTOM_PROVIDER, type Log, type Random, Watermarks } from "@holdfast/core";
import { type Db, loadChunks, type RecordingHold } from "@holdfast/store";
import type { ConnectSocket } from "@holdfast/stt-client";
import type { AudioFormat } from "./admission.ts";
import type { Announcer } from "./announcer.ts";
import { AudioLog } from "./audio-log.ts";
import type { AudioWriter } from "./audio-writer.ts";
import type { ClientFrames } from "./client-frames.ts";
import { type Completions, watchCompletions } from "./completions.ts";
import type { ConversationIdentity, CurrentConversation } from "./current-conversation.ts";
import type { LiveEngines } from "./engines.ts";
import type { LiveFairUse } from "./fair-use.ts";
import { Intake } from "./intake.ts";
import { ConversationKeeper } from "./keeper.ts";
import type { Lots } from "./lots.ts";
import type { Outbox } from "./outbox.ts";
import type { PusherLink } from "./pusher-link.ts";
import { watchWanted } from "./pusher-link-wanted.ts";
import type { PusherLinks } from "./pusher-links.ts";
import { type RecognisedStretch, Recogniser } from "./recogniser.ts";
import { ClientWords, type WordSource } from "./suggested.ts";
import { createTextDesk } from "./text-desk.ts";

export interface SessionDeps {
  readonly db: Db;
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly writer: AudioWriter;
  readonly circuits: Circuits;
  readonly links: PusherLinks;
  /** How streams to speech engines are opened; `ws` unless told otherwise. */
  readonly connect?: ConnectSocket | undefined;
  readonly lots: Lots;
}

export interface SessionRequest {
  readonly userId: string;
  readonly query: ListenQuery;
  readonly format: AudioFormat;
  readonly clientDeviceId: string | null;
  readonly clientPlatform: string | null;
}

/** How long a recording belongs to a socket that is not heard of. */
export const LEASE_MS = 20_000;

export interface SessionParts {
  readonly hold: RecordingHold;
  readonly intake: Intake;
  readonly audio: AudioLog;
  /** One for each channel. */
  readonly recognisers: readonly WordSource[];
  readonly watermarks: Watermarks;
  readonly keeper: ConversationKeeper;
  readonly frames: ClientFrames;
  readonly link: PusherLink;
  readonly completions: Completions;
}

export interface SessionWiring {
  readonly deps: SessionDeps;
  readonly request: SessionRequest;
  readonly who: ConversationIdentity;
  readonly log: Log;
  readonly out: Outbox;
  readonly announcer: Announcer;
  readonly fairUse: LiveFairUse | undefined;
  readonly hold: RecordingHold;
  readonly first: CurrentConversation;
  /** Undefined where the client brings the words itself. */
  readonly engines: LiveEngines | undefined;
  readonly recordedUntilMs: number | undefined;
  /** The parts once they are made. */
  readonly parts: () => SessionParts | undefined;
  readonly onDurable: (count: number) => void;
  readonly onFenced: () => void;
  readonly onStorageFailure: (error: unknown) => void;
  readonly onRoom: () => void;
  readonly onRecogniserState: (
    state: "live" | "lost",
    channel: number,
    engines: LiveEngines,
    keeper: ConversationKeeper,
  ) => void;
}

export function createSessionParts(wiring: SessionWiring): SessionParts {
  const { deps, request, who, log, out, announcer, fairUse, hold, first, engines, recordedUntilMs, onFenced } = wiring;
  const { db, clock, random } = deps;
  const { userId } = request;
  const { codec, sampleRate, channels } = request.format;
  const { durableMessages: durable, transcribedMessages, channelMarks } = hold;
  const { firstSequence } = request.query;
  const intake = new Intake({ codec, sampleRate, channels, durable, firstSequence, recordedUntilMs });
  const channelIds = channels > 1 ? CHANNELS.map(({ id }) => id) : [ONLY_CHANNEL];
  const watermarks = new Watermarks(channelIds, transcribedMessages, channelMarks);
  const shared = { clock, log, codec, sampleRate, channels, layout: () => intake.layout };
  const audio = new AudioLog({
    ...{ ...shared, hold },
    ...{ writer: deps.writer, onDurable: wiring.onDurable, onFenced, onFailure: wiring.onStorageFailure },
  });
  const text = createTextDesk({
    ...{ db, clock, random, log, who, out, onRoom: wiring.onRoom },
    keeper: () => wiring.parts()?.keeper,
    sample: (words) => wiring.parts()?.link.speakerSample(words),
  });
  const keeper = new ConversationKeeper({
    ...{ db, clock, random, log, who, hold, first, announcer, watermarks, onFenced },
    leaseMs: LEASE_MS,
    provider: () => engines?.provider ?? CUSTOM_PROVIDER,
    speakers: text.speakers,
    speechOf: fairUse === undefined ? undefined : (stretch) => fairUse.speechOf(stretch),
  });
  const onStretch = async (stretch: RecognisedStretch): Promise<void> => {
    await keeper.onStretch(stretch);
    fairUse?.heard(stretch);
  };
  const recogniser = (serving: LiveEngines, channel: number): WordSource =>
    new Recogniser({
      ...shared,
      ...{ channel, watermarks, random, audio, lots: deps.lots, formatKnown: intake.formatKnown, onStretch },
      load: (from, to) => loadChunks(db, hold.userId, hold.id, from, to),
      open: (layout, events) => serving.open(layout, events),
      onState: (state) => wiring.onRecogniserState(state, channel, serving, keeper),
    });
  const recognised = (serving: LiveEngines, channel: number): WordSource => {
    const create = (): WordSource => recogniser(serving, channel);
    return fairUse?.words(channel, watermarks, create) ?? create();
  };
  const clientWords =
    engines === undefined
      ? new ClientWords({ ...{ db, hold, clock, watermarks, onStretch }, channels: channelIds, work: text.work })
      : undefined;
  const recognisers: WordSource[] =
    engines === undefined ? [] : channelIds.map((channel) => recognised(engines, channel));
  if (clientWords !== undefined) recognisers.push(clientWords);
  const frames = text.frames(keeper, clientWords);
  keeper.attach(audio, [...recognisers, frames]);
  const completions = watchCompletions({
    ...{ db, userId, clock, log },
    onCompleted: (conversation, lifecycle) => announcer.created(conversation, lifecycle),
    onDropped: (conversationId) => wiring.parts()?.link.settled(conversationId),
  });
  const link = deps.links.open({
    ...{ userId, codec, sampleRate, channels, log },
    layout: () => intake.layout,
    wantsAudio: watchWanted({ db, userId, clock, log }),
    onResult: (result) => completions.check(result.conversation_id),
  });
  return { hold, intake, audio, recognisers, watermarks, keeper, frames, link, completions };
}
