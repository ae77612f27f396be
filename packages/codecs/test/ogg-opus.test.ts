/** Ogg Opus files: what is written is read back packet for packet, and by a reader that is not ours. */
import { createOggOpusWriter, createOpusEncoder, decodeSoundFile, readOggOpus } from "@holdfast/codecs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

function fileOf(packets: readonly Uint8Array[]): Uint8Array {
  const writer = createOggOpusWriter(7);
  return Buffer.concat([...packets.map((packet) => writer.push(packet)), writer.end()]);
}

/** A packet with a 20 ms table of contents and made-up content. */
const anyPacket = fc
  .uint8Array({ minLength: 0, maxLength: 1_200 })
  .map((content) => Uint8Array.from([0x48, ...content]));

describe("what was written", () => {
  it("is read back packet for packet, whatever the lengths", () => {
    fc.assert(
      fc.property(fc.array(anyPacket, { maxLength: 120 }), (packets) => {
        const read = [...readOggOpus(fileOf(packets))];
        expect(read.map((packet) => Buffer.from(packet))).toEqual(packets.map((packet) => Buffer.from(packet)));
      }),
      { numRuns: 60 },
    );
  });

  it("keeps packets whose length is a multiple of 255", () => {
    const packets = [254, 255, 256, 510, 765].map((length) => new Uint8Array(length).fill(0x48));
    expect([...readOggOpus(fileOf(packets))].map((packet) => packet.length)).toEqual([254, 255, 256, 510, 765]);
  });

  it("loses only the tail of a file that is cut off", () => {
    const packets = Array.from({ length: 200 }, (_, index) => Uint8Array.from([0x48, index]));
    const file = fileOf(packets);
    const read = [...readOggOpus(file.subarray(0, file.length - 5))];
    expect(read.length).toBeGreaterThan(100);
    expect(read.map((packet) => packet[1])).toEqual(packets.slice(0, read.length).map((packet) => packet[1]));
  });

  it("of something else is nothing", () => {
    expect([...readOggOpus(new TextEncoder().encode("RIFF and then some more bytes of a file"))]).toEqual([]);
  });
});

it("is an Ogg Opus file to another reader, of the same length and sound", async () => {
  const tone = Float32Array.from({ length: 16_000 * 3 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 440 * i) / 16_000));
  const encoder = await createOpusEncoder({ frameMs: 20 });
  const packets = Array.from({ length: 150 }, (_, i) => encoder.encode(tone.subarray(i * 320, (i + 1) * 320)));
  encoder.close();
  const sound = await decodeSoundFile(fileOf(packets));
  expect(sound.format).toMatch(/^Ogg.*opus$/i);
  expect(sound.damaged).toBe(false);
  expect(sound.samples16k.length).toBe(48_000);
  const power = sound.samples16k.reduce((sum, x) => sum + x * x, 0) / sound.samples16k.length;
  expect(power).toBeGreaterThan(0.1);
  expect(power).toBeLessThan(0.15);
});
