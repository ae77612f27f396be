/** What `holdfast status` says. */
import { stripVTControlCharacters } from "node:util";
import { Structured } from "@holdfast/contract";
import { describe, expect, test } from "vitest";
import { conversationLine, type ListedConversation } from "../src/output/conversation-text.ts";
import { healthText, inWorkText, uploadLine } from "../src/output/status-text.ts";

describe("health", () => {
  test("is one line when all is well", () => {
    const parts = { database: { ok: true }, speech: { ok: true } };
    expect(healthText("http://s", { ok: true, parts })).toBe("http://s is ready: database ok, speech ok");
  });

  test("names what is broken first, by its reason, and what to do", () => {
    const parts = {
      database: { ok: true },
      blobs: { ok: false },
      speech: { ok: false, why: "speech does not answer" },
    };
    const text = healthText("http://s", { ok: false, parts });
    expect(text).toMatch(/^http:\/\/s is NOT ready: blobs is not ok; speech does not answer \(database ok\)\. /);
    expect(text).toContain("holdfast doctor");
  });

  test("has no empty brackets where nothing is well", () => {
    expect(healthText("http://s", { ok: false, parts: { database: { ok: false } } })).not.toContain("()");
  });
});

describe("what is in work", () => {
  test.each([
    [0, {}, "In work: nothing"],
    [0, { in_progress: 0, processing: 0 }, "In work: nothing"],
    [1, { in_progress: 2 }, "In work: 1 upload, 2 conversations being recorded or transcribed"],
    [
      2,
      { processing: 1, merging: 1 },
      "In work: 2 uploads, 1 conversation being finished, 1 conversation being merged",
    ],
  ])("%i uploads and %j", (uploads, conversations, text) => {
    expect(inWorkText(uploads, conversations)).toBe(text);
  });

  test("an upload says why it waits", () => {
    const upload = { file_names: ["a.wav", "b.wav"], status: "queued", reason_code: "stt_unavailable" };
    expect(uploadLine(upload as unknown as Parameters<typeof uploadLine>[0])).toBe(
      "  a.wav, b.wav: queued (stt unavailable)",
    );
  });
});

describe("a conversation in the list", () => {
  const line = (fields: Partial<ListedConversation>): string =>
    stripVTControlCharacters(
      conversationLine({
        started_at: null,
        created_at: new Date(2026, 0, 5, 7, 8).toISOString(),
        status: "completed",
        state_reason: null,
        structured: Structured.parse({ title: "Ship it", emoji: "🚢" }),
        discarded: false,
        ...fields,
      }),
    );

  test("has the time of the clock on the wall", () => {
    expect(line({})).toBe("2026-01-05 07:08  completed    🚢 Ship it");
    expect(line({ started_at: new Date(2026, 10, 23, 23, 59).toISOString() })).toContain("2026-11-23 23:59");
  });

  test("says why it is not finished, and nothing of the kind when it is", () => {
    const waiting = { status: "processing", state_reason: "awaiting_transcription" } as const;
    expect(line({ ...waiting, structured: Structured.parse({}) })).toMatch(
      /processing {3}\(no title yet\) \(awaiting transcription\)$/,
    );
    expect(line({ state_reason: "llm_unavailable" })).not.toContain("llm");
  });
});
