/** Samples as pieces: positions, resuming behind what is done, and what counts as decoded. */
import { writeFrames } from "@holdfast/contract";
import { describe, expect, test } from "vitest";
import { pieceStream } from "../src/decode/piece-stream.ts";
import type { DecodeDamage, DecodedPiece, DecodeEnd } from "../src/decode/protocol.ts";
import { openSource, type SampleBlock, type SampleStream } from "../src/decode/sources.ts";
import { collect } from "./support/collect.ts";

const LIMITS = { maxSamples: 16_000, searchSamples: 8_000 };
const WAV_HEADER_BYTES = 44;

async function* blocks(list: readonly SampleBlock[], damage?: DecodeDamage): SampleStream {
  yield* list;
  return { damage, droppedMessages: list.at(-1)?.badMessages ?? 0, droppedBytes: damage === "truncated" ? 3 : 0 };
}

function block(length: number, messages: number, badMessages = 0): SampleBlock {
  return { samples: new Float32Array(length).fill(0.25), messages, badMessages };
}

async function piecesOf(stream: SampleStream, from = 0): Promise<{ pieces: DecodedPiece[]; end: DecodeEnd }> {
  const items = await collect(pieceStream(stream, from, LIMITS));
  const end = items.at(-1);
  if (end?.type !== "end") throw new Error("the last item must be the end");
  return { pieces: items.filter((item) => item.type === "piece"), end };
}

describe("pieceStream", () => {
  test("pieces follow each other and hold the samples as WAV", async () => {
    const { pieces, end } = await piecesOf(blocks([block(30_000, 10), block(10_000, 20)]));
    let next = 0;
    for (const piece of pieces) {
      expect(piece.startSample).toBe(next);
      expect(piece.wav).toHaveLength(WAV_HEADER_BYTES + piece.sampleCount * 2);
      expect(piece.usable).toBe(true);
      next += piece.sampleCount;
    }
    expect(next).toBe(40_000);
    expect(new Set(pieces.map(({ sha256 }) => sha256)).size).toBe(new Set(pieces.map((p) => p.sampleCount)).size);
    const frames = { frames: 20, droppedFrames: 0, droppedBytes: 0 };
    expect(end).toEqual({ type: "end", samples: 40_000, damage: undefined, ...frames });
  });

  test("a run that takes over makes the same pieces that were left", async () => {
    const list = [block(25_000, 5), block(25_000, 10), block(7, 11)];
    const whole = await piecesOf(blocks(list));
    const second = whole.pieces[1];
    const rest = await piecesOf(blocks(list), second?.startSample ?? 0);
    expect(rest.pieces).toEqual(whole.pieces.slice(1));
    expect(rest.end).toEqual(whole.end);
  });

  test("a run that takes over at the end has nothing to do", async () => {
    const { pieces, end } = await piecesOf(blocks([block(500, 5)], "truncated"), 500);
    expect(pieces).toEqual([]);
    expect(end).toMatchObject({ type: "end", samples: 500, damage: "truncated", frames: 5, droppedBytes: 3 });
  });

  test("a piece of nothing but zeros says so, and its digest is that of its samples", async () => {
    const quiet: SampleBlock = { samples: new Float32Array(16_000), messages: 10, badMessages: 0 };
    const { pieces } = await piecesOf(blocks([quiet, block(16_000, 20)]));
    const again = await piecesOf(blocks([block(16_000, 10)]));
    expect(pieces[0]?.silent).toBe(true);
    expect(pieces.at(-1)?.silent).toBe(false);
    expect(again.pieces.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256))).toBe(true);
    expect((await piecesOf(blocks([block(16_000, 10)]))).pieces).toEqual(again.pieces);
  });

  test("a piece in which nothing was decoded says so", async () => {
    const { pieces, end } = await piecesOf(
      blocks([block(16_000, 10), block(40_000, 20, 10), block(16_000, 21, 10)], "bad_frames"),
    );
    for (const { startSample, sampleCount, usable } of pieces) {
      expect(usable).toBe(startSample < 16_000 || startSample + sampleCount > 56_000);
    }
    expect(pieces.map(({ usable }) => usable)).toContain(false);
    expect(end.damage).toBe("bad_frames");
  });

  test("a sound file that comes in one block is good in all its pieces", async () => {
    const { pieces } = await piecesOf(blocks([block(50_000, 1)]));
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.every(({ usable }) => usable)).toBe(true);
  });

  test.each<[string, SampleBlock[], DecodeDamage | undefined]>([
    ["no frames", [], "corrupt"],
    ["only bad frames", [block(3_000, 10, 10)], "bad_frames"],
    ["frames without a sample", [block(0, 3)], undefined],
  ])("%s means that nothing was decoded", async (_, list, damage) => {
    const { pieces, end } = await piecesOf(blocks(list, damage));
    expect(end.damage).toBe("nothing_decoded");
    expect(pieces.every(({ usable }) => !usable)).toBe(true);
  });

  test("a source that throws is closed and passes its error on", async () => {
    let closed = false;
    const failing = (async function* (): SampleStream {
      try {
        yield block(10, 1);
        throw new Error("broken");
      } finally {
        closed = true;
      }
    })();
    await expect(piecesOf(failing)).rejects.toThrow("broken");
    expect(closed).toBe(true);
  });
});

describe("recordings", () => {
  const pcm = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(16);
  const name = { codec: "pcm16", sampleRate: 16_000, frameSamples: 160 } as const;
  const whole = writeFrames([pcm(3_200), pcm(3_200)]);

  async function report(
    bytes: Uint8Array,
    of: { codec: "opus" | "pcm16" | "pcm8"; sampleRate: number; frameSamples: number } = name,
  ) {
    const { end } = await piecesOf(openSource({ kind: "recording", bytes, name: of }));
    const { samples, damage, frames, droppedFrames, droppedBytes } = end;
    return { samples, damage, counts: [frames, droppedFrames, droppedBytes] };
  }

  /** Reference offline-sync 2.3: what can be decoded is used, and what cannot is counted in frames and bytes. */
  test.each<[string, Uint8Array, number, DecodeDamage | undefined, [number, number, number]]>([
    ["a whole file", whole, 3_200, undefined, [2, 0, 0]],
    ["a torn payload", whole.subarray(0, whole.length - 100), 1_600, "truncated", [1, 0, 3_104]],
    ["one byte of a length", whole.subarray(0, 3_204 + 1), 1_600, "truncated", [1, 0, 1]],
    ["two bytes of a length", whole.subarray(0, 3_204 + 2), 1_600, "truncated", [1, 0, 2]],
    ["three bytes of a length", whole.subarray(0, 3_204 + 3), 1_600, "truncated", [1, 0, 3]],
    ["a length and nothing behind it", whole.subarray(0, 3_204 + 4), 1_600, "truncated", [1, 0, 4]],
    ["a nonsense length", Uint8Array.of(...whole, 255, 255, 255, 255, 1), 3_200, "corrupt", [2, 0, 5]],
    ["a length one too many", Uint8Array.of(...whole, 1, 0, 1, 0), 3_200, "corrupt", [2, 0, 4]],
    ["the longest frame", writeFrames([pcm(65_536)]), 32_768, undefined, [1, 0, 0]],
    ["a length of nought", Uint8Array.of(...whole, 0, 0, 0, 0), 3_200, "corrupt", [2, 0, 4]],
    ["half a sample", writeFrames([pcm(3_201)]), 1_600, "bad_frames", [1, 1, 0]],
    [
      "half a sample among whole ones",
      writeFrames([pcm(3_200), pcm(3_201), pcm(3_200)]),
      4_800,
      "bad_frames",
      [3, 1, 0],
    ],
    [
      "half a sample and a torn tail",
      writeFrames([pcm(3_201), pcm(9)]).subarray(0, 3_212),
      1_600,
      "truncated",
      [1, 1, 7],
    ],
    ["an empty file", new Uint8Array(0), 0, "nothing_decoded", [0, 0, 0]],
    ["text", new TextEncoder().encode("this is not a recording"), 0, "nothing_decoded", [0, 0, 23]],
  ])("%s", async (_, bytes, samples, damage, counts) => {
    expect(await report(bytes)).toEqual({ samples, damage, counts });
  });

  test("8-bit samples are told from 16-bit samples of the same name", async () => {
    const eight = { codec: "pcm8", sampleRate: 8_000, frameSamples: 160 } as const;
    const unsigned = Uint8Array.from({ length: 8_000 }, (_, i) => 128 + Math.round(20 * Math.sin(i / 3)));
    const signed = new Uint8Array(16_000);
    const view = new DataView(signed.buffer);
    for (let i = 0; i < 8_000; i++) view.setInt16(i * 2, Math.round(2_000 * Math.sin(i / 3)), true);
    expect((await report(writeFrames([unsigned]), eight)).samples).toBe(16_000);
    expect((await report(writeFrames([signed]), eight)).samples).toBe(16_000);
  });

  test("Opus packets that do not decode are silence of their length, and counted", async () => {
    const packet = Uint8Array.of(0x48, 0xff, 0xff, 0xff);
    const opus = { codec: "opus", sampleRate: 16_000, frameSamples: 320 } as const;
    const { damage, counts } = await report(writeFrames([new Uint8Array(2_000), packet]), opus);
    expect(damage).toBe("bad_frames");
    expect(counts).toEqual([2, 1, 0]);
    expect((await report(writeFrames([new Uint8Array(2_000)]), opus)).damage).toBe("nothing_decoded");
  });
});
