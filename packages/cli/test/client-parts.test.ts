import { createMessageDecoder } from "@holdfast/codecs";
import {
  type Conversation,
  type DecodableCodec,
  HoldfastError,
  messageMs,
  parseRecordingName,
  readFrames,
} from "@holdfast/contract";
import type { DisplayState } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_WORD_ERROR_RATE, offlineRecording, quietMoment, SAMPLE_WORDS, wordErrorRate } from "../src/demo/sample.ts";
import { EXIT } from "../src/exit-codes.ts";
import { accountName, logRoot, serverFolder } from "../src/log/folders.ts";
import { progressText } from "../src/output/sync-report.ts";
import { LinkNews } from "../src/stream/link-news.ts";
import { encodeMessages } from "../src/stream/sound-messages.ts";
import { exitOf, isSettled } from "../src/sync/settle.ts";

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
  test("how far they are is a bar in bytes and recordings", () => {
    expect(progressText({ recordings: { done: 1, total: 3 }, bytes: { sent: 524_288, total: 1_048_576 } })).toBe(
      `${"█".repeat(12)}${"░".repeat(12)}  50 %  0.5 of 1.0 MiB, 1 of 3 recordings`,
    );
    expect(progressText({ recordings: { done: 0, total: 0 }, bytes: { sent: 0, total: 0 } })).toContain("100 %");
  });

  test.each<[DisplayState, boolean, boolean, number]>([
    ["waiting", false, false, EXIT.gaveUp],
    ["retrying", false, false, EXIT.gaveUp],
    ["syncing", false, false, EXIT.gaveUp],
    ["uploaded", true, false, EXIT.ok],
    ["synced", true, true, EXIT.ok],
    ["failed", true, true, EXIT.jobFailed],
    ["unsupported_audio", true, true, EXIT.jobFailed],
    ["too_old", true, true, EXIT.rejected],
    ["upload_rejected", true, true, EXIT.rejected],
    ["corrupted", true, true, EXIT.failure],
  ])("%s is settled without waiting: %s, with: %s, and ends with %i", (state, without, waiting, exit) => {
    expect([isSettled(state, false), isSettled(state, true), exitOf(state)]).toEqual([without, waiting, exit]);
  });
});

describe("news of the link", () => {
  const away = { type: "status", status: "waiting", failures: 1, retryInMs: 500, error: null } as const;
  const open = { ...away, status: "open", retryInMs: null } as const;

  test("a time without a connection is told once, and that it is over", () => {
    const news = new LinkNews();
    expect(news.of(open)).toBeUndefined();
    expect(news.of(away)).toContain("connection lost (no answer); all that is heard is kept");
    expect(news.of(away)).toBeUndefined();
    expect(news.of(open)).toContain("connected again");
    expect(news.of(away)).toContain("connection lost");
  });

  test("a server that takes no live sound is told, our own end is not", () => {
    const error = new HoldfastError("no", { code: "forbidden", class: "auth" });
    expect(new LinkNews().of({ ...away, status: "ended", error })).toContain("takes no live sound (no)");
    expect(new LinkNews().of({ ...away, status: "ended" })).toBeUndefined();
  });
});

describe("where logs are", () => {
  const home = { HOME: "/home/a" };

  test("the setting goes before the folder for state", () => {
    expect(logRoot({ ...home, HOLDFAST_LOG: "/x", XDG_STATE_HOME: "/y" })).toBe("/x");
    expect(logRoot({ ...home, HOLDFAST_LOG: " ", XDG_STATE_HOME: "/y" })).toBe("/y/holdfast");
    expect(logRoot(home)).toMatch(/\/\.local\/state\/holdfast$/);
  });

  test("no two servers or accounts share a folder, and no name is a path", () => {
    expect(serverFolder("/r", "http://a:1")).toMatch(/^\/r\/a-1-[0-9a-f]{8}$/);
    expect(serverFolder("/r", "https://a:1")).not.toBe(serverFolder("/r", "http://a:1"));
    expect(accountName("../Ann@x")).toMatch(/^-ann-x-[0-9a-f]{8}$/);
    expect(accountName("ann x")).not.toBe(accountName("ann-x"));
    expect(accountName("legacy")).toBe("legacy");
  });
});
