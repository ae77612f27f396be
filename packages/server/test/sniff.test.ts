/** Which files are let in by their first bytes, however the network cuts them. */
import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { onlySound, soundKind } from "../src/uploads/sniff.ts";
import { wav } from "./support/multipart.ts";

const bytes = (...parts: (string | number)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === "number" ? Buffer.from([part]) : Buffer.from(part, "latin1"))));

const KNOWN = [
  ["wav", wav()],
  ["wav", bytes("RF64", "\xff\xff\xff\xff", "WAVE")],
  ["mp3", bytes("ID3\x04\x00\x00\x00\x00\x00\x00..")],
  ["mp3", bytes(0xff, 0xfb, 0x90, 0x64, "........")],
  ["mp3", bytes(0xff, 0xf3, 0x40, 0xc4, "........")],
  ["mp4", bytes("\x00\x00\x00\x20ftypM4A ")],
  ["ogg", bytes("OggS\x00\x02......")],
  ["webm", bytes("\x1a\x45\xdf\xa3........")],
  ["flac", bytes("fLaC\x00\x00\x00\x22....")],
] as const;

const UNKNOWN = [
  ["nothing", bytes()],
  ["text", bytes("hello, this is text")],
  ["a RIFF that is no WAVE", bytes("RIFF\x00\x00\x00\x00AVI ")],
  ["a page", bytes("<!doctype html>")],
  ["a picture", bytes("\x89PNG\r\n\x1a\n....")],
  ["an ADTS stream", bytes(0xff, 0xf1, 0x50, 0x80, "........")],
  ["a frame with a bit rate that does not exist", bytes(0xff, 0xfb, 0xf0, 0x64, "........")],
  ["zeros", Buffer.alloc(64)],
] as const;

async function collect(source: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe("the kind of a file", () => {
  it.each(KNOWN)("finds %s", (kind, head) => {
    expect(soundKind(head)).toBe(kind);
  });

  it.each(UNKNOWN)("does not take %s for sound", (_what, head) => {
    expect(soundKind(head)).toBeUndefined();
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 32 }), (head) => {
        expect(() => soundKind(head)).not.toThrow();
      }),
    );
  });
});

describe("a stream of an upload", () => {
  it("passes every byte of a sound file on, in whatever pieces it comes", async () => {
    const file = wav(200);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 }), async (cuts) => {
        const pieces: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          pieces.push(file.subarray(at, at + cut));
          at += cut;
        }
        pieces.push(file.subarray(at));
        const out = await collect(onlySound(Readable.from(pieces.filter((piece) => piece.length > 0))));
        expect(out.equals(file)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it.each(UNKNOWN)("ends with unsupported_audio for %s", async (_what, head) => {
    const source = Readable.from([head].filter((piece) => piece.length > 0));
    await expect(collect(onlySound(source))).rejects.toMatchObject({ code: "unsupported_audio" });
  });

  it("stops reading its source as soon as it refuses", async () => {
    let pieces = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) {
          pieces += 1;
          yield Buffer.from("garbage garbage garbage");
        }
      })(),
    );
    await expect(collect(onlySound(endless))).rejects.toMatchObject({ code: "unsupported_audio" });
    expect(endless.destroyed).toBe(true);
    expect(pieces).toBeLessThan(100);
  });
});
