/**
 * What a telephone recorded without a network: `.bin` files of our contract's format with the sound of `sound.ts`, named after
 * the time at which they begin. A telephone is taken out at some time (minutes or days ago), records file after file with
 * pauses between them, some shorter and some longer than what makes two conversations of one, and sends the files in batches
 * that need not be in any order. Some files are silent, some torn or spoilt. Another kind brings WAV files one by one, as a
 * person drops them, and says when each began.
 */
import { recordingName, SYNC, writeFrames } from "@holdfast/contract";
import type { SeededRandom } from "@holdfast/testkit/simulator";
import { MESSAGE_MS, SAMPLE_RATE, soundMessage, wavOf, wordName } from "./sound.ts";

export interface OfflineWord {
  readonly name: string;
  /** When it was said. */
  readonly atMs: number;
}

export interface OfflineFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly startedAtMs: number;
  /** Those that can be decoded. */
  readonly words: readonly OfflineWord[];
  /** Not all of it can be decoded. */
  readonly isDamaged: boolean;
}

export interface Batch {
  readonly files: readonly OfflineFile[];
  /** Some of it is older than anything that is taken. */
  readonly isTooOld: boolean;
  /** Jobs that the client was told of. */
  readonly jobIds: Set<string>;
  /** What it was told last. */
  outcome: string | undefined;
  /** Requests with it that are under way. */
  underWay: number;
  /** Some answer was not a refusal, or did not come. */
  mayBeTaken: boolean;
}

const DAY_MS = 86_400_000;
/** Two that join without reaching over what lies between them, and the two sides of the border. */
const PAUSES_MS = [2_000, 70_000, 90_000, 100_000, SYNC.joinGapMs - 500, SYNC.joinGapMs + 500, 300_000];

/** All that it recorded before `nowMs`, as it will be sent; `isWav`: as files that are dropped one by one. */
export function offlineBatches(random: SeededRandom, phone: number, nowMs: number, isWav: boolean): Batch[] {
  const files: OfflineFile[] = [];
  let words = 0;
  let atMs = nowMs - random.pick([60_000, 300_000, 600_000, DAY_MS, 5 * DAY_MS, 29 * DAY_MS]) - random.int(0, 20_000);
  for (let count = random.int(2, 5); count > 0; count--) {
    const { file, spoken, lengthMs } = record(random, phone, words, atMs, isWav);
    files.push(file);
    words += spoken;
    atMs += lengthMs + random.pick(PAUSES_MS);
    // From the past nothing may be recorded after now.
    if (atMs > nowMs) break;
  }
  // A dropped file may be as old as it is.
  const tooOld = !isWav && random.chance(0.08);
  if (tooOld) files.push(record(random, phone, words, nowMs - SYNC.lookbackMs - DAY_MS, isWav).file);
  return batchesOf(random, files, tooOld ? files.at(-1) : undefined, isWav);
}

function batchesOf(
  random: SeededRandom,
  files: readonly OfflineFile[],
  tooOld: OfflineFile | undefined,
  isWav: boolean,
): Batch[] {
  const left = [...files].sort(() => random.next() - 0.5);
  const batches: Batch[] = [];
  while (left.length > 0) {
    const some = left.splice(0, isWav ? 1 : random.pick([1, 1, 2, 3]));
    // A client that groups anew what it could not send before.
    const again =
      !isWav && random.chance(0.15) ? files.filter((file) => !some.includes(file) && file !== tooOld).slice(0, 1) : [];
    const own = [...some, ...again];
    const isTooOld = tooOld !== undefined && own.includes(tooOld);
    batches.push({ files: own, isTooOld, jobIds: new Set(), outcome: undefined, underWay: 0, mayBeTaken: false });
  }
  return batches;
}

interface Recorded {
  readonly file: OfflineFile;
  readonly spoken: number;
  readonly lengthMs: number;
}

function record(random: SeededRandom, phone: number, firstWord: number, startedAtMs: number, isWav: boolean): Recorded {
  const messages: Uint8Array[] = [];
  const words: { readonly name: string; readonly message: number }[] = [];
  const add = (word: number | undefined, isVoice: boolean): void =>
    void messages.push(soundMessage(phone, word, isVoice));
  for (let gap = random.int(0, 4); gap > 0; gap--) add(undefined, false);
  for (let count = random.chance(0.1) ? 0 : random.int(1, 5); count > 0; count--) {
    const number = firstWord + words.length;
    words.push({ name: wordName(phone, number), message: messages.length });
    add(number, true);
    for (let more = random.int(1, 3); more > 0; more--) add(undefined, true);
    for (let gap = random.chance(0.2) ? random.int(7, 20) : random.int(0, 3); gap > 0; gap--) add(undefined, false);
  }
  if (messages.length === 0) add(undefined, false);
  const described = {
    device: `phone${phone}`,
    codec: "pcm16",
    sampleRate: SAMPLE_RATE,
    frameSamples: (SAMPLE_RATE * MESSAGE_MS) / 1000,
    startedAtMs,
  } as const;
  const name = isWav ? `phone${phone}-${firstWord}-${startedAtMs}.wav` : recordingName(described);
  const { bytes, whole } = isWav ? { bytes: wavOf(messages), whole: messages.length } : damaged(random, messages);
  const heard = words.filter(({ message }) => message < whole);
  const file: OfflineFile = {
    name,
    bytes,
    startedAtMs,
    words: heard.map(({ name: word, message }) => ({ name: word, atMs: startedAtMs + message * MESSAGE_MS })),
    isDamaged: whole < messages.length,
  };
  return { file, spoken: words.length, lengthMs: messages.length * MESSAGE_MS };
}

/** The file, and how many of its messages can be decoded. */
function damaged(random: SeededRandom, messages: readonly Uint8Array[]): { bytes: Uint8Array; whole: number } {
  const bytes = writeFrames(messages);
  const draw = random.next();
  if (draw > 0.1) return { bytes, whole: messages.length };
  if (draw > 0.04) {
    const whole = random.int(0, messages.length - 1);
    return { bytes: bytes.subarray(0, (bytes.length / messages.length) * whole + random.int(1, 2_000)), whole };
  }
  return { bytes: new Uint8Array(200).fill(0xff), whole: 0 };
}
