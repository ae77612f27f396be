import { parseRecordingName } from "@holdfast/contract";
import { describe, expect, it } from "vitest";
import { decodeRecordingFile } from "../src/index.ts";
import { fixtureBytes, jfk, similarity } from "./sound.ts";

const decode = (name: string) =>
  decodeRecordingFile(fixtureBytes(`bin/${name}`), parseRecordingName(name, 1_800_000_000_000));

describe("a .bin recording", () => {
  it.each([
    ["audio_fixture_opus_16000_1_fs160_1756000000.bin", 0.97],
    ["audio_fixture_opus_fs320_16000_1_fs320_1756000000.bin", 0.97],
    ["audio_fixture_pcm16_16000_1_fs160_1756000000.bin", 0.9999],
    ["audio_fixture_pcm8_8000_1_fs80_1756000000.bin", 0.95],
  ])("%s is the speech it was made from", async (name, alike) => {
    const decoded = await decode(name);
    const reference = await jfk();
    expect(decoded).toMatchObject({ badFrames: 0, damage: undefined, droppedBytes: 0, sampleRate: 16_000 });
    expect(Math.abs(decoded.samples16k.length - reference.length)).toBeLessThanOrEqual(320);
    expect(similarity(reference, decoded.samples16k, 400)).toBeGreaterThan(alike);
  });

  it("keeps its length when frames are corrupt", async () => {
    const whole = await decode("audio_fixture_opus_fs320_16000_1_fs320_1756000000.bin");
    const corrupt = await decode("corrupt_opus_16000_1_fs320_1756000000.bin");
    expect(corrupt.frames).toBe(whole.frames);
    expect(corrupt.badFrames).toBeGreaterThan(10);
    expect(corrupt.samples16k.every(Number.isFinite)).toBe(true);
  });

  it("that was cut off gives what is whole and says what is missing", async () => {
    const decoded = await decode("truncated_opus_16000_1_fs320_1756000000.bin");
    expect(decoded.damage).toBe("truncated_payload");
    expect(decoded.droppedBytes).toBeGreaterThan(0);
    expect(decoded.samples16k.length).toBe(decoded.frames * 320);
    expect(similarity((await jfk()).subarray(0, decoded.samples16k.length), decoded.samples16k, 400)).toBeGreaterThan(
      0.97,
    );
  });

  it("that is garbage or empty gives nothing and does not throw", async () => {
    expect(await decode("garbage_opus_16000_1_fs160_1756000000.bin")).toMatchObject({
      frames: 0,
      damage: "bad_length",
    });
    expect(await decode("empty_opus_16000_1_fs160_1756000000.bin")).toMatchObject({ frames: 0, damage: undefined });
  });
});
