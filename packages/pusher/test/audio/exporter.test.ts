/** Stored messages to Opus files: what is kept as it is, where parts begin, what fills gaps, how calls are mixed. */
import { createOpusEncoder, readOggOpus } from "@holdfast/codecs";
import { opusPacketMs } from "@holdfast/contract";
import type { ConversationChunk } from "@holdfast/store";
import { beforeAll, describe, expect, it } from "vitest";
import { createExporter } from "../../src/audio/exporter.ts";
import { createMixer } from "../../src/audio/mixer.ts";
import type { ExportItem } from "../../src/audio/protocol.ts";
import { renderPcm } from "../../src/audio/render-pcm.ts";

const T0 = 1_700_000_000_000;

interface Part {
  readonly startedAtMs: number;
  readonly file: Uint8Array;
  readonly samples: number;
  readonly capturedSamples: number;
}

async function exported(...chunks: readonly ConversationChunk[]): Promise<Part[]> {
  const exporter = await createExporter();
  const items = [...(await exporter.push(chunks)), ...(await exporter.end())];
  return partsOf(items);
}

function partsOf(items: readonly ExportItem[]): Part[] {
  const parts: Part[] = [];
  let startedAtMs = 0;
  let bytes: Uint8Array[] = [];
  for (const item of items) {
    if (item.kind === "bytes") bytes.push(item.bytes);
    else if (item.kind === "part") {
      startedAtMs = item.startedAtMs;
      bytes = [];
    } else parts.push({ ...item, startedAtMs, file: Buffer.concat(bytes) });
  }
  return parts;
}

/** A tone of 10 ms packets. */
let tone: Uint8Array[];
beforeAll(async () => {
  const encoder = await createOpusEncoder({ frameMs: 10 });
  tone = Array.from({ length: 100 }, (_, i) => encoder.encode(sine(160, i * 160)));
  encoder.close();
});

function sine(count: number, from = 0): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 440 * (from + i)) / 16_000));
}

function opus(
  atMs: number,
  messages: readonly Uint8Array[] = tone,
  over: Partial<ConversationChunk> = {},
): ConversationChunk {
  const rest = { sessionId: "r1", firstMessage: 0, sampleRate: 16_000, layout: "linear8", channels: 1 };
  return { ...rest, codec: "opus", capturedAtMs: T0 + atMs, messages, ...over };
}

function pcm(atMs: number, samples: Float32Array, over: Partial<ConversationChunk> = {}): ConversationChunk {
  const bytes = new Uint8Array(Int16Array.from(samples, (x) => Math.round(x * 32_767)).buffer);
  return opus(atMs, [bytes], { codec: "pcm16", ...over });
}

async function powerOf(part: Part | undefined, fromSample = 0, toSample = Number.POSITIVE_INFINITY): Promise<number> {
  const bytes: Uint8Array[] = [];
  for await (const block of renderPcm(part?.file ?? new Uint8Array(0))) bytes.push(block);
  const all = Buffer.concat(bytes);
  expect(all.length).toBe((part?.samples ?? 0) * 2);
  let sum = 0;
  let count = 0;
  for (let i = fromSample; i < Math.min(toSample, all.length / 2); i++) {
    sum += (all.readInt16LE(i * 2) / 32_768) ** 2;
    count += 1;
  }
  return sum / count;
}

describe("Opus packets", () => {
  it("are kept as they are", async () => {
    const [part, ...more] = await exported(opus(0), opus(1_000));
    expect(more).toEqual([]);
    expect(part).toMatchObject({ startedAtMs: T0, samples: 32_000, capturedSamples: 32_000 });
    const packets = [...readOggOpus(part?.file ?? new Uint8Array(0))];
    expect(packets.map((packet) => Buffer.from(packet))).toEqual(
      [...tone, ...tone].map((packet) => Buffer.from(packet)),
    );
  });

  it("that are none become silence of their length, so that time stays right", async () => {
    const bad = [new Uint8Array(0), Uint8Array.from([3]), Uint8Array.from([3, 0])];
    const [part] = await exported(opus(0, [...tone, ...bad, ...tone]));
    const packets = [...readOggOpus(part?.file ?? new Uint8Array(0))];
    expect(packets.every((packet) => opusPacketMs(packet) !== undefined)).toBe(true);
    const ms = packets.reduce((sum, packet) => sum + (opusPacketMs(packet) ?? 0), 0);
    expect(part?.samples).toBe(ms * 16);
    expect(Math.abs(ms - 2_030)).toBeLessThanOrEqual(30);
  });
});

describe("gaps", () => {
  it("of a delivery that is not even are none", async () => {
    const parts = await exported(opus(0), opus(2_900));
    expect(parts).toMatchObject([{ samples: 32_000 }]);
  });

  it("of some seconds are filled with silence that is not counted as captured", async () => {
    const [part, ...more] = await exported(opus(0), opus(11_000));
    expect(more).toEqual([]);
    expect(part).toMatchObject({ samples: 12 * 16_000, capturedSamples: 32_000 });
    expect(await powerOf(part, 0, 16_000)).toBeGreaterThan(0.05);
    expect(await powerOf(part, 20_000, 170_000)).toBeLessThan(0.000_01);
    expect(await powerOf(part, 177_000, 192_000)).toBeGreaterThan(0.05);
  });

  it("of more than 90 s begin a new part", async () => {
    expect(await exported(opus(0), opus(90_900))).toHaveLength(1);
    const parts = await exported(opus(0), opus(91_100));
    expect(parts).toMatchObject([
      { startedAtMs: T0, samples: 16_000 },
      { startedAtMs: T0 + 91_100, samples: 16_000 },
    ]);
  });
});

describe("recordings", () => {
  it("that follow each other share a part", async () => {
    expect(await exported(opus(0), opus(1_500, tone, { sessionId: "r2" }))).toMatchObject([{ samples: 32_000 }]);
  });

  it("that ran side by side are parts of their own", async () => {
    const long = Array.from({ length: 10 }, () => tone).flat();
    const parts = await exported(opus(0, long), opus(3_000, tone, { sessionId: "r2" }));
    expect(parts).toMatchObject([
      { startedAtMs: T0, samples: 160_000 },
      { startedAtMs: T0 + 3_000, samples: 16_000 },
    ]);
  });

  it("of many hours are cut, so that nothing grows without end", async () => {
    const exporter = await createExporter();
    const items: ExportItem[] = [];
    const minute = Array.from({ length: 60 }, () => tone).flat();
    for (let i = 0; i < 125; i++) items.push(...(await exporter.push([opus(i * 60_000, minute)])));
    items.push(...(await exporter.end()));
    expect(partsOf(items)).toMatchObject([
      { startedAtMs: T0, samples: 7_200 * 16_000 },
      { startedAtMs: T0 + 7_200_000, samples: 300 * 16_000 },
    ]);
  });
});

describe("other codecs", () => {
  it("are encoded, with the sound they had", async () => {
    const [part] = await exported(pcm(0, sine(16_000)), pcm(1_000, sine(16_000, 16_000)));
    expect(part).toMatchObject({ samples: 32_000, capturedSamples: 32_000 });
    expect(await powerOf(part)).toBeGreaterThan(0.1);
    expect(await powerOf(part)).toBeLessThan(0.15);
  });

  it("of other rates are brought to 16 kHz", async () => {
    const [part] = await exported(pcm(0, sine(8_000), { sampleRate: 8_000 }));
    expect(part).toMatchObject({ samples: 16_000 });
  });

  it("end on a whole frame, and a change of codec loses nothing", async () => {
    const [part] = await exported(pcm(0, sine(16_100)), opus(1_006));
    expect(part).toMatchObject({ samples: 16_320 + 16_000, capturedSamples: 32_100 });
  });

  it("that nobody can decode are refused", async () => {
    await expect(exported(opus(0, tone, { codec: "vorbis" }))).rejects.toMatchObject({
      code: "unsupported_audio",
      class: "permanent_input",
    });
  });
});

describe("calls", () => {
  const call = (atMs: number, ...messages: readonly (readonly [channel: number, samples: Float32Array])[]) => {
    const withPrefix = messages.map(([channel, samples]) => {
      const { messages: only } = pcm(0, samples);
      return Uint8Array.from([channel, ...(only[0] ?? [])]);
    });
    return opus(atMs, withPrefix, { codec: "pcm16", channels: 2 });
  };

  it("are mixed to one voice of the same length", async () => {
    const silent = new Float32Array(16_000);
    const [part] = await exported(call(0, [1, sine(16_000)], [2, silent]), call(1_000, [1, silent], [2, sine(16_000)]));
    expect(part).toMatchObject({ samples: 32_000, capturedSamples: 32_000 });
    expect(await powerOf(part, 0, 16_000)).toBeGreaterThan(0.08);
    expect(await powerOf(part, 16_000)).toBeGreaterThan(0.08);
  });

  it("in which one side is missing are not held back by it", async () => {
    const [part] = await exported(call(0, [1, sine(16_000)]), call(1_000, [1, sine(16_000)], [2, sine(100)]));
    expect(part).toMatchObject({ samples: 32_000 });
  });

  it("never get louder than loud", () => {
    const mixer = createMixer();
    mixer.add(1, Float32Array.from([0.9, -0.9, 0.1]));
    mixer.add(2, Float32Array.from([0.9, -0.9, 0.1]));
    expect([...mixer.take(false)]).toEqual([1, -1, Math.fround(0.2)]);
    expect(mixer.take(true)).toHaveLength(0);
  });
});

it("nothing gives nothing", async () => {
  expect(await exported()).toEqual([]);
  expect(await exported(opus(0, []))).toEqual([]);
});
