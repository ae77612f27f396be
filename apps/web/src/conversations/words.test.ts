/** What the list says: every status has words, days have names, unknown codes are shown and not hidden. */
import { CONVERSATION_STATUSES, type Conversation } from "@holdfast/contract";
import { describe, expect, it } from "vitest";
import { english } from "../../test/english.ts";
import { byDay } from "./by-day.ts";
import { firstWords, lengthMs, shownTitle } from "./shown-title.ts";
import { stateWords } from "./state-words.ts";

const reasonOf = (conversation: Parameters<typeof stateWords>[0]): string => {
  const words = stateWords(conversation);
  return words === null ? "" : english.say(words.reason);
};

const BARE = { state_reason: null, discarded: false } as const;

describe("state words", () => {
  it.each(CONVERSATION_STATUSES.filter((status) => status !== "completed"))("%s has a label and a reason", (status) => {
    const words = stateWords({ ...BARE, status });
    expect(english.say({ id: words?.label ?? "shell.skip" })).toMatch(/^[A-Z]/);
    expect(reasonOf({ ...BARE, status })).toMatch(/\.$/);
  });

  it("of a finished conversation are none", () => expect(stateWords({ ...BARE, status: "completed" })).toBeNull());

  it.each([
    ["awaiting_transcription", /still being transcribed/],
    ["awaiting_processing", /summary is next/],
    ["transcribing_upload", /uploaded sound/],
    ["llm_unavailable", /language model can't be reached/],
  ])("%s is told as its own reason", (code, reason) => {
    expect(reasonOf({ ...BARE, status: "processing", state_reason: code })).toMatch(reason);
  });

  it("of one that is written up again are those of writing, not of joining", () => {
    const again = { ...BARE, status: "merging", state_reason: "awaiting_processing" } as const;
    expect([stateWords(again)?.label, reasonOf(again)]).toEqual([
      "conversation.state.processing",
      "The transcript is complete. The summary is next in line.",
    ]);
    expect(reasonOf({ ...BARE, status: "merging" })).toMatch(/joined with another/);
  });

  it.each(["llm_unavailable", "llm_invalid_answer"])("of %s differ by how it ended", (code) => {
    const reasons = (["processing", "failed", "completed"] as const).map((status) =>
      reasonOf({ ...BARE, status, state_reason: code }),
    );
    expect(new Set(reasons).size).toBe(3);
    expect(reasons[2]).toContain("basic");
  });

  it("show a code that is not known", () => {
    for (const status of ["processing", "failed", "completed"] as const) {
      expect(reasonOf({ ...BARE, status, state_reason: "moon_phase" })).toContain("moon phase");
    }
  });

  it("ask again only while the server is at it", () => {
    const unfinished = CONVERSATION_STATUSES.filter((status) => stateWords({ ...BARE, status })?.unfinished === true);
    expect(unfinished).toEqual(["in_progress", "processing", "merging"]);
  });

  it("of a discarded conversation do not pretend that it failed", () => {
    expect(stateWords({ ...BARE, status: "completed", discarded: true })?.tone).toBe("quiet");
  });
});

describe("days", () => {
  const now = new Date(2026, 10, 23, 9);
  const at = (date: Date): Conversation => ({ started_at: date.toISOString() }) as Conversation;
  const titles = (dates: readonly Date[]): string[] => byDay(dates.map(at), now, "en").map(({ title }) => title);

  it("are named from near to far", () => {
    expect(
      titles([
        new Date(2026, 10, 23, 8),
        new Date(2026, 10, 22, 23, 59),
        new Date(2026, 10, 20),
        new Date(2025, 0, 1, 12),
      ]),
    ).toEqual(["Today", "Yesterday", "Friday, November 20", "Wednesday, January 1, 2025"]);
  });

  it("are those of the person's own clock, also where clocks are changed", () => {
    const zone = process.env.TZ;
    process.env.TZ = "Europe/Berlin";
    try {
      const monday = new Date(2026, 9, 26, 0, 30);
      const names = byDay([new Date(2026, 9, 25, 23, 30), new Date(2026, 9, 25, 0, 10)].map(at), monday, "en");
      expect(names.map(({ title, conversations }) => [title, conversations.length])).toEqual([["Yesterday", 2]]);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  it("fall back on when a conversation was made, and go by the language", () => {
    const made = { started_at: null, created_at: new Date(2026, 10, 22, 12).toISOString() } as Conversation;
    expect(byDay([made], now, "de").map(({ key, title }) => [key, title])).toEqual([["2026-11-22", "Gestern"]]);
  });

  it("hold their conversations together, in the order given", () => {
    const days = byDay([at(new Date(2026, 10, 23, 8)), at(new Date(2026, 10, 23, 1))], now, "en");
    expect(days.map((day) => day.conversations.length)).toEqual([2]);
  });
});

describe("a conversation without a title", () => {
  const bare = (title: string): Conversation => ({ structured: { title } }) as Conversation;

  it.each([
    [bare("Ship it"), "Ship it"],
    [bare(""), "New conversation"],
  ])("is called %#", (conversation, title) => expect(english.say(shownTitle(conversation))).toBe(title));

  it("is shown by its first words, cut at a length", () => {
    const said = (text: string): Pick<Conversation, "transcript_segments"> =>
      ({ transcript_segments: [{ text }, { text: "end" }] }) as unknown as Pick<Conversation, "transcript_segments">;
    expect(firstWords(said(" Hello. "))).toBe("Hello. end");
    expect(firstWords(said("x".repeat(500))).length).toBeLessThan(190);
  });

  it("is cut between no two halves of its first words, and says that it goes on", () => {
    const words = firstWords({ transcript_segments: [{ text: "word ".repeat(100) }] } as unknown as Conversation);
    expect(words).toMatch(/^(word )+w?o?r?d?…$/);
    expect(firstWords({ transcript_segments: [] } as unknown as Conversation)).toBe("");
  });

  it("has no negative length", () => {
    expect(lengthMs({ started_at: "2026-01-01T00:01:00Z", finished_at: "2026-01-01T00:00:00Z" })).toBe(0);
    expect(lengthMs({ started_at: null, finished_at: "2026-01-01T00:00:00Z" })).toBe(0);
  });

  it("has no length before it has an end", () => {
    expect(lengthMs({ started_at: "2026-01-01T00:00:00Z", finished_at: null })).toBe(0);
    expect(lengthMs({ started_at: "2026-01-01T00:00:00Z", finished_at: "2026-01-01T00:01:00Z" })).toBe(60_000);
  });
});
