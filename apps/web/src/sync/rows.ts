/** Which recordings the list shows, in which order, and where their days begin. Pure; a log may hold tens of thousands. */
import type { Recording } from "@holdfast/client";
import { isFinalRecording } from "@holdfast/core";
import { dayKey } from "../conversations/by-day.ts";

export type Filter = "all" | "pending" | "synced";

export type Row =
  /** The day as in `dayKey`; its heading is made for those that are drawn. */
  | { readonly kind: "day"; readonly key: string; readonly day: string }
  | { readonly kind: "recording"; readonly key: string; readonly recording: Recording };

/** Newest first, each day under its heading. */
export function rowsOf(recordings: Iterable<Recording>, filter: Filter): readonly Row[] {
  const shown = [...recordings].filter((recording) => isShown(recording, filter));
  shown.sort((a, b) => b.startedAtMs - a.startedAtMs || (a.id < b.id ? 1 : -1));
  const rows: Row[] = [];
  let day: Day = { fromMs: 0, toMs: 0 };
  for (const recording of shown) {
    // Most are of the same day as the one before, and to ask the calendar takes longer than all the rest.
    if (recording.startedAtMs < day.fromMs || recording.startedAtMs >= day.toMs) {
      const began = new Date(recording.startedAtMs);
      const name = dayKey(began);
      day = dayOf(began);
      rows.push({ kind: "day", key: `day-${name}`, day: name });
    }
    rows.push({ kind: "recording", key: recording.id, recording });
  }
  return rows;
}

interface Day {
  readonly fromMs: number;
  readonly toMs: number;
}

/** From midnight to midnight, which is not always a day apart. */
function dayOf(date: Date): Day {
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  return { fromMs: new Date(year, month, day).getTime(), toMs: new Date(year, month, day + 1).getTime() };
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
