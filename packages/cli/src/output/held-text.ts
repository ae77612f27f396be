/**
 * What the logs of this machine hold, for `holdfast status`: how much, the pause that stands, and for each recording that is
 * not done why it is where it is. A log that another program has open is named with it; nothing of it can be read meanwhile.
 */
import type { Recording } from "@holdfast/client";
import { isFinalRecording, type RecordingStatus } from "@holdfast/core";
import type { Account } from "../log/account.ts";
import { explainedLine, recordingName } from "./sync-report.ts";
import { clockTime, spaced } from "./words.ts";

export interface HeldText {
  readonly lines: readonly string[];
  readonly document: object;
  readonly hasRecordings: boolean;
}

const SHOWN = 20;

export async function heldText(
  account: Account,
  { nowMs, all }: { readonly nowMs: number; readonly all: boolean },
): Promise<HeldText> {
  const elsewhere = await account.elsewhere();
  const { engine, log } = account;
  const { counts, limit } = engine.status;
  const open = [...log.recordings.values()]
    .filter(({ status }) => status !== "synced")
    .sort((a, b) => weight(a.status) - weight(b.status) || b.startedAtMs - a.startedAtMs);
  const shown = all ? open : open.slice(0, SHOWN);
  const more = open.length - shown.length;
  const lines = [
    ...(counts.total === 0 ? [] : [`On this machine (${account.folders.folder}): ${countsText(counts)}`]),
    ...(limit === null ? [] : [`Paused until ${clockTime(limit.untilMs, nowMs)}: ${spaced(limit.reason)}`]),
    ...shown.map((recording) => `  ${explainedLine(account, recording, nowMs)}`),
    ...(more === 0 ? [] : [`  and ${more} more; --recordings shows all`]),
    ...elsewhere.map(
      ({ folder, pid }) => `  ${folder} is open in process ${pid ?? "?"}; what it holds cannot be read now`,
    ),
  ];
  const document = {
    folder: account.folders.folder,
    counts,
    cooldown: limit === null ? null : { reason: limit.reason, until_ms: limit.untilMs },
    recordings: shown.map((recording) => documentOf(account, recording)),
    more,
    elsewhere,
  };
  return { lines, document, hasRecordings: counts.total > 0 };
}

function documentOf(account: Account, recording: Recording): object {
  const { id, status, attempts, reason, jobId, startedAtMs, durationMs, bytes } = recording;
  const explanation = account.engine.explain(id);
  return {
    ...{ id, name: recordingName(recording), status, attempts, reason, job_id: jobId },
    ...{ started_at_ms: startedAtMs, duration_ms: durationMs, bytes },
    why: explanation?.why ?? null,
    next: explanation?.next ?? null,
    at_ms: explanation?.atMs ?? null,
  };
}

/** What a person can do something about goes first. */
function weight(status: RecordingStatus): number {
  return isFinalRecording(status) ? 0 : 1;
}

function countsText(
  counts: Readonly<Record<"waiting" | "retrying" | "sending" | "uploaded" | "synced" | "attention", number>>,
): string {
  const parts = [
    [counts.waiting, "waiting"],
    [counts.retrying, "to be tried again"],
    [counts.sending, "being sent"],
    [counts.uploaded, "at the server"],
    [counts.attention, "in need of you"],
    [counts.synced, "done"],
  ] as const;
  return parts.flatMap(([count, text]) => (count === 0 ? [] : [`${count} ${text}`])).join(", ");
}
