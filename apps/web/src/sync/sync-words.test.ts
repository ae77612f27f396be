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
import { english } from "../../test/english.ts";
import type { Text } from "../i18n/message.ts";
import { cardWords, deleteWords, explainWords, problemWords, rowWords, signWords } from "./sync-words.ts";
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

const NOW = new Date(2026, 10, 23, 15).getTime();
const LATER = new Date(2026, 10, 23, 16, 2).getTime();
const TOMORROW = new Date(2026, 10, 24, 9).getTime();

/** Without the narrow space that comes before AM and PM. */
const said = (text: Text | null): string => (text === null ? "" : english.say(text).replaceAll("\u202f", " "));
const cardOf = (of: SyncStatus): { readonly title: string; readonly line: string; readonly tone: string } => {
  const { title, line, tone } = cardWords(of, NOW);
  return { title: said(title), line: said(line), tone };
};
const explained = (of: Explanation): string => said(explainWords(of, NOW));

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

const fairUse: ActiveLimit = { reason: "fair_use", untilMs: LATER };
const busy: ActiveLimit = { reason: "backend_busy", untilMs: LATER };

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
    expect(cardOf(CARDS[state]).title).toMatch(/^[A-Z0-9].*[^.]$/);
  });

  it("has another title for each", () => {
    expect(new Set(states.map((state) => cardOf(CARDS[state]).title)).size).toBe(states.length);
  });

  it.each(["limited_fair_use", "limited_busy"] as const)("of %s says that it is a pause, and when it ends", (state) => {
    const { title, line, tone } = cardOf(CARDS[state]);
    expect(title).toMatch(/^Paused: /);
    expect(title).not.toMatch(/ready/i);
    expect(line).toContain("It goes on by itself at 4:02 PM.");
    expect(tone).toBe("warning");
  });

  it("while sending says how far it is, in recordings and bytes", () => {
    expect(cardOf(CARDS.uploading).line).toBe("2 of 7 recordings, 1 MB of 3.5 MB");
  });

  it("counts in words of a person", () => {
    expect(cardOf(CARDS.attention).title).toBe("1 recording needs you");
    expect(cardOf(status("idle", null, { attention: 1_200 })).title).toBe("1,200 recordings need you");
    expect(cardOf(CARDS.ready).title).toBe("1 recording ready to sync");
  });
});

describe("a try that did not work", () => {
  it("says why, and when the next one is, today or on another day", () => {
    expect(said(problemWords("http_500", null, NOW))).toBe("The last try did not work. The server has a fault (500).");
    expect(said(problemWords("offline", LATER, NOW))).toMatch(/ The next one is at 4:02 PM\.$/);
    expect(said(problemWords("offline", TOMORROW, NOW))).toMatch(/ The next one is on November 24 at 9:00 AM\.$/);
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
    expect(english.t(rowWords(state).text)).toMatch(/^[A-Z]/);
    expect(rowWords(state).tone).toBe(ROWS[state]);
  });

  it("says of each state something else", () => {
    expect(new Set(all.map((state) => english.t(rowWords(state).text))).size).toBe(all.length);
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
    tries_again: /next try is at 4:02 PM/,
    asks_server: /asked again/,
    nothing: /Nothing more happens/,
    copy_removed: /removed at 4:02 PM/,
    person_retries: /Try it again, or delete it/,
    person_deletes: /only be deleted/,
  };

  it.each(Object.keys(NEXT) as ExplainedNext[])("ends with what comes next: %s", (next) => {
    expect(explained(explanation({ next, atMs: LATER }))).toMatch(NEXT[next]);
    const sentence = explained(explanation({ next }));
    expect(sentence).toMatch(/^[A-Z].*\.$/);
    expect(sentence).not.toMatch(/null|undefined/);
  });

  it("begins with the reason", () => {
    expect(explained(explanation({ why: "offline", next: "sends_when_online" }))).toBe(
      "There is no internet connection. It goes when the connection is back.",
    );
    expect(explained(explanation({ why: "fair_use", next: "sends_after_pause", atMs: LATER }))).toBe(
      "The upload limit of your account is reached. It goes when the pause is over, at 4:02 PM.",
    );
  });

  it.each([
    ["http_502", "The server has a fault (502)."],
    ["http_418", "The server answered 418."],
    ["moon_phase", "The server said “moon phase”."],
  ])("a reason that is not known is shown: %s", (code, words) => expect(said(whyWords(code))).toBe(words));
});

describe("deleting", () => {
  it("asks in stronger words where sound would be lost", () => {
    expect(english.t(deleteWords("synced", false).text)).toMatch(/conversation stays/);
    expect(english.t(deleteWords("waiting", true).text)).toMatch(/is lost. This cannot be undone/);
    expect(english.t(deleteWords("uploaded", true).text)).toMatch(/The server has it.*cannot be undone/);
    expect(english.t(deleteWords("corrupted", false).text)).toMatch(/gone already/);
  });
});

describe("the sign in the header", () => {
  it("is there where something waits or needs a person, and says which", () => {
    const signOf = (of: SyncStatus): unknown => {
      const sign = signWords(of);
      return sign === null ? null : { text: said(sign.text), tone: sign.tone };
    };
    expect(signOf(CARDS.all_synced)).toBeNull();
    expect(signOf(CARDS.ready)).toEqual({ text: "Recordings: 1 recording on the way", tone: "normal" });
    expect(signOf(CARDS.limited_busy)).toEqual({
      text: "Recordings: 3 recordings on the way, paused",
      tone: "warning",
    });
    expect(signOf(CARDS.attention)).toEqual({ text: "Recordings: 1 recording needs you", tone: "bad" });
  });
});
