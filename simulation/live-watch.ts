/**
 * What must be true of calls and of words that a client brings itself.
 *
 * - Each word of a call has the voice of the channel on which it was said, and no segment has two. A call is one conversation,
 *   and is over soon after somebody hung up.
 * - No segment is shorter than its words: all of them lie where they were said.
 * - Words that reached a gateway whose session had begun are stored, unless that process died; no repair is made of the sound
 *   that came with them.
 */
import { CHANNELS, type Segment } from "@holdfast/contract";
import type { DatabaseEngine, SimProcess } from "@holdfast/testkit/simulator";
import type { Device } from "./device.ts";
import { MESSAGE_MS, SHORTEST_WORD_MS, wordsIn } from "./sound.ts";
import { type ConversationRow, type JobRow, nameOf, Violation } from "./violation.ts";

/** Where nothing goes wrong, a call that was hung up is over after this time. */
const HANG_UP_MS = 20_000;

interface Seen {
  /** Conversation of each stored word. */
  readonly words: ReadonlyMap<string, string>;
  readonly conversations: ReadonlyMap<string, ConversationRow>;
  readonly calmSinceMs: number | undefined;
}

export class LiveWatch {
  readonly #engine: DatabaseEngine;
  readonly #devices: readonly Device[];
  readonly #seen: Seen;
  /** Words that a client brought, and the gateway that has them. */
  readonly #brought = new Map<string, SimProcess>();

  constructor(engine: DatabaseEngine, devices: readonly Device[], seen: Seen) {
    this.#engine = engine;
    this.#devices = devices;
    this.#seen = seen;
  }

  /** Words that clients brought to gateways. */
  get brought(): number {
    return this.#brought.size;
  }

  took(by: SimProcess, words: readonly string[]): void {
    for (const word of words) this.#brought.set(word, by);
  }

  checkNew(job: JobRow): void {
    if (job.kind !== "repair") return;
    const own = this.#devices.filter(({ plan }) => plan.brings === "words").flatMap(({ recordings }) => recordings);
    if (own.some(({ id }) => id === job.payload.recording_session_id)) {
      throw new Violation(`job ${nameOf(job)} repairs sound whose words its client brings`);
    }
  }

  /** Whatever was under way came to its end, and nobody has been ended for the end of the world. */
  rested(): void {
    for (const [word, by] of this.#brought) {
      if (!by.isDead && !this.#seen.words.has(word)) throw new Violation(`the word ${word} was brought and is lost`);
    }
  }

  deadlines(nowMs: number): void {
    const { words, conversations, calmSinceMs } = this.#seen;
    if (calmSinceMs === undefined) return;
    // A stop that failed because the database was away leaves a conversation to its silence.
    for (const device of this.#calls.filter(({ plan }) => plan.stops === 0)) {
      const hungUpMs = device.hungUpSince(calmSinceMs);
      if (hungUpMs === undefined || nowMs - hungUpMs < HANG_UP_MS) continue;
      const last = device.recordings.at(-1)?.words.findLast(({ name }) => words.has(name));
      const conversation = conversations.get(words.get(last?.name ?? "") ?? "");
      if (conversation?.status === "in_progress") {
        throw new Violation(`call ${conversation.id} was hung up and is in progress`);
      }
    }
  }

  /** After everything came to rest. */
  final(): void {
    this.#checkVoices();
    this.#checkLengths();
    for (const { plan, recordings } of this.#calls) {
      for (const { words } of plan.stops > 0 ? [] : recordings) {
        const homes = new Set(words.flatMap(({ name }) => this.#seen.words.get(name) ?? []));
        if (homes.size > 1) throw new Violation(`the call of device ${plan.number} is divided`);
      }
    }
  }

  get #calls(): Device[] {
    return this.#devices.filter(({ plan }) => plan.brings === "call");
  }

  #checkLengths(): void {
    for (const { text, start_s, end_s } of this.#engine.query("select text, start_s, end_s from segments").rows) {
      const words = wordsIn(String(text));
      const lengthMs = (Number(end_s) - Number(start_s)) * 1_000;
      // Of the last one only the beginning may be known, and sound that is heard again from the store is placed to the message.
      if (words.length > 1 && lengthMs < (words.length - 1) * SHORTEST_WORD_MS - MESSAGE_MS) {
        throw new Violation(`${words.length} words from ${words[0]} on take ${Math.round(lengthMs)} ms`);
      }
    }
  }

  #checkVoices(): void {
    const channels = new Map<string, number>();
    for (const { recordings } of this.#calls) {
      for (const { name, channel } of recordings.flatMap(({ words }) => words)) channels.set(name, channel);
    }
    if (channels.size === 0) return;
    for (const { text, body } of this.#engine.query("select text, body from segments").rows) {
      const said = body as Pick<Segment, "speaker" | "speaker_id" | "is_user">;
      for (const word of wordsIn(String(text))) {
        const channel = CHANNELS.find(({ id }) => id === channels.get(word));
        if (channel === undefined) continue;
        const { speaker, speakerId, isUser } = channel;
        if (said.speaker !== speaker || said.speaker_id !== speakerId || said.is_user !== isUser) {
          throw new Violation(`the word ${word} of channel ${channel.id} has the voice ${said.speaker}`);
        }
      }
    }
  }
}
