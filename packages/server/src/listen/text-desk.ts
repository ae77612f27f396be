/**
 * Everything that text frames of one session need, wired together: the order in which they are done, who speaks, pictures,
 * and, where the client brings its own words, those. Made before the conversation keeper, which asks it for names.
 */
import type { ListenEvent, SpeakerSample } from "@holdfast/contract";
import type { Clock, Log, Random } from "@holdfast/core";
import type { Db } from "@holdfast/store";
import { ClientFrames } from "./client-frames.ts";
import type { ConversationIdentity } from "./current-conversation.ts";
import { Pictures } from "./images.ts";
import type { ConversationKeeper } from "./keeper.ts";
import { Onboarding } from "./onboarding.ts";
import type { Outbox } from "./outbox.ts";
import { SerialWork } from "./serial-work.ts";
import { SessionSpeakers } from "./speakers.ts";
import type { ClientWords } from "./suggested.ts";

/** Weight of text frames that wait for the store before reading stops; a whole picture always fits. */
const MAX_WORK = 16_777_216;

export interface TextDeskOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly who: ConversationIdentity;
  readonly out: Outbox;
  readonly keeper: () => ConversationKeeper | undefined;
  readonly sample: (sample: SpeakerSample) => void;
  /** Reading may go on. */
  readonly onRoom: () => void;
}

export interface TextDesk {
  readonly work: SerialWork;
  /** For the conversation keeper. */
  readonly speakers: Pick<SessionSpeakers, "label" | "stored">;
  frames(keeper: ConversationKeeper, words: ClientWords | undefined): ClientFrames;
}

export function createTextDesk(options: TextDeskOptions): TextDesk {
  const { db, clock, random, log, who, out, sample } = options;
  const work = new SerialWork({ clock, log, maxWeight: MAX_WORK, onRoom: options.onRoom });
  const event = (happened: ListenEvent) => out.event(happened);
  const shared = { db, clock, random, log, who, work, event, home: options.keeper };
  const speakers = new SessionSpeakers({ ...shared, sample });
  const onboarding = who.query.onboarding ? new Onboarding({ clock, random, event }) : undefined;
  return {
    work,
    speakers: {
      label: (segment) => speakers.label(segment),
      stored(conversationId, said, shown) {
        speakers.stored(conversationId, said, shown);
        onboarding?.said(said.text);
      },
    },
    frames: (keeper, words) =>
      new ClientFrames({
        ...{ db, clock, log, who, work, speakers, onboarding, words },
        pictures: new Pictures(shared),
        conversationId: () => keeper.acceptingId,
        close: (code, reason) => out.close(code, reason),
      }),
  };
}
