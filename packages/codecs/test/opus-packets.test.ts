import { OPUS_MAX_BYTES, opusPacketMs } from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { createOpusEncoder } from "../src/index.ts";
import { createOpusPacketDecoder } from "../src/opus-packets.ts";
import { similarity, tone } from "./sound.ts";

describe("Opus packets", () => {
  it.each([10, 20] as const)("of %i ms come out of the encoder as they went in", async (frameMs) => {
    const encoder = await createOpusEncoder({ frameMs, bitrate: 32_000 });
    const decoder = await createOpusPacketDecoder();
    const wave = tone(300, 16_000, 1);
    const out = new Float32Array(wave.length);
    for (let at = 0; at < wave.length; at += encoder.frameSamples) {
      const packet = encoder.encode(wave.subarray(at, at + encoder.frameSamples));
      expect(opusPacketMs(packet)).toBe(frameMs);
      out.set(decoder.decode(packet) ?? expect.fail("a good packet is refused"), at);
    }
    encoder.close();
    decoder.close();
    expect(similarity(wave, out, 400)).toBeGreaterThan(0.95);
  });

  it("of any bytes never throw, never exceed 120 ms, and leave the console as it was", async () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => {});
    const decoder = await createOpusPacketDecoder();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const samples = decoder.decode(bytes);
        expect(samples?.length ?? 0).toBeLessThanOrEqual(1_920);
        if (bytes.length === 0) expect(samples).toBeUndefined();
      }),
      { numRuns: 300 },
    );
    expect(decoder.decode(new Uint8Array(OPUS_MAX_BYTES + 1).fill(0x48))).toBeUndefined();
    expect(said).not.toHaveBeenCalled();
    console.error("heard");
    expect(said).toHaveBeenCalledWith("heard");
    said.mockRestore();
    decoder.close();
    decoder.close();
  });

  it("of a short last frame are filled up with silence", async () => {
    const encoder = await createOpusEncoder({ frameMs: 20 });
    expect(opusPacketMs(encoder.encode(new Float32Array(7)))).toBe(20);
    encoder.close();
    encoder.close();
  });
});
