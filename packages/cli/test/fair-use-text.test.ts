/** What a person reads about fair use. */
import { parseConfig } from "@holdfast/contract";
import { fairUsePolicy, NO_STAGE, setStage } from "@holdfast/core";
import type { FairUseEventRow, FairUseUserRow } from "@holdfast/store";
import { expect, test } from "vitest";
import { fairUsePage, flaggedTable } from "../src/output/fair-use-text.ts";

const NOW = Date.UTC(2026, 10, 1, 12);
const DAY = 86_400_000;

const user = {
  ...{ user_id: "alice", stage: "throttle", last_case_ref: "FU-0A1B2C3D4E5F", reset_by: null, reset_at: null },
  ...{ warning_until: null, throttle_until: NOW + DAY, restrict_until: null, restrict_reason: null },
  ...{ last_violation_at: NOW, last_classifier_score: 0.8, last_classifier_type: "unknown", classify_after: null },
  updated_at: NOW,
} as FairUseUserRow;

const event = {
  ...{ user_id: "alice", id: "e", case_ref: "FU-0A1B2C3D4E5F", session_id: null, trigger: "realtime" },
  ...{ window_speech_ms: {}, thresholds_ms: {}, classifier: { score: 0.8 }, violation: true },
  ...{ enforcement_action: "throttle", previous_stage: "warning", new_stage: "throttle", created_at: NOW },
  ...{ resolved_at: NOW, resolved_by: "admin:0a1b2c3d", admin_notes: "" },
} as FairUseEventRow;

const account = {
  ...{ userId: "alice", state: { ...setStage("throttle", NOW), throttleUntilMs: NOW + DAY } },
  ...{ totals: { daily: 5_400_000, three_day: 7_200_000, weekly: 7_200_000 }, budgetUsedMs: 60_000 },
};

test("everybody at a stage has a line, with its end and case", () => {
  const restricted = { user: { ...user, user_id: "bob", last_case_ref: null }, state: setStage("restrict", NOW) };
  expect(flaggedTable([{ user, state: account.state }, restricted], NOW)).toBe(
    "alice  throttle, ends in 1 d  FU-0A1B2C3D4E5F\nbob  restrict, until a person ends it",
  );
  expect(flaggedTable([], NOW)).toBe("nobody is at a stage");
});

test("a user has a page: speech against caps, budget, stage, events", () => {
  const policy = fairUsePolicy(parseConfig({ FAIR_USE_ENABLED: "true" }));
  expect(fairUsePage({ policy, account, user, events: [event] }, NOW).split("\n")).toEqual([
    "user:         alice",
    "limited:      yes",
    "stage:        throttle, ends in 1 d",
    "daily:        1.50 h of 2.00 h",
    "three_day:    2.00 h of 8.00 h",
    "weekly:       2.00 h of 10.00 h",
    "budget:       1 m of 30 m today (UTC)",
    "case:         FU-0A1B2C3D4E5F",
    "2026-11-01T12:00:00.000Z  FU-0A1B2C3D4E5F  score 0.80: warning to throttle, resolved by admin:0a1b2c3d",
  ]);
});

test("a user nobody ever measured has a page too, and is told where there are no limits", () => {
  const policy = fairUsePolicy(parseConfig({ FAIR_USE_RESTRICT_DAILY_DG_MS: "0" }));
  const empty = { ...account, state: NO_STAGE, budgetUsedMs: 0 };
  const page = fairUsePage({ policy, account: empty, user: undefined, events: [] }, NOW);
  expect(page).toContain("limited:      no");
  expect(page).toContain("stage:        none");
  expect(page).toContain("budget:       none");
  expect(page).not.toContain("case:");
});
