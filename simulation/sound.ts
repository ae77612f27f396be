/**
 * Sound that says exactly which words it holds. A message is 100 ms of 16-bit samples; the first message of a word carries the
 * word's device and number in its samples, so whoever hears that message has heard the word, live or from the store, and
 * nobody hears it twice unless a message is transcribed twice. Levels are coarse, so that decoding and encoding again changes
 * nothing.
 */

import { ONLY_CHANNEL } from "@holdfast/contract";

export const SAMPLE_RATE = 16_000;
export const MESSAGE_MS = 100;
/** A word is at least two messages long. */
export const SHORTEST_WORD_MS = 2 * MESSAGE_MS;
const SAMPLES = (SAMPLE_RATE * MESSAGE_MS) / 1000;
const STEP = 32;
const ONSET = 1_001;
const VOICE = 777;

export interface HeardMessage {
  readonly isVoice: boolean;
  /** The word that begins here. */
  readonly word: string | undefined;
}

/** `word` only in the first message of a word. */
export function soundMessage(device: number, word: number | undefined, isVoice: boolean): Uint8Array {
  const samples = new Int16Array(SAMPLES);
  if (isVoice) samples.fill(VOICE * STEP, 0, 8);
  if (word !== undefined) {
    samples[0] = ONSET * STEP;
    samples[1] = device * STEP;
    samples[2] = word * STEP;
  }
  return new Uint8Array(samples.buffer);
}

/** As a client sends it: where there are several channels, the first byte says which. */
export function onChannel(channel: number, message: Uint8Array): Uint8Array {
  return channel === ONLY_CHANNEL ? message : Buffer.concat([Uint8Array.of(channel), message]);
}

export function wordName(device: number, word: number): string {
  return `d${device}w${word}`;
}

/** The words of a text, as `wordName` made them. */
export function wordsIn(text: string): string[] {
  return text.toLowerCase().match(/d\d+w\d+/g) ?? [];
}

/** What one message of a stream says. */
export function hearMessage(message: Uint8Array): HeardMessage {
  const level = (at: number): number =>
    Math.round(Buffer.from(message.buffer, message.byteOffset).readInt16LE(at * 2) / STEP);
  const first = message.length >= 6 ? level(0) : 0;
  if (first === ONSET) return { isVoice: true, word: wordName(level(1), level(2)) };
  return { isVoice: first === VOICE, word: undefined };
}

/** A 16-bit WAV file of one channel. */
export function wavOf(messages: readonly Uint8Array[]): Uint8Array {
  const data = Buffer.concat(messages);
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + data.length, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}

/** A message of a file, and where it begins in it. */
export interface PlacedMessage {
  readonly message: Uint8Array;
  readonly startS: number;
}

/**
 * Messages of a 16-bit WAV file. It may begin in the middle of one, after what that message says: the first sample that is
 * not silent then begins a message, and with it all others.
 */
export function messagesOfWav(wav: Uint8Array): PlacedMessage[] {
  const data = wav.subarray(44);
  const loud = data.findIndex((byte) => byte !== 0) >> 1;
  const messages: PlacedMessage[] = [];
  for (let at = Math.max(0, loud) % SAMPLES; at * 2 < data.length; at += SAMPLES) {
    messages.push({ message: data.subarray(at * 2, (at + SAMPLES) * 2), startS: at / SAMPLE_RATE });
  }
  return messages;
}
