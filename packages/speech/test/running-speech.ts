/** A real speech process part (server and engine child) on a free port, and a client that speaks its streaming route. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig, type StreamResults } from "@holdfast/contract";
import { type Log, silentLog } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import {
  openStream,
  parseEngines,
  type StreamEnd,
  type StreamOptions,
  type SttEngine,
  type SttStream,
} from "@holdfast/stt-client";
import { JFK_WORDS, plainWords, wordErrors } from "@holdfast/testkit";
import { startSpeech } from "../src/index.ts";

export const TOKEN = "internal-token-of-the-tests";

export interface TestSpeech extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly engine: SttEngine;
  readonly engines: readonly SttEngine[];
  health(): Promise<{ engine: { state: string; pid?: number; loads: number; crashes: number; liveStreams: number } }>;
}

/** `idleSeconds` is how long the model stays loaded without work. */
export async function testSpeech(settings: Record<string, string> = {}, log: Log = silentLog): Promise<TestSpeech> {
  const data = await mkdtemp(join(tmpdir(), "holdfast-speech-"));
  const env = { HOLDFAST_DATA: data, HOLDFAST_SPEECH_PORT: "0", HOLDFAST_INTERNAL_TOKEN: TOKEN, ...settings };
  const running = await startSpeech({ config: parseConfig(env), log, clock: systemClock, random: systemRandom });
  const url = `http://127.0.0.1:${running.port}`;
  const engines = parseEngines(parseConfig({ ...env, HOLDFAST_SPEECH_URL: url }));
  const engine = engines.find(({ kind }) => kind === "embedded");
  if (engine === undefined) throw new Error("the embedded engine is always there");
  return {
    port: running.port,
    url,
    engine,
    engines,
    health: async () => JSON.parse(await (await fetch(`${url}/health`)).text()),
    async [Symbol.asyncDispose](): Promise<void> {
      await running.drain();
      await running.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

export interface Heard {
  readonly stream: SttStream;
  readonly results: StreamResults[];
  readonly end: Promise<StreamEnd>;
  /** Text of all finals. */
  text(): string;
  finals(): StreamResults[];
}

export function listen(
  engine: SttEngine,
  options: Partial<StreamOptions> & Pick<StreamOptions, "codec" | "encoding">,
): Heard {
  const results: StreamResults[] = [];
  const { promise: end, resolve } = Promise.withResolvers<StreamEnd>();
  const stream = openStream(
    engine,
    { sampleRate: 16_000, interim: false, ...options },
    { onResults: (frame) => results.push(frame), onEnd: resolve },
    { clock: systemClock },
  );
  const finals = () => results.filter((frame) => frame.is_final);
  const text = () => finals().map(textOf).filter(Boolean).join(" ");
  return { stream, results, end, text, finals };
}

export function textOf(frame: StreamResults): string {
  return frame.channel.alternatives[0]?.transcript ?? "";
}

/** What "exact" means for speech. */
export function plain(text: string): string {
  return plainWords(text).join(" ");
}

export const JFK_TEXT = JFK_WORDS.join(" ");

/** Words of JFK_TEXT that were not heard in their place, counted as edits. */
export function wordEdits(heard: string): number {
  return wordErrors(JFK_WORDS, plainWords(heard));
}
