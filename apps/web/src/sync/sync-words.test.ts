/** Syncing in words: a title for each state, a pause never as "ready", and a sentence for whatever a recording waits for. */
import type { SyncStatus } from "@holdfast/client";
import {
  type ActiveLimit,
  type DisplayState,
  type ExplainedNext,
  type Explanation,
  type StatusCardState,
  type SyncCounts,
  type SyncPhase,
  statusCard,
} from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { cardWords, createdWords, deleteWords, explainWords, rowWords, signWords } from "./sync-words.ts";
import { whyWords } from "./why-words.ts";

const NONE: SyncCounts = {
  pending: 0,
  waiting: 0,
  retrying: 0,
  sending: 0,
  uploaded: 0,
  synced: 0,
  attention: 0,
  total: 0,
};
const at = (atMs: number): string => `at ${atMs}`;

function status(phase: SyncPhase, limit: ActiveLimit | null, counts: Partial<SyncCounts>): SyncStatus {
  const all = { ...NONE, ...counts };
  return {
    ...{ card: statusCard(phase, limit, all), phase, limit, counts: all, capturing: 0 },
    progress:
      phase === "uploading"
        ? { recordings: { done: 2, total: 7 }, bytes: { sent: 1_000_000, total: 3_500_000 } }
        : null,
    ...{ nextPassAtMs: null, signedOut: null, conversations: { created: [], updated: [] } },
  };
}

const fairUse: ActiveLimit = { reason: "fair_use", untilMs: 99 };
const busy: ActiveLimit = { reason: "backend_busy", untilMs: 99 };

const CARDS: Readonly<Record<StatusCardState, SyncStatus>> = {
  downloading: status("downloading", null, {}),
  waiting_internet: status("waiting_internet", null, { waiting: 2, pending: 2 }),
  uploading: status("uploading", null, { sending: 5, pending: 5 }),
  working: status("working", null, {}),
  limited_fair_use: status("idle", fairUse, { waiting: 3, pending: 3 }),
  limited_busy: status("idle", busy, { waiting: 3, pending: 3 }),
  processing: status("idle", null, { uploaded: 1, pending: 1 }),
  attention: status("idle", null, { attention: 1, waiting: 2, pending: 2 }),
  ready: status("idle", null, { waiting: 1, pending: 1 }),
  all_synced: status("idle", null, { synced: 4, total: 4 }),
};
const states = Object.keys(CARDS) as StatusCardState[];

describe("the status card", () => {
  it.each(states)("of %s is about that state", (state) => {
    expect(CARDS[state].card.state).toBe(state);
    expect(cardWords(CARDS[state], at).title).toMatch(/^[A-Z0-9].*[^.]$/);
  });

  it("has another title for each", () => {
    expect(new Set(states.map((state) => cardWords(CARDS[state], at).title)).size).toBe(states.length);
  });

  it.each(["limited_fair_use", "limited_busy"] as const)("of %s says that it is a pause, and when it ends", (state) => {
    const { title, line, tone } = cardWords(CARDS[state], at);
    expect(title).toMatch(/^Paused: /);
    expect(title).not.toMatch(/ready/i);
    expect(line).toContain("It goes on by itself at 99.");
    expect(tone).toBe("warning");
  });

  it("while sending says how far it is, in recordings and bytes", () => {
    expect(cardWords(CARDS.uploading, at).line).toBe("2 of 7 recordings, 1 MB of 3.5 MB");
  });

  it("counts in words of a person", () => {
    expect(cardWords(CARDS.attention, at).title).toBe("1 recording needs you");
    expect(cardWords(status("idle", null, { attention: 1_200 }), at).title).toBe("1,200 recordings need you");
    expect(cardWords(CARDS.ready, at).title).toBe("1 recording ready to sync");
    expect([createdWords(1), createdWords(3)]).toEqual(["1 conversation was created", "3 conversations were created"]);
  });
});

describe("a row", () => {
  const ROWS: Readonly<Record<DisplayState, string>> = {
    waiting: "muted",
    syncing: "normal",
    uploaded: "muted",
    synced: "muted",
    retrying: "warning",
    failed: "bad",
    corrupted: "bad",
    too_old: "bad",
    unsupported_audio: "bad",
    upload_rejected: "bad",
  };
  const all = Object.keys(ROWS) as DisplayState[];

  it.each(all)("that is %s has its words and tone", (state) => {
    expect(rowWords(state).text).not.toBe("");
    expect(rowWords(state).tone).toBe(ROWS[state]);
  });

  it("says of each state something else", () => {
    expect(new Set(all.map((state) => rowWords(state).text)).size).toBe(all.length);
  });
});

describe("why a recording is where it is", () => {
  const explanation = (more: Partial<Explanation>): Explanation => ({
    ...{ state: "waiting", why: null, next: "sends_in_turn", atMs: null },
    ...more,
  });
  const NEXT: Readonly<Record<ExplainedNext, RegExp>> = {
    sealed_when_full: /being recorded/,
    sends_live: /live connection/,
    sends_now: /goes now/,
    sends_in_turn: /when its turn comes/,
    sends_when_online: /when the connection is back/,
    sends_after_pause: /when the pause is over/,
    sends_after_sign_in: /signed in again/,
    sends_when_asked: /press Sync/,
    tries_again: /next try is at 5/,
    asks_server: /asked again/,
    nothing: /Nothing more happens/,
    copy_removed: /removed at 5/,
    person_retries: /Try it again, or delete it/,
    person_deletes: /only be deleted/,
  };

  it.each(Object.keys(NEXT) as ExplainedNext[])("ends with what comes next: %s", (next) => {
    expect(explainWords(explanation({ next, atMs: 5 }), at)).toMatch(NEXT[next]);
    const sentence = explainWords(explanation({ next }), at);
    expect(sentence).toMatch(/^[A-Z].*\.$/);
    expect(sentence).not.toMatch(/null|undefined/);
  });

  it("begins with the reason", () => {
    expect(explainWords(explanation({ why: "offline", next: "sends_when_online" }), at)).toBe(
      "There is no internet connection. It goes when the connection is back.",
    );
    expect(explainWords(explanation({ why: "fair_use", next: "sends_after_pause", atMs: 7 }), at)).toBe(
      "The upload limit of your account is reached. It goes when the pause is over, at 7.",
    );
  });

  it.each([
    ["http_502", "the server has a fault (502)"],
    ["http_418", "the server answered 418"],
    ["moon_phase", "the server said “moon phase”"],
  ])("a reason that is not known is shown: %s", (code, words) => expect(whyWords(code)).toBe(words));
});

describe("deleting", () => {
  it("asks in stronger words where sound would be lost", () => {
    expect(deleteWords("synced", false).text).toMatch(/conversation stays/);
    expect(deleteWords("waiting", true).text).toMatch(/is lost. This cannot be undone/);
    expect(deleteWords("uploaded", true).text).toMatch(/The server has it.*cannot be undone/);
    expect(deleteWords("corrupted", false).text).toMatch(/gone already/);
  });
});

describe("the sign in the header", () => {
  it("is there where something waits or needs a person, and says which", () => {
    expect(signWords(CARDS.all_synced)).toBeNull();
    expect(signWords(CARDS.ready)).toEqual({ text: "1 recording on the way", tone: "normal" });
    expect(signWords(CARDS.limited_busy)).toEqual({ text: "3 recordings on the way, paused", tone: "warning" });
    expect(signWords(CARDS.attention)).toEqual({ text: "1 recording needs you", tone: "bad" });
  });
});
