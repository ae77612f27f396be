/**
 * Malformed recordings through the reader and the real decoders: they never crash it, never hang it, and whatever was lost is
 * counted, so that no damaged file can pass for a whole one.
 */
import { createOpusEncoder } from "@holdfast/codecs";
import { HoldfastError, isHoldfastError, parseRecordingName, writeFrames } from "@holdfast/contract";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { pieceStream } from "../src/decode/piece-stream.ts";
import type { DecodedPiece, DecodeEnd } from "../src/decode/protocol.ts";
import { openSource } from "../src/decode/sources.ts";
import { collect } from "./support/collect.ts";

type Name = { readonly codec: "opus" | "pcm16" | "pcm8"; readonly sampleRate: number; readonly frameSamples: number };

const LIMITS = { maxSamples: 16_000, searchSamples: 8_000 };
const NAMES: readonly Name[] = [
  { codec: "opus", sampleRate: 16_000, frameSamples: 160 },
  { codec: "opus", sampleRate: 16_000, frameSamples: 320 },
  { codec: "pcm16", sampleRate: 16_000, frameSamples: 160 },
  { codec: "pcm16", sampleRate: 44_100, frameSamples: 160 },
  { codec: "pcm8", sampleRate: 8_000, frameSamples: 160 },
];

async function decode(bytes: Uint8Array, name: Name): Promise<{ pieces: DecodedPiece[]; end: DecodeEnd }> {
  const items = await collect(pieceStream(openSource({ kind: "recording", bytes, name }), 0, LIMITS));
  const end = items.at(-1);
  if (end?.type !== "end") throw new Error("a stream of pieces must end with its report");
  return { pieces: items.filter((item) => item.type === "piece"), end };
}

/** What every report must add up to, whatever was in the file. */
function expectHonest(bytes: Uint8Array, { pieces, end }: { pieces: DecodedPiece[]; end: DecodeEnd }): void {
  expect(pieces.reduce((sum, piece) => sum + piece.sampleCount, 0)).toBe(end.samples);
  expect(end.droppedFrames).toBeLessThanOrEqual(end.frames);
  expect(end.droppedBytes).toBeLessThanOrEqual(bytes.length);
  const lost = end.droppedFrames > 0 || end.droppedBytes > 0 || end.samples === 0;
  expect(end.damage !== undefined).toBe(lost);
  if (end.samples === 0) expect(end.damage).toBe("nothing_decoded");
  for (const { wav, sampleCount, sha256 } of pieces) {
    expect(wav.length).toBe(44 + 2 * sampleCount);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  }
}

const whole = new Map<Name, Uint8Array>();
beforeAll(async () => {
  const tone = Float32Array.from({ length: 16_000 }, (_, i) => 0.3 * Math.sin(i / 7));
  for (const name of NAMES) {
    if (name.codec !== "opus") {
      whole.set(name, writeFrames(Array.from({ length: 50 }, (_, i) => new Uint8Array(320).fill(i + 3))));
      continue;
    }
    const encoder = await createOpusEncoder({ frameMs: name.frameSamples === 160 ? 10 : 20 });
    const size = encoder.frameSamples;
    const frames = Array.from({ length: 40 }, (_, i) => encoder.encode(tone.subarray(i * size, (i + 1) * size)));
    encoder.close();
    whole.set(name, writeFrames(frames));
  }
});

/** Ways in which a file is damaged on its way, at places given as shares of its length. */
const share = fc.double({ min: 0, max: 1, noNaN: true });
const damage = fc.oneof(
  fc.record({ kind: fc.constant("flip"), at: share, bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }) }),
  fc.record({ kind: fc.constant("insert"), at: share, bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
  fc.record({ kind: fc.constant("cut"), at: share, bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
  fc.record({ kind: fc.constant("tear"), at: share, bytes: fc.constant(new Uint8Array(0)) }),
);

function damaged(
  bytes: Uint8Array,
  { kind, at, bytes: by }: { kind: string; at: number; bytes: Uint8Array },
): Uint8Array {
  const place = Math.floor(at * bytes.length);
  const head = bytes.subarray(0, place);
  const tail = kind === "tear" ? new Uint8Array(0) : bytes.subarray(place + (kind === "insert" ? 0 : by.length));
  return Uint8Array.from([...head, ...(kind === "cut" ? [] : by), ...tail]);
}

describe("a recording", () => {
  test("that is whole is decoded as a whole", async () => {
    for (const name of NAMES) {
      const bytes = whole.get(name) ?? new Uint8Array(0);
      const decoded = await decode(bytes, name);
      expectHonest(bytes, decoded);
      expect(decoded.end).toMatchObject({ damage: undefined, droppedFrames: 0, droppedBytes: 0 });
    }
  });

  test("that was damaged anywhere is reported honestly", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...NAMES),
        fc.array(damage, { minLength: 1, maxLength: 4 }),
        async (name, damages) => {
          const bytes = damages.reduce(damaged, whole.get(name) ?? new Uint8Array(0));
          expectHonest(bytes, await decode(bytes, name));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("of anything at all is reported honestly", async () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 20 }).map(writeFrames),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...NAMES), noise, async (name, bytes) => {
        expectHonest(bytes, await decode(bytes, name));
      }),
      { numRuns: 60 },
    );
  });

  test("of the same bytes gives the same pieces", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...NAMES), damage, async (name, one) => {
        const bytes = damaged(whole.get(name) ?? new Uint8Array(0), one);
        expect(await decode(bytes, name)).toEqual(await decode(bytes, name));
      }),
      { numRuns: 8 },
    );
  });
});

test("a name is read or refused, and never anything else", () => {
  const part = fc.constantFrom(
    "audio",
    "_",
    "pcm16",
    "pcm8",
    "opus",
    "_fs",
    "16000",
    "99999999",
    ".",
    "..",
    "\0",
    "-1",
    "é",
  );
  const name = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.array(part, { maxLength: 12 }).map((parts) => `${parts.join("")}.bin`),
  );
  const now = Date.UTC(2026, 10, 23);
  fc.assert(
    fc.property(name, (text) => {
      try {
        const read = parseRecordingName(text, now);
        expect(read.startedAtMs).toBeGreaterThan(0);
        expect(read.sampleRate).toBeGreaterThanOrEqual(4_000);
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
        expect(isHoldfastError(error) && error.class).toBe("permanent_input");
      }
    }),
    { numRuns: 500 },
  );
});
