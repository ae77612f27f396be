import { describe, expect, it } from "vitest";
import { decodeSoundFile, encodeWav16, readPlainWav } from "../src/index.ts";
import { readAudioSpecificConfig } from "../src/sound-file/aac.ts";
import { pcmToMono } from "../src/sound-file/pcm-formats.ts";
import { fixture, fixtureBytes, jfk, similarity, tone } from "./sound.ts";

const rawBytes = (samples: Float32Array) => new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);

describe("a dropped sound file", () => {
  it.each([
    ["sound/jfk.mp3", "MP3 mp3", 0.99],
    ["sound/jfk-stereo.m4a", "MP4 aac", 0.95],
    ["sound/jfk.aac", "ADTS aac", 0.95],
    ["sound/jfk-opus.ogg", "Ogg opus", 0.98],
    ["sound/jfk-vorbis.ogg", "Ogg vorbis", 0.95],
    ["sound/jfk.webm", "WebM opus", 0.98],
    ["sound/jfk.flac", "FLAC flac", 0.9999],
    ["wav/jfk-8000.wav", "WAVE pcm-s16", 0.95],
  ])("%s is the speech it was made from, from a path and from bytes", async (name, format, alike) => {
    const reference = await jfk();
    const fromPath = await decodeSoundFile(fixture(name));
    const fromBytes = await decodeSoundFile(fixtureBytes(name));
    expect(fromPath).toMatchObject({ format, damaged: false, sampleRate: 16_000 });
    expect(Math.abs(fromPath.durationSeconds - 11)).toBeLessThan(0.15);
    expect(fromPath.samples16k.every(Number.isFinite)).toBe(true);
    expect(similarity(reference, fromPath.samples16k)).toBeGreaterThan(alike);
    expect(Buffer.compare(rawBytes(fromBytes.samples16k), rawBytes(fromPath.samples16k))).toBe(0);
  });

  it.each(["wav/opening-44100-stereo.wav", "wav/opening-48000-stereo.wav"])(
    "%s: both channels become one",
    async (name) => {
      const { samples16k } = await decodeSoundFile(fixture(name));
      expect(samples16k.length).toBe(2.8 * 16_000);
      expect(similarity((await jfk()).subarray(0, samples16k.length), samples16k, 50)).toBeGreaterThan(0.99);
    },
  );

  it.each(["sound/jfk.mp3", "sound/jfk-opus.ogg", "sound/jfk.webm", "sound/jfk.aac", "wav/jfk-8000.wav"])(
    "%s that was cut off gives its first half",
    async (name) => {
      const bytes = fixtureBytes(name);
      const { durationSeconds, samples16k } = await decodeSoundFile(bytes.subarray(0, bytes.length >> 1));
      expect(durationSeconds).toBeGreaterThan(4);
      expect(durationSeconds).toBeLessThan(6.5);
      expect(similarity((await jfk()).subarray(0, 4 * 16_000), samples16k)).toBeGreaterThan(0.95);
    },
  );

  it.each([
    ["nothing", new Uint8Array(0), "unsupported_audio"],
    ["a sentence", new TextEncoder().encode("this is not sound"), "unsupported_audio"],
    [
      "noise",
      Uint8Array.from({ length: 30_000 }, (_, i) => (i * 7919 + (i >> 3) * 104_729) % 256),
      "unsupported_audio",
    ],
    ["a video name and nothing else", fixtureBytes("sound/jfk-stereo.m4a").subarray(0, 60), "unsupported_audio"],
    ["a WAV header alone", fixtureBytes("jfk.wav").subarray(0, 44), "invalid_audio"],
  ])("%s is refused for good", async (_what, bytes, code) => {
    await expect(decodeSoundFile(bytes)).rejects.toMatchObject({ code, class: "permanent_input" });
  });

  it("above the limit of length is refused", async () => {
    await expect(decodeSoundFile(fixture("jfk.wav"), { maxSeconds: 5 })).rejects.toMatchObject({
      code: "audio_too_long",
    });
  });
});

describe("WAV of our own", () => {
  it("is read back as it was written, without loading a decoder", () => {
    const wave = tone(440, 16_000, 0.1);
    const read = readPlainWav(encodeWav16(wave, 16_000), 16_000);
    expect(read?.length).toBe(wave.length);
    wave.forEach((sample, i) => {
      expect(read?.[i]).toBeCloseTo(sample, 4);
    });
  });

  it.each([
    ["another rate", encodeWav16(new Float32Array(10), 8_000)],
    ["a cut", encodeWav16(new Float32Array(10), 16_000).subarray(0, 60)],
    ["a stump", new Uint8Array(20)],
  ])("is not what %s is", (_what, bytes) => {
    expect(readPlainWav(bytes, 16_000)).toBeUndefined();
  });

  it("clips what is too loud instead of wrapping it round", () => {
    const read = readPlainWav(encodeWav16(Float32Array.of(2, -2), 16_000), 16_000);
    expect(read?.[0]).toBeCloseTo(1, 3);
    expect(read?.[1]).toBe(-1);
  });
});

describe("sample formats", () => {
  it.each([
    ["pcm-u8", [0, 128, 192], [-1, 0, 0.5]],
    ["pcm-s8", [128, 0, 64], [-1, 0, 0.5]],
    ["pcm-s16", [0, 128, 0, 64], [-1, 0.5]],
    ["pcm-s16be", [128, 0, 64, 0], [-1, 0.5]],
    ["pcm-s24", [0, 0, 128, 0, 0, 64], [-1, 0.5]],
    ["pcm-s24be", [128, 0, 0, 64, 0, 0], [-1, 0.5]],
    ["pcm-s32", [0, 0, 0, 128, 0, 0, 0, 64], [-1, 0.5]],
    ["pcm-f32", [0, 0, 0, 63, 0, 0, 128, 127], [0.5, 0]],
    ["ulaw", [0xff, 0x00, 0x80], [0, -0.980_3, 0.980_3]],
    ["alaw", [0xd5, 0x2a, 0xaa], [0.000_2, -0.984_3, 0.984_3]],
  ])("%s", (format, bytes, samples) => {
    const mono = pcmToMono(format, Uint8Array.from(bytes), 1);
    expect(mono.length).toBe(samples.length);
    samples.forEach((sample, i) => {
      expect(mono[i]).toBeCloseTo(sample, 3);
    });
  });
});

describe("the configuration of an AAC stream", () => {
  it.each([
    ["low complexity, 44.1 kHz stereo", [0x12, 0x10], { rateIndex: 4, channels: 2 }],
    ["low complexity, 16 kHz mono", [0x14, 0x08], { rateIndex: 8, channels: 1 }],
    ["high efficiency over a 22.05 kHz core", [0x2b, 0x92, 0x08, 0x00], { rateIndex: 7, channels: 2 }],
  ])("%s", (_what, bytes, expected) => {
    expect(readAudioSpecificConfig(Uint8Array.from(bytes))).toEqual(expected);
  });

  it("of another profile is refused", () => {
    expect(() => readAudioSpecificConfig(Uint8Array.of(0x0a, 0x10))).toThrow(
      expect.objectContaining({ code: "unsupported_audio" }),
    );
  });
});
