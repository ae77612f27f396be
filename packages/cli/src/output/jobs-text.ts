/** Jobs as a person reads them: a table of many, a page of one, and what became of asking for one again. */
import { type QueueLoad, serviceRate, waitSeconds } from "@holdfast/core";
import type { Job, RetryOutcome } from "@holdfast/store";

const HEAD = ["ID", "KIND", "STATE", "AGE", "NEXT", "ATTEMPTS", "WHY"] as const;

export function jobsTable(jobs: readonly Job[], nowMs: number): string {
  if (jobs.length === 0) return "no jobs";
  const rows = jobs.map((job) => [
    job.id,
    kindOf(job),
    job.state,
    duration(nowMs - job.createdMs),
    job.state === "queued" && job.dueMs > nowMs ? `in ${duration(job.dueMs - nowMs)}` : "",
    String(job.attempts),
    job.reasonCode ?? "",
  ]);
  const widths = HEAD.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [HEAD, ...rows].map(line).join("\n");
}

/** The queue of uploads: a line for each lane, and how fast it is worked on. */
export function queueText(load: QueueLoad, nowMs: number): string {
  const lines = (["fresh", "backfill"] as const).map((lane) => {
    const { waiting, audioSeconds, oldestMs } = load[lane];
    if (oldestMs === undefined || waiting === 0) return `${lane.padEnd(8)}  nothing waits`;
    const needs = duration(waitSeconds(load, lane, nowMs) * 1_000);
    const sound = duration(audioSeconds * 1_000);
    return `${lane.padEnd(8)}  ${waiting} wait, ${sound} of sound, the oldest for ${duration(nowMs - oldestMs)}; done in ${needs}`;
  });
  const rate = `${serviceRate(load, nowMs).toFixed(1)} s of sound a second`;
  const measured = load.speed === undefined ? "a guess" : "measured";
  return [...lines, `in work   ${load.running}, ${rate} (${measured})`].join("\n");
}

export function jobPage(job: Job, nowMs: number): string {
  const ago = (ms: number | null): string | undefined =>
    ms === null ? undefined : `${new Date(ms).toISOString()} (${duration(nowMs - ms)} ago)`;
  const facts: readonly (readonly [string, unknown])[] = [
    ["id", job.id],
    ["kind", kindOf(job)],
    ["state", job.state],
    ["why", job.reasonCode ?? undefined],
    ["last error", job.lastError ?? undefined],
    ["user", job.userId],
    ["conversation", job.conversationId ?? undefined],
    ["generation", job.generation],
    ["attempts", `${job.attempts} spent, ${job.tries} failures of any kind, ${job.lostLeases} leases lost in a row`],
    ["created", ago(job.createdMs)],
    ["started", ago(job.startedMs)],
    ["due", job.state === "queued" ? new Date(job.dueMs).toISOString() : undefined],
    ["ended", ago(job.completedMs)],
    ["stage", job.stage ?? undefined],
    ["payload", JSON.stringify(job.payload)],
    ["progress", job.progress === null ? undefined : JSON.stringify(job.progress)],
    ["result", job.result === null ? undefined : JSON.stringify(job.result)],
  ];
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [`${`${name}:`.padEnd(14)}${value}`])).join("\n");
}

export function retryLine(id: string, outcome: RetryOutcome): string {
  switch (outcome.outcome) {
    case "queued":
      return `${id}: ${kindOf(outcome.job)} is queued again, as generation ${outcome.job.generation}`;
    case "missing":
      return `${id}: there is no such job`;
    case "not_retryable":
      return `${id}: ${kindOf(outcome.job)} is ${outcome.job.state}; only what failed or is blocked can be asked for again`;
    case "awaiting_repair":
      return `${id}: waits for words that a repair will bring; see holdfast jobs list --kind repair`;
    case "superseded":
      return `${id}: another job has taken its place, or its conversation is gone`;
    default:
      return outcome satisfies never;
  }
}

/** The job of a better summary is a finalisation in the table, and something else to a person. */
function kindOf(job: Job): string {
  return job.payload.trigger === "enrich" ? "finalization (better summary)" : job.kind;
}

const UNITS = [
  { name: "d", seconds: 86_400 },
  { name: "h", seconds: 3_600 },
  { name: "m", seconds: 60 },
] as const;

/** The two largest units: `3 d 4 h`, `12 m 5 s`, `7 s`. */
export function duration(ms: number): string {
  let left = Math.max(0, Math.round(ms / 1000));
  const parts: string[] = [];
  for (const { name, seconds } of UNITS) {
    const count = Math.floor(left / seconds);
    left %= seconds;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  if (left > 0 || parts.length === 0) parts.push(`${left} s`);
  return parts.slice(0, 2).join(" ");
}
