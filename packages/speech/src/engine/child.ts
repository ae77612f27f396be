/**
 * The engine child: the only process that loads native code. It answers what it is asked and decides nothing; a crash or a
 * hang in here costs the streams of the moment and no more, and ending it gives all of its memory back. It ends itself
 * when its parent goes away. Decoding runs on libuv's threads, so voice activity is answered meanwhile.
 */
import { messageOf } from "@holdfast/contract";
import type { OfflineRecognizer } from "sherpa-onnx-node";
import { type ModelFiles, recogniserFiles, vadFile } from "./models.ts";
import type { EngineSettings, FromEngine, ToEngine } from "./protocol.ts";
import { createVadPool, type VadPool } from "./vad-pool.ts";

const SAMPLE_RATE = 16_000;

let settings: EngineSettings | undefined;
let vad: Promise<VadPool> | undefined;
let recogniser: Promise<OfflineRecognizer> | undefined;

process.on("disconnect", () => process.exit(0));
process.on("message", (message: ToEngine) => {
  handle(message).catch(broken);
});

async function handle(message: ToEngine): Promise<void> {
  switch (message.type) {
    case "start":
      settings = message.settings;
      vad = loadVad(settings);
      await vad;
      return send({ type: "started" });
    case "warm":
      await warm();
      return;
    case "vad": {
      const flags = (await vad)?.flags(message.stream, message.samples) ?? new Uint8Array(0);
      return send({ type: "flags", stream: message.stream, flags });
    }
    case "forget":
      return (await vad)?.forget(message.stream);
    case "decode":
      return decode(message.job, message.samples);
    default:
      return message satisfies never;
  }
}

async function decode(job: number, samples: Float32Array): Promise<void> {
  const loaded = await warm();
  try {
    const stream = loaded.createStream();
    stream.acceptWaveform({ samples, sampleRate: SAMPLE_RATE });
    const { text } = await loaded.decodeAsync(stream);
    send({ type: "text", job, text, rssBytes: process.memoryUsage.rss() });
  } catch (error) {
    send({ type: "failed", job, message: messageOf(error) });
  }
}

/** Loads the recogniser, once. */
function warm(): Promise<OfflineRecognizer> {
  recogniser ??= loadRecogniser();
  return recogniser;
}

async function loadVad({ cacheDir }: EngineSettings): Promise<VadPool> {
  const model = await vadFile(cacheDir);
  const { default: sherpa } = await import("sherpa-onnx-node");
  return createVadPool(model, (config, bufferSeconds) => new sherpa.Vad(config, bufferSeconds));
}

async function loadRecogniser(): Promise<OfflineRecognizer> {
  if (settings === undefined) throw new Error("the engine was not started");
  const files = await recogniserFiles(settings.model, settings.cacheDir);
  const { default: sherpa } = await import("sherpa-onnx-node");
  const loaded = await sherpa.OfflineRecognizer.createAsync(recogniserConfig(files));
  send({ type: "loaded", rssBytes: process.memoryUsage.rss() });
  return loaded;
}

function recogniserConfig({ encoder, decoder, tokens }: ModelFiles): object {
  return {
    featConfig: { sampleRate: SAMPLE_RATE, featureDim: 80 },
    modelConfig: {
      moonshine: { encoder, mergedDecoder: decoder },
      tokens,
      numThreads: 1,
      provider: "cpu",
      debug: 0,
    },
  };
}

function send(message: FromEngine): void {
  if (process.connected) process.send?.(message);
}

function broken(error: unknown): void {
  send({ type: "broken", message: messageOf(error) });
  process.disconnect?.();
  process.exitCode = 1;
}
