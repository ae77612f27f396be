/**
 * Words that a recorder recognised itself, on their way to the server as `suggested_transcript` frames (reference
 * listen-and-pusher 2.7): a few at a time, some late, each with its time after the first sound of the connection. One
 * connection is one stream of words; what was not sent with it is never sent.
 */
import type { SeededRandom } from "@holdfast/testkit/simulator";

const WORD_MS = 200;
/** Words further apart than this are segments of their own. */
const PAUSE_MS = 600;

interface OwnWord {
  readonly word: string;
  readonly atMs: number;
}

export class OwnWords {
  readonly #random: SeededRandom;
  readonly #slownessMs: number;
  #waiting: OwnWord[] = [];
  #dueMs = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#slownessMs = random.skewed(100, 4_000);
  }

  /** A word began so many milliseconds after the first sound. */
  heard(word: string, atMs: number): void {
    if (this.#waiting.length === 0) this.#dueMs = atMs + this.#random.between(0.2, 1) * this.#slownessMs;
    this.#waiting.push({ word, atMs });
  }

  /** The frame to send now, if any. */
  due(nowMs: number): string | undefined {
    return this.#waiting.length > 0 && nowMs >= this.#dueMs ? this.rest() : undefined;
  }

  /** Everything that was not sent. */
  rest(): string | undefined {
    if (this.#waiting.length === 0) return undefined;
    const segments = this.#segments();
    this.#waiting = [];
    // One that cannot be used must not cost the others anything.
    if (this.#random.chance(0.2)) segments.splice(this.#random.int(0, segments.length), 0, { text: "nonsense" });
    return JSON.stringify({ type: "suggested_transcript", segments, stt_provider: "own" });
  }

  #segments(): object[] {
    const groups: OwnWord[][] = [];
    for (const each of this.#waiting) {
      const before = groups.at(-1)?.at(-1);
      if (before !== undefined && each.atMs - before.atMs < PAUSE_MS) groups.at(-1)?.push(each);
      else groups.push([each]);
    }
    return groups.map((group) => ({
      text: group.map(({ word }) => word).join(" "),
      start: (group[0]?.atMs ?? 0) / 1000,
      end: ((group.at(-1)?.atMs ?? 0) + WORD_MS) / 1000,
      is_user: true,
      speaker: "SPEAKER_00",
      person_id: null,
    }));
  }
}

/** The words of such a frame; none of any other. */
export function wordsBrought(text: string): string[] {
  if (!text.includes("suggested_transcript")) return [];
  return text.match(/d\d+w\d+/g) ?? [];
}
