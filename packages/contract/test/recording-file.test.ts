/** Names and frames of `.bin` recordings, good and damaged. */
import { HoldfastError, parseRecordingName, readFrames, recordingName, writeFrames } from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const NOW = Date.UTC(2026, 10, 23);

function codeOf(name: string): string {
  try {
    parseRecordingName(name, NOW);
  } catch (error) {
    return error instanceof HoldfastError ? error.code : "another error";
  }
  return "accepted";
}

describe("parseRecordingName", () => {
  it("reads what Omi clients write", () => {
    expect(parseRecordingName("audio_omibatch_opus_16000_1_fs160_1756000000.bin", NOW)).toMatchObject({
      codec: "opus",
      frameSamples: 160,
      startedAtMs: 1_756_000_000_000,
      source: "omi",
    });
    expect(parseRecordingName("audio_phonemic_pcm16_16000_1_fs160_1756000000.5.bin", NOW)).toMatchObject({
      codec: "pcm16",
      sampleRate: 16_000,
      startedAtMs: 1_756_000_000_500,
      source: "phone",
    });
    expect(parseRecordingName("audio_x_opus_fs320_16000_1_fs320_1756000000000.bin", NOW)).toMatchObject({
      codec: "opus",
      frameSamples: 320,
      startedAtMs: 1_756_000_000_000,
    });
    expect(parseRecordingName("audio_Limitless_pcm8_1756000000.bin", NOW)).toMatchObject({
      codec: "pcm8",
      sampleRate: 8_000,
      source: "limitless",
    });
  });

  it.each([
    ["", "sync_invalid_name"],
    ["audio_1756000000.wav", "sync_invalid_name"],
    ["audio1756000000.bin", "sync_invalid_name"],
    ["audio_1756000000.BIN", "sync_invalid_name"],
    ["../audio_1756000000.bin", "sync_invalid_name"],
    ["a/b_1756000000.bin", "sync_invalid_name"],
    ["a\\b_1756000000.bin", "sync_invalid_name"],
    ["a\0_1756000000.bin", "sync_invalid_name"],
    [`${"a".repeat(300)}_1756000000.bin`, "sync_invalid_name"],
    ["audio_0.bin", "sync_invalid_timestamp"],
    ["audio_999999999999999999999999.bin", "sync_invalid_timestamp"],
    ["audio_not-a-timestamp.bin", "sync_invalid_timestamp"],
    ["audio_-5.bin", "sync_invalid_timestamp"],
    ["audio_1e9.bin", "sync_invalid_timestamp"],
    ["audio_1700000000.bin", "sync_invalid_timestamp"],
    ["audio_1990000000.bin", "sync_invalid_timestamp"],
    ["audio_.bin", "sync_invalid_timestamp"],
  ])("refuses %j as %s", (name, code) => {
    expect(codeOf(name)).toBe(code);
  });

  it("says `invalid timestamp` in words, which old clients look for", () => {
    expect(() => parseRecordingName("audio_0.bin", NOW)).toThrow(/invalid timestamp/);
  });

  it("reads back the names it writes", () => {
    const name = recordingName({
      device: "My Phone!",
      codec: "opus_fs320",
      sampleRate: 16_000,
      frameSamples: 320,
      startedAtMs: 1_756_000_000_250,
    });
    expect(name).toBe("audio_myphone_opus_fs320_16000_1_fs320_1756000000.25.bin");
    expect(parseRecordingName(name, NOW).startedAtMs).toBe(1_756_000_000_250);
  });
});

describe("frames", () => {
  const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 40 });

  it("come back as they were written", () => {
    fc.assert(
      fc.property(frames, (list) => {
        const walk = readFrames(writeFrames(list));
        expect(walk.frames.map((frame) => [...frame])).toEqual(list.map((frame) => [...frame]));
        expect(walk).toMatchObject({ damage: undefined, droppedBytes: 0 });
      }),
    );
  });

  it("keep every whole frame of a cut file and say how much was dropped", () => {
    fc.assert(
      fc.property(frames, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
        const whole = writeFrames(list);
        const cut = whole.subarray(0, Math.floor(whole.length * share));
        const walk = readFrames(cut);
        const kept = writeFrames(walk.frames).length;
        expect(kept + walk.droppedBytes).toBe(cut.length);
        expect(walk.damage !== undefined).toBe(walk.droppedBytes > 0);
        expect(walk.frames.length).toBeLessThanOrEqual(list.length);
      }),
    );
  });

  it("never throw on garbage", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), (bytes) => {
        const walk = readFrames(bytes);
        expect(writeFrames(walk.frames).length + walk.droppedBytes).toBe(bytes.length);
      }),
    );
  });

  it("name the kind of damage", () => {
    expect(readFrames(Uint8Array.from([1, 0])).damage).toBe("truncated_length");
    expect(readFrames(Uint8Array.from([0, 0, 0, 0])).damage).toBe("bad_length");
    expect(readFrames(Uint8Array.from([1, 0, 1, 0, 9])).damage).toBe("bad_length");
    expect(readFrames(Uint8Array.from([5, 0, 0, 0, 9])).damage).toBe("truncated_payload");
  });
});
