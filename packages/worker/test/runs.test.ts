/** Chunks of a live recording as runs: where a run must break, and where it must not. */
import type { StoredChunk } from "@holdfast/store";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readRepairPayload } from "../src/repair/payload.ts";
import { type AudioRun, audioRuns } from "../src/repair/runs.ts";
import { collect } from "./support/collect.ts";

/** 16-bit samples: 3,200 bytes are 100 ms. */
const MESSAGE = new Uint8Array(3_200);

function chunk(firstMessage: number, capturedAtMs: number, changes: Partial<StoredChunk> = {}): StoredChunk {
  const messages = changes.messages ?? [MESSAGE, MESSAGE, MESSAGE, MESSAGE, MESSAGE];
  return {
    firstMessage,
    messageCount: messages.length,
    durationMs: 500,
    capturedAtMs,
    conversationId: "c",
    codec: "pcm16",
    sampleRate: 16_000,
    layout: "linear16",
    channels: 1,
    ...changes,
    messages,
  };
}

async function runsOf(chunks: readonly StoredChunk[], maxBytes?: number): Promise<AudioRun[]> {
  return await collect(audioRuns(chunks, maxBytes));
}

describe("audioRuns", () => {
  test("chunks that follow each other are one run", async () => {
    const [run, ...more] = await runsOf([chunk(7, 1_000), chunk(12, 1_500), chunk(17, 2_000)]);
    expect(more).toEqual([]);
    expect(run).toMatchObject({ codec: "pcm16", sampleRate: 16_000, firstMessage: 7, startMs: 1_000 });
    expect(run?.messages).toHaveLength(15);
  });

  test.each([
    ["uneven delivery", 5, 3_499, 1],
    ["two seconds to the millisecond", 5, 3_500, 1],
    ["a pause of more than two seconds", 5, 3_501, 2],
    ["a clock that was set back", 5, -501, 2],
    ["a missing message", 6, 1_500, 2],
    ["a chunk that comes twice", 0, 1_500, 2],
  ])("%s", async (_, firstMessage, capturedAtMs, count) => {
    const runs = await runsOf([chunk(0, 1_000), chunk(firstMessage, capturedAtMs)]);
    expect(runs).toHaveLength(count);
    if (count === 2) expect(runs[1]).toMatchObject({ firstMessage, startMs: capturedAtMs });
  });

  test("drift that adds up over many chunks breaks the run in the end", async () => {
    const drifting = Array.from({ length: 50 }, (_, i) => chunk(i * 5, 1_000 + i * 550));
    const runs = await runsOf(drifting);
    expect(runs.length).toBe(2);
    expect(runs[1]?.startMs).toBe(1_000 + 41 * 550);
  });

  test.each<[string, Partial<StoredChunk>]>([
    ["codec", { codec: "opus", messages: [Uint8Array.of(0x08, 1)] }],
    ["rate", { sampleRate: 8_000 }],
    ["layout", { layout: "linear8" }],
  ])("another %s begins another run", async (_, changes) => {
    expect(await runsOf([chunk(0, 1_000), chunk(5, 1_500, changes)])).toHaveLength(2);
  });

  test("a run ends behind the chunk that fills it", async () => {
    const chunks = Array.from({ length: 6 }, (_, i) => chunk(i * 5, 1_000 + i * 500));
    const runs = await runsOf(chunks, 2 * 5 * MESSAGE.length);
    expect(runs.map(({ messages }) => messages.length)).toEqual([10, 10, 10]);
    expect(runs.map(({ startMs }) => startMs)).toEqual([1_000, 2_000, 3_000]);
  });

  test("no message is lost or moved, whatever the gaps", async () => {
    const gap = fc.record({ pauseMs: fc.integer({ min: 0, max: 5_000 }), missing: fc.integer({ min: 0, max: 1 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(gap), async (gaps) => {
        let message = 0;
        let at = 0;
        const chunks = gaps.map(({ pauseMs, missing }) => {
          const made = chunk(message + missing, at + pauseMs, { messages: [Uint8Array.of(message % 256, 0)] });
          message += missing + 1;
          at += pauseMs;
          return made;
        });
        const runs = await runsOf(chunks);
        expect(runs.flatMap((run) => run.messages)).toEqual(chunks.flatMap((made) => made.messages));
      }),
    );
  });

  test("a codec that cannot be decoded is refused for good", async () => {
    await expect(runsOf([chunk(0, 0, { codec: "lc3" })])).rejects.toMatchObject({
      code: "unsupported_audio",
      class: "permanent_input",
    });
  });

  test("nothing gives nothing", async () => {
    expect(await runsOf([])).toEqual([]);
  });
});

describe("readRepairPayload", () => {
  const payload = { recording_session_id: "s", from_message: 3, to_message: 9 };
  test("reads what the store writes", () => {
    expect(readRepairPayload(payload)).toEqual(payload);
  });
  test.each([
    ["no session", { ...payload, recording_session_id: undefined }],
    ["no start", { ...payload, from_message: "3" }],
    ["backwards", { ...payload, from_message: 10 }],
  ])("refuses %s", (_, broken) => {
    expect(() => readRepairPayload(broken)).toThrow(expect.objectContaining({ class: "permanent_input" }));
  });
});
