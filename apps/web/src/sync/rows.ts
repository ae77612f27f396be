/** Which recordings the list shows, in which order, and the headings of their days. Pure; a log may hold tens of thousands. */
import type { Recording } from "@holdfast/client";
import { isFinalRecording } from "@holdfast/core";
import { dayKey, dayTitle } from "../conversations/by-day.ts";

export type Filter = "all" | "pending" | "synced";

export type Row =
  | { readonly kind: "day"; readonly key: string; readonly title: string }
  | { readonly kind: "recording"; readonly key: string; readonly recording: Recording };

/** Newest first, each day under its heading. */
export function rowsOf(recordings: Iterable<Recording>, filter: Filter, now: Date, locale: string): readonly Row[] {
  const shown = [...recordings].filter((recording) => isShown(recording, filter));
  shown.sort((a, b) => b.startedAtMs - a.startedAtMs || (a.id < b.id ? 1 : -1));
  const rows: Row[] = [];
  let day = "";
  for (const recording of shown) {
    const key = dayKey(new Date(recording.startedAtMs));
    if (key !== day) rows.push({ kind: "day", key: `day-${key}`, title: dayTitle(key, now, locale) });
    day = key;
    rows.push({ kind: "recording", key: recording.id, recording });
  }
  return rows;
}

/** Pending is what may still become a conversation; what can only be deleted is under All (reference client-sync 7.2.8). */
function isShown({ status }: Recording, filter: Filter): boolean {
  if (filter === "all") return true;
  return filter === "synced" ? status === "synced" : status !== "synced" && !isFinalRecording(status);
}

/** Recordings that need a person and are not under Pending. */
export function finalCount(recordings: Iterable<Recording>): number {
  let count = 0;
  for (const { status } of recordings) if (isFinalRecording(status)) count += 1;
  return count;
}
