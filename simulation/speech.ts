/**
 * The speech process of the simulated world: Deepgram's streaming shape over simulated sockets and a batch transcription, both
 * of which understand the words of `sound.ts` exactly. Like a real engine it answers late, shows partial words, closes a
 * stretch after a pause or when it grows long (also in the middle of a word), closes silence now and then, and answers
 * `Finalize` and `CloseStream`. It can be killed or stopped like any process, with utterances in its memory.
 */

import type { StreamResults } from "@holdfast/contract";
import { HoldfastError } from "@holdfast/contract";
import type { Timer } from "@holdfast/core";
import type { SimProcess, SimSocket } from "@holdfast/testkit/simulator";
import type { Transcriber } from "@holdfast/worker/parts";
import { type HeardMessage, hearMessage, MESSAGE_MS, messagesOfWav } from "./sound.ts";

/** Messages of silence that end an utterance. */
const PAUSE_MESSAGES = 4;
const LONGEST_STRETCH = 70;
const SILENCE_MESSAGES = 30;
const PARTIAL_EVERY = 5;
/** A stream that brings nothing for this long has ended its utterance, too. */
const QUIET_MS = 1_000;

export function serveStream(process: SimProcess, socket: SimSocket): void {
  const { random } = process;
  const heard: HeardMessage[] = [];
  const slownessMs = random.skewed(20, 600);
  let closedTo = 0;
  let lastVoice = -1;
  let readyMs = 0;
  let contextLeft = 0;

  let quiet: Timer | undefined;
  socket.on("close", () => quiet?.cancel());

  /** Results leave in order, each after the time it takes to recognise. */
  const later = (call: () => void): void => {
    readyMs = Math.max(readyMs + 1, process.scheduler.nowMs + random.between(0.5, 1) * slownessMs);
    process.after(readyMs - process.scheduler.nowMs, "recognised", () => {
      if (socket.readyState === socket.OPEN) call();
    });
  };
  const results = (from: number, to: number, flags: { final: boolean; finalize: boolean }): void => {
    const words = wordsBetween(heard, from, to);
    const best = { transcript: sentenceOf(words, flags.final, random.chance(0.5)), words };
    const frame: StreamResults = {
      type: "Results",
      start: (from * MESSAGE_MS) / 1000,
      duration: ((to - from) * MESSAGE_MS) / 1000,
      is_final: flags.final,
      speech_final: flags.final,
      from_finalize: flags.finalize,
      channel: { alternatives: [best] },
    };
    later(() => socket.send(JSON.stringify(frame)));
  };
  const close = (to: number, finalize = false): void => {
    results(closedTo, to, { final: true, finalize });
    closedTo = to;
    lastVoice = -1;
  };

  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (!isBinary) {
      const { type, messages = 0 }: { type: string; messages?: number } = JSON.parse(data.toString());
      if (type === "Context") contextLeft = messages;
      if (type === "Finalize") close(heard.length, true);
      if (type === "CloseStream") {
        if (heard.length > closedTo) close(heard.length);
        later(() => socket.close(1000));
      }
      return;
    }
    if (contextLeft > 0) {
      contextLeft -= 1;
      return;
    }
    const message = hearMessage(data);
    heard.push(message);
    quiet?.cancel();
    quiet = process.after(QUIET_MS, "quiet", () => {
      if (lastVoice !== -1) close(heard.length);
    });
    if (message.isVoice) lastVoice = heard.length;
    const open = heard.length - closedTo;
    const silent = lastVoice === -1 ? open : heard.length - lastVoice;
    if (lastVoice !== -1 && (silent >= PAUSE_MESSAGES || open >= LONGEST_STRETCH)) close(heard.length);
    else if (lastVoice === -1 && open >= SILENCE_MESSAGES) close(heard.length);
    else if (lastVoice !== -1 && heard.length % PARTIAL_EVERY === 0) {
      results(closedTo, heard.length, { final: false, finalize: false });
    }
  });
}

interface HeardWord {
  readonly word: string;
  /** Seconds. */
  readonly start: number;
  readonly end: number;
  readonly speaker: number;
}

function wordsBetween(heard: readonly HeardMessage[], from: number, to: number): HeardWord[] {
  const words: HeardWord[] = [];
  for (let at = from; at < to; at++) {
    const word = heard[at]?.word;
    if (word !== undefined) words.push(heardWord(word, (at * MESSAGE_MS) / 1000));
  }
  return words;
}

function heardWord(word: string, start: number): HeardWord {
  return { word, start, end: start + 0.2, speaker: 0 };
}

function sentenceOf(words: readonly HeardWord[], isFinal: boolean, ends: boolean): string {
  const text = words.map(({ word }) => word).join(" ");
  if (!isFinal || text === "" || !ends) return text;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** What the batch route says just now. */
export type BatchMood = "fine" | "busy" | "content";

/** The worker's way to the speech process: fails while it is dead, hangs while it is stopped. */
export function simulatedTranscriber(worker: SimProcess, speech: () => SimProcess, mood: () => BatchMood): Transcriber {
  return {
    transcribe(wav, _language, signal) {
      return new Promise((resolve, reject) => {
        const asked = speech();
        const fail = (code: string, kind: "transport" | "capacity" | "content"): void =>
          reject(new HoldfastError(code, { code, class: kind, scope: "service" }));
        const gone = (): void => {
          worker.after(5, "speech gone", () => fail("stt_unreachable", "transport"));
        };
        if (asked.isDead) return gone();
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        asked.onDeath(gone);
        asked.after(worker.random.skewed(50, 3_000), "transcribed", () => {
          worker.after(2, "transcript", () => {
            const now = mood();
            if (now === "busy") return fail("stt_busy", "capacity");
            if (now === "content") return fail("stt_unreadable", "content");
            resolve({ utterances: utterancesOf(wav), engine: "embedded-batch" });
          });
        });
      });
    },
  };
}

function utterancesOf(wav: Uint8Array): { start: number; end: number; text: string }[] {
  const utterances: { start: number; end: number; text: string }[] = [];
  let open: HeardWord[] = [];
  const close = (): void => {
    const [first] = open;
    const last = open.at(-1);
    if (first !== undefined && last !== undefined) {
      utterances.push({ start: first.start, end: last.end, text: sentenceOf(open, true, true) });
    }
    open = [];
  };
  for (const { message, startS } of messagesOfWav(wav)) {
    const { word } = hearMessage(message);
    if (word === undefined) continue;
    const before = open.at(-1);
    if (before !== undefined && startS - before.end > 0.6) close();
    open.push(heardWord(word, startS));
  }
  close();
  return utterances;
}
