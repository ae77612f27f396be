/** The decision table of endings, and the codes that errors become. */
import { SyncResult } from "@holdfast/contract";
import { describe, expect, test } from "vitest";
import type { DecodeDamage } from "../src/decode/protocol.ts";
import { codeOfDamage, codeOfDecodeFailure, codeOfSpeechFailure, type FileErrorCode } from "../src/sync/codes.ts";
import { outcomeOf } from "../src/sync/outcome.ts";
import { fileDone, newProgress, pieceDone, pieceLost, withTouched } from "../src/sync/progress.ts";

/** A finished job: how many pieces went well, and what was lost. */
function ended(successful: number, codes: readonly FileErrorCode[]) {
  let progress = newProgress(1);
  for (let i = 0; i < successful; i++) progress = pieceDone(progress, i);
  for (const code of codes) progress = pieceLost(progress, 0, code);
  return fileDone(progress, undefined);
}

describe("outcomeOf", () => {
  test.each<[string, number, FileErrorCode[], string, string | null]>([
    ["all transcribed or silent", 3, [], "completed", null],
    ["a torn tail", 1, ["sync_truncated_file"], "partial_failure", null],
    ["a bad file in a good batch", 2, ["sync_invalid_audio"], "partial_failure", null],
    ["a refused piece", 2, ["stt_invalid_input"], "partial_failure", null],
    ["no file decodes", 0, ["sync_invalid_audio", "sync_invalid_audio"], "failed", "sync_invalid_audio"],
    ["a format that nobody reads", 0, ["sync_unsupported_audio"], "failed", "sync_invalid_audio"],
    ["too long", 0, ["sync_audio_too_long"], "failed", "sync_invalid_audio"],
    ["the decoder crashed on all", 0, ["sync_decode_failed"], "failed", "sync_decode_failed"],
    ["the bytes were gone", 0, ["sync_staged_audio_expired"], "failed", "sync_staged_audio_expired"],
    ["engines failed on all", 0, ["stt_upstream_error", "stt_upstream_error"], "failed", "stt_upstream_error"],
    ["a mixture", 0, ["stt_invalid_input", "sync_invalid_audio"], "failed", "stt_invalid_input"],
  ])("%s", (_, successful, codes, outcome, reasonCode) => {
    const decided = outcomeOf(ended(successful, codes));
    expect(decided).toMatchObject({ outcome, reasonCode });
    expect(decided.result).toEqual({
      new_memories: [],
      updated_memories: [],
      failed_segments: codes.length,
      total_segments: successful + codes.length,
      errors: codes,
    });
  });

  test("the result is the contract's, with ids and at most ten errors", () => {
    const many = Array.from({ length: 14 }, (): FileErrorCode => "sync_bad_frames");
    const progress = withTouched(ended(2, many), { created: ["c1"], updated: ["c2"], merged: [] });
    const { result } = outcomeOf(progress);
    expect(SyncResult.parse(result)).toEqual({
      new_memories: ["c1"],
      updated_memories: ["c2"],
      failed_segments: 14,
      total_segments: 16,
      errors: many.slice(0, 10),
    });
  });
});

describe("codes", () => {
  test.each<[DecodeDamage, string]>([
    ["truncated", "sync_truncated_file"],
    ["corrupt", "sync_corrupt_file"],
    ["bad_frames", "sync_bad_frames"],
    ["nothing_decoded", "sync_invalid_audio"],
  ])("damage %s is %s", (damage, code) => {
    expect(codeOfDamage(damage)).toBe(code);
  });

  test.each([
    ["blob_missing", "sync_staged_audio_expired"],
    ["unsupported_audio", "sync_unsupported_audio"],
    ["audio_too_long", "sync_audio_too_long"],
    ["invalid_audio", "sync_invalid_audio"],
    ["sync_invalid_name", "sync_invalid_audio"],
    ["decode_timeout", "sync_decode_failed"],
    ["anything else", "sync_decode_failed"],
  ])("decode failure %s is %s", (failure, code) => {
    expect(codeOfDecodeFailure(failure)).toBe(code);
  });

  test("what an engine refuses is told apart from what it cannot answer", () => {
    expect(codeOfSpeechFailure("stt_refused")).toBe("stt_invalid_input");
    expect(codeOfSpeechFailure("stt_bad_answer")).toBe("stt_upstream_error");
    expect(codeOfSpeechFailure("stt_timeout")).toBe("stt_timeout");
    expect(codeOfSpeechFailure("stt_unauthorized")).toBe("stt_provider_configuration_error");
  });
});
