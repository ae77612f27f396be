/**
 * Measures the speech process as its clients see it: word error rate over a folder of recordings (batch and live), batch
 * speed, delay of finals and first partials with four live streams at once, memory with the model unloaded and loaded.
 *
 *   node bench/speech.ts [folder with WAV files and texts.json] [seconds of the live part]
 *
 * The delay of a final counts from the moment the last voiced sample of the utterance was sent, so the silence that has to
 * pass before an end is an end is part of it. The delay of a partial counts from the first voiced sample.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createOpusEncoder, decodeSoundFile, encodeWav16 } from "@holdfast/codecs";
import { parseConfig, type StreamResults } from "@holdfast/contract";
import { systemClock } from "@holdfast/runtime";
import { openStream, parseEngines, type SttEngine, type SttStream, transcribe } from "@holdfast/stt-client";
import { transcriptErrors } from "./wer.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FRAME = 320;
const RATE = 16_000;
const LIVE_STREAMS = 4;
const PRE_ROLL_SECONDS = 0.3;
const POST_ROLL_SECONDS = 0.2;

interface Recording {
  readonly name: string;
  readonly wav: Uint8Array;
  readonly samples: Float32Array;
  readonly text: string;
  readonly prefix: string;
}

async function main(): Promise<void> {
  const [folder = join(ROOT, "fixtures"), liveSeconds = "45"] = process.argv.slice(2);
  const data = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const speech = await startSpeechProcess(data);
  try {
    const cpu = cpus();
    console.log(
      `machine    ${cpu.length} x ${cpu[0]?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
    );
    console.log(`settings   model base, ${LIVE_STREAMS} live streams, 20 ms Opus messages, partials on`);
    const recordings = await readFolder(folder);
    const idle = await memory(speech.child);
    await batch(speech.engine, recordings);
    await liveAccuracy(speech.engine, recordings);
    await liveDelay(speech.engine, recordings, Number(liveSeconds));
    const loaded = await memory(speech.child, speech.enginePid);
    console.log(
      `memory     unloaded ${idle} MiB, loaded and after all of this ${loaded} MiB (PSS, speech process and engine)`,
    );
  } finally {
    speech.child.kill("SIGTERM");
    rmSync(data, { recursive: true, force: true });
  }
}

async function readFolder(folder: string): Promise<Recording[]> {
  const texts: Record<string, { text: string; prefix?: string; note?: string }> = JSON.parse(
    readFileSync(join(folder, "texts.json"), "utf8"),
  );
  return Promise.all(
    Object.entries(texts).map(async ([name, { text, prefix, note }]) => {
      const { samples16k } = await decodeSoundFile(join(folder, name));
      // As our own worker sends it.
      const wav = encodeWav16(samples16k, RATE);
      return {
        name,
        wav,
        samples: samples16k,
        text,
        prefix: prefix ?? /first says '([^']+)'/.exec(note ?? "")?.[1] ?? "",
      };
    }),
  );
}

async function batch(engine: SttEngine, recordings: readonly Recording[]): Promise<void> {
  const first = recordings[0];
  if (first !== undefined) await transcribe(engine, first.wav);
  const heard: string[] = [];
  const began = performance.now();
  for (const { wav } of recordings) heard.push((await transcribe(engine, wav)).text);
  const one = performance.now() - began;
  report("WER batch", recordings, heard);

  const seconds = recordings.reduce((sum, { samples }) => sum + samples.length / RATE, 0);
  const rounds = Math.max(2, Math.ceil(120 / seconds));
  const all = Array.from({ length: rounds }, () => recordings).flat();
  const cpuBefore = await cpuSeconds();
  const start = performance.now();
  await Promise.all(
    [0, 1, 2].map(async (lane) => {
      for (const [i, { wav }] of all.entries()) if (i % 3 === lane) await transcribe(engine, wav);
    }),
  );
  const wall = (performance.now() - start) / 1000;
  const cpu = (await cpuSeconds()) - cpuBefore;
  const audio = seconds * rounds;
  console.log(
    `batch      ${(audio / cpu).toFixed(1)} x real time per core (${audio.toFixed(0)} s of sound, ${cpu.toFixed(1)} s of CPU); ` +
      `${(audio / wall).toFixed(1)} x by the clock with both cores; ${((seconds * 1000) / one).toFixed(1)} x one file after the other`,
  );
}

async function liveAccuracy(engine: SttEngine, recordings: readonly Recording[]): Promise<void> {
  const heard: string[] = [];
  for (const { samples } of recordings) {
    const finals: string[] = [];
    const stream = open(engine, (results) => {
      if (results.is_final) finals.push(textOf(results));
    });
    for (const packet of await packets(samples)) stream.send(packet);
    await stream.finish();
    heard.push(finals.filter((text) => text !== "").join(" "));
  }
  report("WER live", recordings, heard);
}

function report(label: string, recordings: readonly Recording[], heard: readonly string[]): void {
  let words = 0;
  let errors = 0;
  const differences: string[] = [];
  recordings.forEach(({ text, prefix }, i) => {
    const result = transcriptErrors(text, heard[i] ?? "", prefix);
    words += result.words;
    errors += result.errors;
    differences.push(...result.differences);
  });
  const rate = ((100 * errors) / words).toFixed(2);
  console.log(`${label.padEnd(10)} ${rate} % (${errors} of ${words} words): ${differences.join(" ")}`);
}

/** Four speakers at once, each starting a little later, each saying the recordings with pauses between. */
async function liveDelay(engine: SttEngine, recordings: readonly Recording[], seconds: number): Promise<void> {
  const finals: number[] = [];
  const partials: number[] = [];
  const pause = new Float32Array(1.5 * RATE);
  await Promise.all(
    Array.from({ length: LIVE_STREAMS }, async (_, lane) => {
      const order = [...recordings.slice(lane % recordings.length), ...recordings.slice(0, lane % recordings.length)];
      const samples = concat(order.flatMap((recording) => [recording.samples, pause]));
      const frames = await packets(samples);
      await new Promise((resolve) => setTimeout(resolve, lane * 700));
      const began = performance.now();
      const sentAt = (streamSeconds: number): number => began + (Math.floor(streamSeconds * 50) + 1) * 20;
      let waitingForPartial = true;
      const stream = open(engine, (results) => {
        const now = performance.now();
        const end = results.start + results.duration;
        if (results.is_final) waitingForPartial = true;
        if (textOf(results) === "") return;
        if (results.is_final && results.speech_final) finals.push(now - sentAt(end - POST_ROLL_SECONDS));
        if (!results.is_final && waitingForPartial) {
          waitingForPartial = false;
          partials.push(now - sentAt(results.start + PRE_ROLL_SECONDS));
        }
      });
      const total = Math.floor(seconds * 50);
      for (let i = 0; i < total; i++) {
        const wait = began + (i + 1) * 20 - performance.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        stream.send(frames[i % frames.length] ?? new Uint8Array(0));
      }
      await stream.finish();
    }),
  );
  console.log(
    `final      p50 ${at(finals, 0.5)} ms, p95 ${at(finals, 0.95)} ms, worst ${at(finals, 1)} ms after the last voiced sample (${finals.length} utterances)`,
  );
  console.log(
    `partial    p50 ${at(partials, 0.5)} ms, p95 ${at(partials, 0.95)} ms after the first voiced sample (${partials.length} utterances)`,
  );
}

function open(engine: SttEngine, onResults: (results: StreamResults) => void): SttStream {
  return openStream(
    engine,
    { codec: "opus_fs320", encoding: "opus", sampleRate: RATE, interim: true },
    {
      onResults,
      onEnd: ({ error }) => {
        if (error !== undefined) throw error;
      },
    },
    { clock: systemClock },
  );
}

async function packets(samples: Float32Array): Promise<Uint8Array[]> {
  const encoder = await createOpusEncoder({ frameMs: 20 });
  const out: Uint8Array[] = [];
  for (let from = 0; from < samples.length; from += FRAME)
    out.push(encoder.encode(samples.subarray(from, from + FRAME)));
  encoder.close();
  return out;
}

function concat(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    out.set(part, position);
    position += part.length;
  }
  return out;
}

function textOf(results: StreamResults): string {
  return results.channel.alternatives[0]?.transcript ?? "";
}

function at(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN);
}

let speechPid = 0;
let speechPort = 0;

async function startSpeechProcess(
  data: string,
): Promise<{ child: ChildProcess; engine: SttEngine; enginePid: () => Promise<number | undefined> }> {
  const child = fork(join(ROOT, "packages/speech/src/main.ts"), [], {
    env: {
      ...process.env,
      HOLDFAST_DATA: data,
      HOLDFAST_SPEECH_PORT: "0",
      HOLDFAST_LOG_LEVEL: "warn",
      HOLDFAST_STT: "embedded",
    },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    execArgv: [],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once("message", (message: { port: number }) => resolve(message.port));
    child.once("exit", () => reject(new Error("the speech process did not start")));
  });
  speechPid = child.pid ?? 0;
  speechPort = port;
  const [engine] = parseEngines(parseConfig({ HOLDFAST_SPEECH_URL: `http://127.0.0.1:${port}` }));
  if (engine === undefined) throw new Error("no engine");
  return { child, engine, enginePid };
}

async function enginePid(): Promise<number | undefined> {
  const health: { engine: { pid?: number } } = JSON.parse(
    await (await fetch(`http://127.0.0.1:${speechPort}/health`)).text(),
  );
  return health.engine.pid;
}

/** Proportional set size in MiB, which counts shared pages once. */
async function memory(child: ChildProcess, engine?: () => Promise<number | undefined>): Promise<number> {
  const pids = [child.pid, await engine?.()].filter((pid) => pid !== undefined);
  return Math.round(pids.reduce((sum, pid) => sum + pss(pid), 0));
}

function pss(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
}

/** CPU time of the speech process and its engine. */
async function cpuSeconds(): Promise<number> {
  const pids = [speechPid, await enginePid()].filter((pid) => pid !== undefined);
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}

await main();
