import { createMessageDecoder } from "@holdfast/codecs";
import { type Conversation, type DecodableCodec, messageMs, parseRecordingName, readFrames } from "@holdfast/contract";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { MAX_WORD_ERROR_RATE, offlineRecording, quietMoment, SAMPLE_WORDS, wordErrorRate } from "../src/demo/sample.ts";
import { encodeMessages } from "../src/stream/sound-messages.ts";
import { planUploads } from "../src/upload/plan.ts";
import { jobText, progressText } from "../src/upload/upload-item.ts";
import { cleanUp, toneFile } from "./client/run-holdfast.ts";

afterEach(cleanUp);

const NOW = 1_790_000_000_000;
const tone = Float32Array.from({ length: 16_000 }, (_, i) => 0.5 * Math.sin(i / 6));

describe("sound as messages", () => {
  test.each<DecodableCodec>(["opus", "opus_fs320", "pcm16", "pcm8"])(
    "%s: length, pace and loudness stay",
    async (codec) => {
      const sound = await encodeMessages(tone, codec);
      const lengths = sound.messages.map((message) => messageMs(codec, sound.sampleRate, message));
      expect(new Set(lengths)).toEqual(new Set([sound.messageMs]));
      expect(sound.durationMs).toBe(1_000);
      const decoder = await createMessageDecoder({ codec, sampleRate: sound.sampleRate });
      const heard = sound.messages.flatMap((message) => [...decoder.decode(message)]);
      decoder.close();
      const loudness = Math.sqrt(heard.reduce((sum, sample) => sum + sample ** 2, 0) / heard.length);
      expect(heard).toHaveLength(16_000);
      expect(loudness).toBeGreaterThan(0.25);
      expect(loudness).toBeLessThan(0.45);
    },
  );

  test("a rest is filled up with silence", async () => {
    const sound = await encodeMessages(tone.subarray(0, 330), "pcm16");
    expect(sound.messages.map((message) => message.length)).toEqual([640, 640]);
    expect(sound.messages[1]?.subarray(20).every((byte) => byte === 0)).toBe(true);
  });
});

describe("the sample recording", () => {
  test("has a name that the server reads, and frames", async () => {
    const sound = await encodeMessages(tone, "opus_fs320");
    const file = offlineRecording(sound, NOW - 600_000);
    expect(parseRecordingName(file.name, NOW)).toMatchObject({
      codec: "opus",
      frameSamples: 320,
      startedAtMs: NOW - 600_000,
    });
    const walk = readFrames(new Uint8Array(await file.content.arrayBuffer()));
    expect([walk.frames.length, walk.damage]).toEqual([50, undefined]);
  });

  test("is put where it joins no other conversation", () => {
    const at = fc.record({ ageMs: fc.nat({ max: 7_200_000 }), lengthMs: fc.nat({ max: 600_000 }) });
    fc.assert(
      fc.property(fc.array(at, { maxLength: 30 }), (spans) => {
        const iso = (ms: number): string => new Date(ms).toISOString();
        const rows = spans.map(({ ageMs, lengthMs }) => {
          const started_at = iso(NOW - ageMs);
          return { started_at, created_at: started_at, finished_at: iso(NOW - ageMs + lengthMs) } as Conversation;
        });
        const start = quietMoment(rows, NOW, 11_000);
        expect(start).toBeLessThanOrEqual(NOW - 600_000 - 11_000);
        for (const { ageMs, lengthMs } of spans) {
          const gap = Math.max(NOW - ageMs - (start + 11_000), start - (NOW - ageMs + lengthMs));
          expect(gap).toBeGreaterThanOrEqual(5 * 60_000 - 1_000);
        }
      }),
    );
  });
});

describe("the judge", () => {
  test.each([
    [SAMPLE_WORDS, 0],
    ["AND SO MY FELLOW AMERICANS ask not what your country can do for you ask what you can do for your country", 0],
    ["", 1],
    [`${SAMPLE_WORDS} ${SAMPLE_WORDS}`, 1],
    [SAMPLE_WORDS.replace("fellow ", ""), 1 / 22],
    [SAMPLE_WORDS.replace("fellow", "yellow"), 1 / 22],
    [`Well ${SAMPLE_WORDS}`, 1 / 22],
  ])("%s", (heard, rate) => {
    expect(wordErrorRate(SAMPLE_WORDS, heard)).toBeCloseTo(rate, 6);
  });

  test("half of the sentence does not pass, nor does the sentence twice", () => {
    expect(wordErrorRate(SAMPLE_WORDS, SAMPLE_WORDS.slice(0, 60))).toBeGreaterThan(MAX_WORD_ERROR_RATE);
    expect(wordErrorRate(SAMPLE_WORDS, `${SAMPLE_WORDS} ${SAMPLE_WORDS}`)).toBeGreaterThan(MAX_WORD_ERROR_RATE);
  });
});

describe("uploads", () => {
  test("recordings go in batches of at most 20, sound one by one", async () => {
    const paths = Array.from({ length: 45 }, (_, i) =>
      toneFile(1, `audio_x_opus_16000_1_fs160_${1_756_000_000 + i}.bin`),
    );
    const items = await planUploads([...paths, toneFile(1, "a.mp3")], NOW);
    expect(items.map((item) => [item.kind, item.files.length])).toEqual([
      ["recordings", 20],
      ["recordings", 20],
      ["recordings", 5],
      ["sound", 1],
    ]);
  });

  test("a job and its progress in words", () => {
    const job = {
      job_id: "j",
      total_segments: 4,
      processed_segments: 2,
      successful_segments: 0,
      failed_segments: 0,
      lane: "fresh",
    } as const;
    expect(jobText({ ...job, status: "processing" })).toBe("processing 2 of 4 segments");
    expect(jobText({ ...job, status: "queued", total_segments: 0, reason_code: "stt_unavailable" })).toBe(
      "queued, waits: stt_unavailable",
    );
    expect(jobText({ ...job, status: "partial_failure", failed_segments: 1 })).toBe(
      "partial_failure, 1 of 4 segments failed",
    );
    expect(jobText({ ...job, status: "completed" })).toBe("completed");
    expect(progressText({ sentBytes: 524_288, totalBytes: 1_048_576 })).toBe(
      `${"█".repeat(12)}${"░".repeat(12)}  50 %  1.0 MiB`,
    );
  });
});
