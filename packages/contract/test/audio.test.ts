/** Lengths of messages without decoding, and the two meanings of `pcm8`. */
import {
  detectPcm8Layout,
  isDecodable,
  LISTEN_CODECS,
  messageMs,
  nominalPacketMs,
  opusPacketMs,
  streamEncoding,
} from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** First byte of a packet: configuration, mono, frame count code. */
const toc = (config: number, code: number): number => (config << 3) | code;

describe("opusPacketMs", () => {
  it.each([
    ["SILK wideband 20 ms", [toc(9, 0), 0], 20],
    ["SILK narrowband 60 ms", [toc(3, 0), 0], 60],
    ["hybrid 10 ms", [toc(12, 0), 0], 10],
    ["CELT 2.5 ms", [toc(16, 0), 0], 2.5],
    ["CELT 10 ms", [toc(30, 0), 0], 10],
    ["two frames", [toc(9, 1), 0], 40],
    ["three frames", [toc(9, 3), 3], 60],
    ["six frames of 20 ms are the most", [toc(9, 3), 6], 120],
  ])("%s", (_name, bytes, expected) => {
    expect(opusPacketMs(Uint8Array.from(bytes))).toBe(expected);
  });

  it.each([
    ["empty", []],
    ["count missing", [toc(9, 3)]],
    ["no frames", [toc(9, 3), 0]],
    ["more than 120 ms", [toc(9, 3), 7]],
  ])("refuses: %s", (_name, bytes) => {
    expect(opusPacketMs(Uint8Array.from(bytes))).toBeUndefined();
  });

  it("never throws and never gives a negative or endless length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        const ms = messageMs("opus", 16_000, bytes);
        expect(ms).toBeGreaterThan(0);
        expect(ms).toBeLessThanOrEqual(120);
      }),
    );
  });
});

describe("messageMs", () => {
  it("counts samples of PCM", () => {
    expect(messageMs("pcm16", 16_000, new Uint8Array(640))).toBe(20);
    expect(messageMs("pcm8", 8_000, new Uint8Array(80))).toBe(10);
    expect(messageMs("pcm8", 8_000, new Uint8Array(160), "linear16")).toBe(10);
  });
  it("takes unreadable packets for their nominal length", () => {
    expect(messageMs("opus", 16_000, new Uint8Array(0))).toBe(nominalPacketMs("opus"));
    expect(messageMs("opus_fs320", 16_000, new Uint8Array(0))).toBe(20);
  });
});

describe("LC3 messages", () => {
  it.each([
    ["a frame", 30, 10],
    ["two frames", 60, 20],
    ["a frame and some more", 44, 10],
    ["less than a frame", 29, 10],
    ["nothing", 0, 10],
    ["more than a second", 30 * 101, 1_000],
  ])("of %s", (_what, bytes, ms) => {
    expect(messageMs("lc3_fs1030", 16_000, new Uint8Array(bytes))).toBe(ms);
  });
});

it("all codecs but lc3, of which nobody knows the frames, can be decoded", () => {
  expect(LISTEN_CODECS.filter((codec) => !isDecodable(codec))).toEqual(["lc3"]);
  expect(isDecodable("flac")).toBe(false);
});

/** A tone with some noise, amplitude 0..1. */
function tone(samples: number, amplitude: number): number[] {
  return Array.from({ length: samples }, (_, i) => amplitude * Math.sin(i / 3) * Math.sin(i / 50));
}

describe("detectPcm8Layout", () => {
  it.each([0, 0.02, 0.2, 0.8])("tells 8-bit from 16-bit samples at amplitude %s", (amplitude) => {
    const wave = tone(1_600, amplitude);
    const eight = Uint8Array.from(wave, (x) => 128 + Math.round(127 * x));
    const sixteen = new Uint8Array(Int16Array.from(wave, (x) => Math.round(32_767 * x)).buffer);
    expect(detectPcm8Layout(eight)).toBe("linear8");
    expect(detectPcm8Layout(sixteen)).toBe("linear16");
  });
  it("names the encoding of the recogniser's wire", () => {
    expect(streamEncoding("pcm8")).toBe("linear8");
    expect(streamEncoding("pcm8", "linear16")).toBe("linear16");
    expect(LISTEN_CODECS.filter(isDecodable).map((codec) => streamEncoding(codec))).toEqual([
      "opus",
      "opus",
      "linear16",
      "linear8",
      "aac",
      "lc3",
    ]);
  });
});
