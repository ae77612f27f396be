/**
 * What a device kept while it was away: the sample speech as three recordings of three codecs, cut where nobody speaks. All
 * words are there exactly once, and they belong to one conversation.
 */
import { readFile } from "node:fs/promises";
import { recordingName, writeFrames } from "@holdfast/contract";
import { jfkMessages } from "@holdfast/testkit";

export interface Recording {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Behind "ask not" and behind the first "for you". */
const PARTS = [
  { codec: "pcm16", frameSamples: 320, fromMs: 0, toMs: 4_800 },
  { codec: "opus", frameSamples: 160, fromMs: 4_800, toMs: 7_900 },
  { codec: "opus_fs320", frameSamples: 320, fromMs: 7_900, toMs: Number.POSITIVE_INFINITY },
] as const;

/** Long enough to be met in the middle of its decoding. */
const SILENCE_MS = 600_000;

type Part = (typeof PARTS)[number];

/** Recorded an hour ago, as its names say. The first recording may begin so long before the first word. */
export async function spokenBatch(silenceMs = 0): Promise<Recording[]> {
  const startMs = anHourAgo();
  return await Promise.all(PARTS.map((part, at) => recordingOf(part, startMs, at === 0 ? silenceMs : 0)));
}

/** The same, and before the first word ten minutes of nothing. */
export async function batchAfterSilence(): Promise<Recording[]> {
  return await spokenBatch(SILENCE_MS);
}

/** The same, and one recording between them that nobody can decode. */
export async function batchWithGarbage(): Promise<Recording[]> {
  const garbage = new URL("../../../../../fixtures/bin/garbage_opus_16000_1_fs160_1756000000.bin", import.meta.url);
  const bytes = new Uint8Array(await readFile(garbage));
  const name = nameOf(PARTS[1], anHourAgo() + 2_000);
  const [first, ...others] = await spokenBatch();
  return first === undefined ? [] : [first, { name, bytes }, ...others];
}

async function recordingOf(part: Part, startMs: number, silenceMs: number): Promise<Recording> {
  const { messages, frameMs } = await jfkMessages(part.codec);
  const spoken = messages.slice(part.fromMs / frameMs, part.toMs / frameMs);
  const silent = new Uint8Array(messages[0]?.length ?? 0);
  const before = Array.from({ length: silenceMs / frameMs }, () => silent);
  const bytes = new Uint8Array(writeFrames([...before, ...spoken]));
  return { name: nameOf(part, startMs + part.fromMs - silenceMs), bytes };
}

function nameOf({ codec, frameSamples }: Part, startedAtMs: number): string {
  return recordingName({ device: "fault", codec, sampleRate: 16_000, frameSamples, startedAtMs });
}

function anHourAgo(): number {
  return Math.floor(Date.now() / 1_000) * 1_000 - 3_600_000;
}
