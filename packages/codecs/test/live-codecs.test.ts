/** AAC and LC3 as live messages: made by ffmpeg and by the reference encoder of LC3 (fixtures/PROVENANCE.md). */
import { adtsFrames, LC3_FRAME_BYTES, messageMs } from "@holdfast/contract";
import fc from "fast-check";
import { EncodedPacketSink, FilePathSource, Input, MP4 } from "mediabunny";
import { describe, expect, it } from "vitest";
import { createMessageDecoder } from "../src/index.ts";
import { fixture, fixtureBytes, jfk, joined, similarity } from "./sound.ts";

/** The messages of the fixture, one frame each. */
function aacMessages(): Uint8Array[] {
  const bytes = fixtureBytes("live/jfk.aac");
  const messages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [frame] = adtsFrames(bytes.subarray(at));
    if (frame === undefined) expect.fail("the fixture is broken");
    const end = frame.payload.byteOffset - bytes.byteOffset + frame.payload.length;
    messages.push(bytes.subarray(at, end));
    at = end;
  }
  return messages;
}

function lc3Messages(): Uint8Array[] {
  const bytes = fixtureBytes("live/jfk.lc3");
  return Array.from({ length: bytes.length / LC3_FRAME_BYTES }, (_, i) =>
    bytes.subarray(i * LC3_FRAME_BYTES, (i + 1) * LC3_FRAME_BYTES),
  );
}

async function decodeAll(codec: "aac" | "lc3_fs1030", messages: readonly Uint8Array[], sampleRate = 16_000) {
  const decoder = await createMessageDecoder({ codec, sampleRate });
  const parts = messages.map((message) => decoder.decode(message));
  decoder.close();
  return { samples: joined(parts), stats: decoder.stats };
}

const pairs = (messages: readonly Uint8Array[]): Uint8Array[] =>
  Array.from({ length: Math.ceil(messages.length / 2) }, (_, i) =>
    Uint8Array.from(messages.slice(2 * i, 2 * i + 2).flatMap((message) => [...message])),
  );

describe.each([
  ["aac", aacMessages, 1_024],
  ["lc3_fs1030", lc3Messages, 160],
] as const)("%s messages", (codec, read, size) => {
  it("decode to the speech, and to nothing but sound", async () => {
    const messages = read();
    const { samples, stats } = await decodeAll(codec, messages);
    expect(stats).toEqual({ messages: messages.length, badMessages: 0, samples: messages.length * size });
    expect(samples.every((sample) => Math.abs(sample) <= 1)).toBe(true);
    expect(similarity(await jfk(), samples)).toBeGreaterThan(0.97);
  });

  it("of two frames each decode to the same samples", async () => {
    const messages = read().slice(0, 100);
    const [single, double] = [await decodeAll(codec, messages), await decodeAll(codec, pairs(messages))];
    expect(double.samples).toEqual(single.samples);
  });

  it("that are broken are silence of their length, and the speech goes on after them", async () => {
    const messages = read();
    const broken = messages.map((message, i) =>
      i < messages.length / 8 ? message.map((byte, k) => (byte * 31 + k * 7 + i) % 256) : message,
    );
    const { samples, stats } = await decodeAll(codec, broken);
    const ms = broken.reduce((sum, message) => sum + messageMs(codec, 16_000, message), 0);
    expect(samples.length).toBe(ms * 16);
    expect(stats.badMessages).toBeGreaterThan(10);
    expect(similarity(await jfk(), samples)).toBeGreaterThan(0.97);
  });

  it("of any bytes move the clock by exactly what messageMs says, and give sound", async () => {
    const samplesOf = read().slice(20, 30);
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom(...samplesOf),
      // Good beginnings reach deeper into the decoder.
      fc
        .tuple(fc.constantFrom(...samplesOf), fc.nat(60), fc.nat(255))
        .map(([bytes, at, value]) => bytes.with(at % bytes.length, value)),
      fc.tuple(fc.constantFrom(...samplesOf), fc.nat(100)).map(([bytes, count]) => bytes.subarray(0, count)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 30 }), async (messages) => {
        const decoder = await createMessageDecoder({ codec, sampleRate: 16_000 });
        let exactMs = 0;
        let samples = 0;
        for (const bytes of messages) {
          exactMs += messageMs(codec, 16_000, bytes);
          const decoded = decoder.decode(bytes);
          samples += decoded.length;
          expect(samples).toBe(Math.floor(exactMs * 16 + 1e-6));
          expect(decoded.every(Number.isFinite)).toBe(true);
        }
        decoder.close();
      }),
      { numRuns: 40 },
    );
  });
});

describe("bare AAC frames", () => {
  it("have the rate of the session", async () => {
    const bare = aacMessages().map((message) => adtsFrames(message)[0]?.payload ?? message);
    const { samples, stats } = await decodeAll("aac", bare);
    expect(stats.badMessages).toBe(0);
    expect(similarity(await jfk(), samples)).toBeGreaterThan(0.97);
  });

  it("of two channels at 44.1 kHz become 16 kHz mono without drift", async () => {
    const input = new Input({ formats: [MP4], source: new FilePathSource(fixture("sound/jfk-stereo.m4a")) });
    const track = (await input.getPrimaryAudioTrack()) ?? expect.fail("no sound");
    const messages: Uint8Array[] = [];
    for await (const packet of new EncodedPacketSink(track).packets()) messages.push(packet.data);
    input.dispose();
    const { samples, stats } = await decodeAll("aac", messages, 44_100);
    expect(stats.badMessages).toBe(0);
    expect(samples.length).toBe(Math.floor((messages.length * 1_024 * 16_000) / 44_100));
    expect(similarity(await jfk(), samples, 3_000)).toBeGreaterThan(0.95);
  });

  it("cannot have a rate that AAC does not know", async () => {
    await expect(createMessageDecoder({ codec: "aac", sampleRate: 10_000 })).rejects.toMatchObject({
      code: "unsupported_audio",
      class: "permanent_input",
    });
  });
});

it("an AAC header may name another rate than the session: the header is right", async () => {
  const { samples, stats } = await decodeAll("aac", aacMessages(), 48_000);
  expect(stats.badMessages).toBe(0);
  expect(similarity(await jfk(), samples)).toBeGreaterThan(0.97);
});
