import { type DecodableCodec, messageMs, readFrames } from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { createMessageDecoder, createOpusEncoder } from "../src/index.ts";
import { fixtureBytes, jfk, joined, similarity, tone } from "./sound.ts";

const OPUS20 = "bin/audio_fixture_opus_fs320_16000_1_fs320_1756000000.bin";

describe("opus messages", () => {
  it.each([
    ["opus", "bin/audio_fixture_opus_16000_1_fs160_1756000000.bin", 160],
    ["opus_fs320", OPUS20, 320],
  ] as const)("%s decodes to the speech, %s samples a message", async (codec, file, size) => {
    const decoder = await createMessageDecoder({ codec, sampleRate: 16_000 });
    const parts = readFrames(fixtureBytes(file)).frames.map((frame) => decoder.decode(frame));
    decoder.close();
    expect(new Set(parts.map((part) => part.length))).toEqual(new Set([size]));
    expect(similarity(await jfk(), joined(parts), 400)).toBeGreaterThan(0.97);
    expect(decoder.stats).toMatchObject({ messages: parts.length, badMessages: 0, samples: parts.length * size });
  });

  it("turns a bad packet into silence of its length, counts it, and says nothing on stderr", async () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => {});
    const decoder = await createMessageDecoder({ codec: "opus_fs320", sampleRate: 16_000 });
    // Code 3 with a frame count of zero, no bytes at all, and more bytes than a packet may have.
    const bad = [Uint8Array.of(0x4b, 0), new Uint8Array(0), new Uint8Array(2_000).fill(0x48)];
    const lengths = bad.map((packet) => {
      const samples = decoder.decode(packet);
      expect(samples.every((sample) => sample === 0)).toBe(true);
      return samples.length;
    });
    expect(lengths).toEqual([320, 320, 320]);
    expect(decoder.stats.badMessages).toBe(3);
    expect(said).not.toHaveBeenCalled();
    decoder.close();
    said.mockRestore();
  });

  it("keeps decoding good packets after bad ones", async () => {
    const { frames } = readFrames(fixtureBytes(OPUS20));
    const decoder = await createMessageDecoder({ codec: "opus_fs320", sampleRate: 16_000 });
    for (let i = 0; i < 50; i++) decoder.decode(Uint8Array.from({ length: 40 }, (_, k) => (i * 37 + k * 101) % 256));
    const parts = frames.map((frame) => decoder.decode(frame));
    decoder.close();
    expect(similarity(await jfk(), joined(parts), 400)).toBeGreaterThan(0.97);
  });

  it("is given packets by our own encoder that say their own length", async () => {
    const encoder = await createOpusEncoder({ frameMs: 10, bitrate: 16_000 });
    const packet = encoder.encode(tone(440, 16_000, 0.01));
    encoder.close();
    expect(messageMs("opus", 16_000, packet)).toBe(10);
  });
});

describe("the messages of a .bin recording", () => {
  const decodeFile = async (name: string, codec: DecodableCodec, sampleRate = 16_000) => {
    const { frames } = readFrames(fixtureBytes(`bin/${name}`));
    const decoder = await createMessageDecoder({ codec, sampleRate });
    const samples = joined(frames.map((frame) => decoder.decode(frame)));
    decoder.close();
    return { samples, frames: frames.length, bad: decoder.stats.badMessages };
  };

  it.each([
    ["audio_fixture_pcm16_16000_1_fs160_1756000000.bin", "pcm16", 16_000, 0.9999],
    ["audio_fixture_pcm8_8000_1_fs80_1756000000.bin", "pcm8", 8_000, 0.95],
  ] as const)("%s are the speech it was made from", async (name, codec, rate, alike) => {
    const { samples, bad } = await decodeFile(name, codec, rate);
    expect(bad).toBe(0);
    expect(similarity(await jfk(), samples, 400)).toBeGreaterThan(alike);
  });

  it("keep their length where some are corrupt, or the end is missing", async () => {
    const corrupt = await decodeFile("corrupt_opus_16000_1_fs320_1756000000.bin", "opus_fs320");
    expect(corrupt.bad).toBeGreaterThan(10);
    expect(corrupt.samples.every(Number.isFinite)).toBe(true);
    const cut = await decodeFile("truncated_opus_16000_1_fs320_1756000000.bin", "opus_fs320");
    expect(cut.samples.length).toBe(cut.frames * 320);
    expect(similarity((await jfk()).subarray(0, cut.samples.length), cut.samples, 400)).toBeGreaterThan(0.97);
  });
});

describe("the clock of a stream", () => {
  const message = fc.uint8Array({ minLength: 0, maxLength: 400 });
  const cases: [DecodableCodec, number][] = [
    ["opus", 16_000],
    ["opus_fs320", 16_000],
    ["pcm16", 16_000],
    ["pcm16", 44_100],
    ["pcm16", 11_025],
    ["pcm8", 8_000],
    ["pcm8", 22_050],
  ];
  it.each(cases)(
    "%s at %i Hz moves by exactly what messageMs says, whatever is in the messages",
    async (codec, sampleRate) => {
      await fc.assert(
        fc.asyncProperty(fc.array(message, { maxLength: 40 }), async (messages) => {
          const decoder = await createMessageDecoder({ codec, sampleRate });
          let exactMs = 0;
          let samples = 0;
          for (const bytes of messages) {
            exactMs += messageMs(codec, sampleRate, bytes);
            samples += decoder.decode(bytes).length;
            expect(samples).toBe(Math.floor(exactMs * 16 + 1e-6));
          }
          expect(decoder.stats.samples).toBe(samples);
          decoder.close();
        }),
        { numRuns: 15 },
      );
    },
  );

  it("does not drift in five minutes at 44.1 kHz", async () => {
    const decoder = await createMessageDecoder({ codec: "pcm16", sampleRate: 44_100 });
    const tenth = new Uint8Array(4_410 * 2);
    let samples = 0;
    for (let i = 0; i < 3_000; i++) samples += decoder.decode(tenth).length;
    decoder.close();
    expect(samples).toBe(300 * 16_000);
  });
});

describe("pcm messages", () => {
  it("are resampled without gaps: a tone stays a tone across messages", async () => {
    const rate = 48_000;
    const wave = tone(300, rate, 1);
    const bytes = new Uint8Array(Int16Array.from(wave, (x) => Math.round(x * 32_767)).buffer);
    const decoder = await createMessageDecoder({ codec: "pcm16", sampleRate: rate });
    const parts: Float32Array[] = [];
    for (let at = 0; at < bytes.length; at += 1_920) parts.push(decoder.decode(bytes.subarray(at, at + 1_920)));
    decoder.close();
    expect(similarity(tone(300, 16_000, 1), joined(parts), 100)).toBeGreaterThan(0.999);
  });

  it("of pcm8 follow the layout that was detected", async () => {
    const bytes = Uint8Array.of(0, 64, 0, 192);
    const eight = await createMessageDecoder({ codec: "pcm8", sampleRate: 16_000, layout: "linear8" });
    const sixteen = await createMessageDecoder({ codec: "pcm8", sampleRate: 16_000, layout: "linear16" });
    expect([...eight.decode(bytes)]).toEqual([-1, -0.5, -1, 0.5]);
    expect([...sixteen.decode(bytes)]).toEqual([0.5, -0.5]);
  });
});
