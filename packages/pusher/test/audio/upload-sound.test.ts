/** Files of uploads to chunks for the exporter: exactly the pieces that are kept, each at its time, no message twice. */
import { createOpusEncoder, encodeWav16, readOggOpus } from "@holdfast/codecs";
import { recordingFormat, writeFrames } from "@holdfast/contract";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { createExporter } from "../../src/audio/exporter.ts";
import type { ExportItem } from "../../src/audio/protocol.ts";
import type { SoundChunk } from "../../src/audio/source.ts";
import { type FilePiece, type FileToKeep, uploadChunks } from "../../src/audio/upload-sound.ts";

const T0 = 1_700_000_000_000;
const OPUS = { codec: "opus", sampleRate: 16_000, frameSamples: 160 } as const;

/** Ten seconds of packets of 10 ms, all different. */
let packets: Uint8Array[];
beforeAll(async () => {
  const encoder = await createOpusEncoder({ frameMs: 10 });
  packets = Array.from({ length: 1_000 }, (_, i) => encoder.encode(sine(160, i * 160)));
  encoder.close();
});

function sine(count: number, from = 0): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => 0.5 * Math.sin((2 * Math.PI * (200 + from / 50) * i) / 16_000));
}

/** Seconds of the file. */
function piece(from: number, to: number): FilePiece {
  const fromSample = Math.round(from * 16_000);
  return { fromSample, samples: Math.round(to * 16_000) - fromSample, startedAtMs: T0 + from * 1_000 };
}

async function chunksOf(file: Omit<FileToKeep, "key">): Promise<SoundChunk[]> {
  const chunks: SoundChunk[] = [];
  for await (const chunk of uploadChunks({ key: "k", ...file })) chunks.push(chunk);
  return chunks;
}

const messagesOf = (chunks: readonly SoundChunk[]) =>
  chunks
    .flatMap((chunk) => ("samples" in chunk ? [] : chunk.messages))
    .map((message) => Buffer.from(message).toString("hex"));

async function exported(chunks: readonly SoundChunk[]) {
  const exporter = await createExporter();
  const items: ExportItem[] = [...(await exporter.push(chunks)), ...(await exporter.end())];
  return items.filter((item) => item.kind !== "bytes");
}

describe("a recording", () => {
  it("of which all is kept is kept packet for packet", async () => {
    const chunks = await chunksOf({ bytes: writeFrames(packets), name: OPUS, pieces: [piece(0, 10)] });
    expect(messagesOf(chunks)).toEqual(messagesOf([{ ...liveChunk, messages: packets }]));
    expect(await exported(chunks)).toEqual([
      { kind: "part", startedAtMs: T0 },
      { kind: "end", samples: 160_000, capturedSamples: 160_000 },
    ]);
  });

  it("of which a stretch is kept gives that, at the time it was recorded", async () => {
    const chunks = await chunksOf({ bytes: writeFrames(packets), name: OPUS, pieces: [piece(2, 3), piece(7, 8.5)] });
    expect(chunks.map(({ capturedAtMs }) => capturedAtMs)).toEqual([T0 + 2_000, T0 + 7_000]);
    expect(messagesOf(chunks)).toEqual(
      messagesOf([{ ...liveChunk, messages: [...packets.slice(200, 300), ...packets.slice(700, 850)] }]),
    );
    expect(await exported(chunks)).toEqual([
      { kind: "part", startedAtMs: T0 + 2_000 },
      { kind: "end", samples: 6.5 * 16_000, capturedSamples: 2.5 * 16_000 },
    ]);
  });

  it("gives every message to one piece, wherever it was cut", async () => {
    const all = messagesOf([{ ...liveChunk, messages: packets }]);
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 159_999 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(cuts, async (between) => {
        const edges = [0, ...between.sort((a, b) => a - b), 160_000];
        const parts = edges.slice(1).map((to, i) => piece((edges[i] ?? 0) / 16_000, to / 16_000));
        const bytes = writeFrames(packets);
        const each = await Promise.all(parts.map((one) => chunksOf({ bytes, name: OPUS, pieces: [one] })));
        expect(each.flatMap(messagesOf)).toEqual(all);
        expect(messagesOf(await chunksOf({ bytes, name: OPUS, pieces: parts }))).toEqual(all);
      }),
      { numRuns: 30 },
    );
  });

  it("with a torn end and packets that are none keeps its time", async () => {
    const broken = packets.map((packet, i) => (i === 100 ? Uint8Array.from([3]) : packet));
    const bytes = Buffer.concat([writeFrames(broken), Uint8Array.from([9, 0, 0, 0, 1])]);
    const chunks = await chunksOf({ bytes, name: OPUS, pieces: [piece(5, 10)] });
    expect(messagesOf(chunks)).toEqual(messagesOf([{ ...liveChunk, messages: packets.slice(500) }]));
  });

  it.each([
    ["pcm16", 16_000, 640],
    ["pcm16", 44_100, 882],
    ["pcm8", 8_000, 160],
  ] as const)("of %s at %i Hz is encoded, as long as it was", async (codec, sampleRate, messageBytes) => {
    const width = codec === "pcm16" ? 2 : 1;
    const sound = sine(sampleRate * 4);
    const raw =
      width === 2
        ? new Uint8Array(Int16Array.from(sound, (x) => Math.round(x * 32_767)).buffer)
        : Uint8Array.from(sound, (x) => 128 + Math.round(x * 127));
    const messages = Array.from({ length: raw.length / messageBytes }, (_, i) =>
      raw.slice(i * messageBytes, (i + 1) * messageBytes),
    );
    const name = { codec, sampleRate, frameSamples: 160 };
    expect(recordingFormat(name, messages)).toMatchObject({ codec, layout: codec === "pcm8" ? "linear8" : "linear16" });
    const [part, end] = await exported(await chunksOf({ bytes: writeFrames(messages), name, pieces: [piece(1, 3)] }));
    expect(part).toMatchObject({ kind: "part" });
    expect(Math.abs((part?.kind === "part" ? part.startedAtMs : 0) - T0 - 1_000)).toBeLessThan(30);
    expect(Math.abs((end?.kind === "end" ? end.samples : 0) - 32_000)).toBeLessThanOrEqual(480);
  });

  it("of hours comes some at a time", async () => {
    const long = Array.from({ length: 15 }, () => packets).flat();
    const chunks = await chunksOf({ bytes: writeFrames(long), name: OPUS, pieces: [piece(0, 150)] });
    expect(chunks.map(({ capturedAtMs }) => capturedAtMs - T0)).toEqual([0, 60_000, 120_000]);
    expect(messagesOf(chunks)).toHaveLength(15_000);
  });
});

describe("a sound file", () => {
  it("gives the stretches that are kept, at the times they were recorded", async () => {
    const sound = sine(10 * 16_000);
    const bytes = encodeWav16(sound, 16_000);
    const chunks = await chunksOf({ bytes, name: undefined, pieces: [piece(1, 2), piece(8, 99)] });
    expect(chunks.map(({ capturedAtMs }) => capturedAtMs - T0)).toEqual([1_000, 8_000]);
    const samples = chunks.map((chunk) => ("samples" in chunk ? chunk.samples : new Float32Array(0)));
    expect(samples.map(({ length }) => length)).toEqual([16_000, 32_000]);
    expect(samples[0]?.[4_000]).toBeCloseTo(sound[20_000] ?? 0, 3);
    expect(await exported(chunks)).toEqual([
      { kind: "part", startedAtMs: T0 + 1_000 },
      { kind: "end", samples: 9 * 16_000, capturedSamples: 3 * 16_000 },
    ]);
  });
});

describe("files of an upload", () => {
  it("that follow each other are one part, whatever they are", async () => {
    const first = await chunksOf({ bytes: writeFrames(packets), name: OPUS, pieces: [piece(0, 10)] });
    const second: SoundChunk[] = [{ sessionId: "other", capturedAtMs: T0 + 10_000, samples: sine(16_000) }];
    const exporter = await createExporter();
    const items = [...(await exporter.push([...first, ...second])), ...(await exporter.end())];
    expect(items.filter((item) => item.kind === "end")).toEqual([
      { kind: "end", samples: 176_000, capturedSamples: 176_000 },
    ]);
    const bytes = Buffer.concat(items.flatMap((item) => (item.kind === "bytes" ? [item.bytes] : [])));
    expect([...readOggOpus(bytes)]).toHaveLength(1_000 + 50);
  });

  it("of which nothing is kept give nothing", async () => {
    expect(await chunksOf({ bytes: writeFrames(packets), name: OPUS, pieces: [] })).toEqual([]);
    expect(await chunksOf({ bytes: writeFrames(packets), name: OPUS, pieces: [piece(20, 30)] })).toEqual([]);
  });
});

const liveChunk = {
  sessionId: "k",
  firstMessage: 0,
  capturedAtMs: T0,
  codec: "opus",
  sampleRate: 16_000,
  layout: "linear16",
  channels: 1,
};
