/** Fair use as a person reads it: who is at a stage, and all that is known of one user. */
import type { FairUseAccount, FairUsePolicy, StageState } from "@holdfast/core";
import { budgetOf, capsOf, currentStage, FAIR_USE_WINDOWS, isLimited, stageEnd } from "@holdfast/core";
import type { FairUseEventRow, FairUseUserRow } from "@holdfast/store";
import { duration } from "./jobs-text.ts";

const HOUR_MS = 3_600_000;

export interface FairUsePage {
  readonly policy: FairUsePolicy;
  readonly account: FairUseAccount;
  readonly user: FairUseUserRow | undefined;
  readonly events: readonly FairUseEventRow[];
}

export function flaggedTable(
  rows: readonly { readonly user: FairUseUserRow; readonly state: StageState }[],
  nowMs: number,
): string {
  if (rows.length === 0) return "nobody is at a stage";
  return rows
    .map(({ user, state }) => `${user.user_id}  ${stageText(state, nowMs)}  ${user.last_case_ref ?? ""}`.trimEnd())
    .join("\n");
}

export function fairUsePage({ policy, account, user, events }: FairUsePage, nowMs: number): string {
  const caps = capsOf(policy, account.userId);
  const hours = (ms: number): string => `${(ms / HOUR_MS).toFixed(2)} h`;
  const budget = budgetOf(policy, account.budgetUsedMs);
  const spent = `${duration(budget.usedMs)} of ${duration(budget.limitMs)} today (UTC)`;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["user", account.userId],
    ["limited", isLimited(policy, account.userId) ? "yes" : "no (fair use is off, or the user is exempt)"],
    ["stage", stageText(currentStage(account.state, nowMs), nowMs)],
    ...FAIR_USE_WINDOWS.map(
      (window) => [window, `${hours(account.totals[window])} of ${hours(caps[window])}`] as const,
    ),
    ["budget", budget.limitMs === 0 ? "none" : spent],
    ["case", user?.last_case_ref ?? undefined],
    ["reset", user?.reset_at == null ? undefined : `${new Date(user.reset_at).toISOString()} by ${user.reset_by}`],
  ];
  const lines = facts.flatMap(([name, value]) => (value === undefined ? [] : [`${`${name}:`.padEnd(14)}${value}`]));
  return [...lines, ...events.map((event) => eventLine(event))].join("\n");
}

function stageText(state: StageState, nowMs: number): string {
  const endMs = stageEnd(state);
  if (state.stage === "none") return "none";
  return endMs === undefined
    ? `${state.stage}, until a person ends it`
    : `${state.stage}, ends in ${duration(endMs - nowMs)}`;
}

function eventLine(event: FairUseEventRow): string {
  const at = new Date(event.created_at).toISOString();
  const score = typeof event.classifier.score === "number" ? event.classifier.score.toFixed(2) : "?";
  const resolved = event.resolved_at === null ? "" : `, resolved by ${event.resolved_by}`;
  return `${at}  ${event.case_ref}  score ${score}: ${event.previous_stage} to ${event.new_stage}${resolved}`;
}
