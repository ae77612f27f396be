/**
 * Who speaks in a live session, as far as somebody said so: assignments by the client (`speaker_assigned`) hold for the named
 * segments, in the store and in what the session still writes, and for everything that speaker says later; a speaker who
 * says their own name is suggested to the client, once for each name (reference listen-and-pusher 2.7, 2.8).
 *
 * A person is made only where the client asked for both `speaker_auto_assign` and `create_speakers`; otherwise the client
 * decides, and a name that was misheard leaves no trace.
 */
import {
  type ListenEvent,
  type Segment,
  SPEECH_SAMPLES,
  type SpeakerAssigned,
  type SpeakerSample,
} from "@holdfast/contract";
import {
  assignSpeaker,
  type Clock,
  introducedName,
  isSampleOf,
  labelFor,
  labelled,
  nameKey,
  noLabels,
  type Random,
  type SpeakerLabels,
} from "@holdfast/core";
import { assignSegments, createPerson, type Db, findPersonByName, privateCloudSync } from "@holdfast/store";
import type { ConversationIdentity } from "./current-conversation.ts";
import type { SerialWork } from "./serial-work.ts";

/** What it needs of the conversation keeper. */
export interface SpeakerHome {
  readonly acceptingId: string;
  /** Runs when no final is being stored. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  relabel(label: (segment: Segment) => Segment): void;
}

export interface SessionSpeakersOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  readonly who: ConversationIdentity;
  readonly work: SerialWork;
  readonly home: () => SpeakerHome | undefined;
  readonly event: (event: ListenEvent) => void;
  readonly sample: (sample: SpeakerSample) => void;
}

/** Segments of the session whose conversation is remembered; older ones are looked for in the conversation of now. */
const REMEMBERED_SEGMENTS = 5_000;

/** Suggestions of one session; whoever says more names than this is not introducing people. */
const MAX_SUGGESTIONS = 200;

export class SessionSpeakers {
  readonly #options: SessionSpeakersOptions;
  readonly #homes = new Map<string, string>();
  readonly #suggested = new Set<string>();
  #labels: SpeakerLabels = noLabels;

  constructor(options: SessionSpeakersOptions) {
    this.#options = options;
  }

  /** The segment as a person named its speaker. */
  label(segment: Segment): Segment {
    return labelled(segment, this.#labels.get(segment.speaker_id));
  }

  /** A final was stored; `shown` are the segments that the client got for it, under the ids it will name. */
  stored(conversationId: string, said: Segment, shown: readonly Segment[]): void {
    for (const { id } of [said, ...shown]) this.#remember(id, conversationId);
    const name = this.#isKnown(said) ? undefined : introducedName(said.text);
    if (name === undefined) return;
    const key = JSON.stringify([said.speaker_id, nameKey(name)]);
    if (this.#suggested.has(key) || this.#suggested.size >= MAX_SUGGESTIONS) return;
    this.#suggested.add(key);
    const segmentId = (shown.find(({ id }) => id === said.id) ?? shown.findLast(isBySpeaker(said)) ?? said).id;
    this.#options.work.add(0, () => this.#suggest(said.speaker_id, name, segmentId));
  }

  assign(frame: SpeakerAssigned): void {
    this.#labels = assignSpeaker(this.#labels, frame.speaker_id, frame.person_id);
    this.#options.work.add(0, () => this.#assign(frame));
  }

  #isKnown(segment: Segment): boolean {
    return segment.is_user || segment.person_id !== null || this.#labels.has(segment.speaker_id);
  }

  #remember(segmentId: string, conversationId: string): void {
    this.#homes.delete(segmentId);
    this.#homes.set(segmentId, conversationId);
    const oldest = this.#homes.size > REMEMBERED_SEGMENTS ? this.#homes.keys().next().value : undefined;
    if (oldest !== undefined) this.#homes.delete(oldest);
  }

  async #assign(frame: SpeakerAssigned): Promise<void> {
    const home = this.#options.home();
    if (home === undefined || frame.segment_ids.length === 0) return;
    const label = labelFor(frame.person_id);
    const named = new Set(frame.segment_ids);
    const decided = (segment: Segment): Segment => {
      if (!named.has(segment.id)) return segment;
      if (frame.person_id !== null) return labelled(segment, label);
      return { ...segment, person_id: null, is_user: false, speaker_label_source: null };
    };
    const { db, clock, who } = this.#options;
    const ofSession = Map.groupBy(named, (id) => this.#homes.get(id));
    const conversations = new Set([...ofSession.keys(), home.acceptingId].filter((id) => id !== undefined));
    await home.inTurn(async () => {
      home.relabel(decided);
      for (const conversationId of conversations) {
        const at = { userId: who.userId, conversationId, nowMs: clock.now() };
        // Samples are asked for where the words are of this session (reference 2.7), and are the pusher's to make.
        const sampling = ofSession.has(conversationId) ? { afterMs: SPEECH_SAMPLES.minAgeMs } : undefined;
        await assignSegments(db, at, label, (segments) => segments.filter(({ id }) => named.has(id)), sampling);
      }
    });
    await this.#tellOfSamples(frame.person_id, ofSession);
  }

  /** Words of a known voice may be learnt, if the user keeps sound at all: the request is in the store, this is its news. */
  async #tellOfSamples(
    personId: string | null,
    ofSession: ReadonlyMap<string | undefined, readonly string[]>,
  ): Promise<void> {
    const { db, who, sample } = this.#options;
    const known = [...ofSession].filter(([conversationId]) => conversationId !== undefined);
    if (!isSampleOf(personId) || known.length === 0 || !(await privateCloudSync(db, who.userId))) return;
    for (const [conversationId = "", segmentIds] of known) {
      sample({ person_id: personId, conversation_id: conversationId, segment_ids: [...segmentIds] });
    }
  }

  async #suggest(speaker: number, name: string, segmentId: string): Promise<void> {
    const { db, clock, random, who, event } = this.#options;
    const { speakerAutoAssign, createSpeakers } = who.query;
    const found = await findPersonByName(db, who.userId, name);
    const mayCreate = found === undefined && speakerAutoAssign && createSpeakers;
    const made = { userId: who.userId, id: random.uuid(), name, nowMs: clock.now() };
    const person = mayCreate ? await createPerson(db, made) : found;
    event({
      type: "speaker_label_suggestion",
      speaker_id: speaker,
      person_id: speakerAutoAssign ? (person?.id ?? "") : "",
      person_name: person?.name ?? name,
      segment_id: segmentId,
    });
  }
}

function isBySpeaker(said: Segment): (segment: Segment) => boolean {
  return (segment) => segment.speaker_id === said.speaker_id;
}
