/** The list of recordings: which are shown, in which order, under which day; and that tens of thousands are no burden. */
import type { Recording } from "@holdfast/client";
import { NEW_RECORDING, RECORDING_STATUSES, type RecordingStatus } from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { dayKey } from "../conversations/by-day.ts";
import { finalCount, rowsOf } from "./rows.ts";

const NOW = new Date(2026, 10, 23, 15, 0, 0);

function recording(id: string, startedAtMs: number, status: RecordingStatus = "miss"): Recording {
  return {
    ...NEW_RECORDING,
    ...{ id, kind: "frames", file: `${id}.seg`, owner: "anna", sessionId: null, firstSequence: 0, device: "phone-mic" },
    ...{
      deviceModel: null,
      codec: "opus_fs320",
      sampleRate: 16_000,
      channels: 1,
      frameSamples: 320,
      startedAtMs,
      status,
    },
    ...{ originalName: null, frames: 50, bytes: 4_000, durationMs: 1_000, delivered: 0, conversationId: null },
  };
}

const shown = (rows: ReturnType<typeof rowsOf>): readonly string[] =>
  rows.map((row) => (row.kind === "day" ? row.day : row.recording.id));

describe("the list", () => {
  it("is by day, newest first", () => {
    const today = (hour: number): number => new Date(2026, 10, 23, hour).getTime();
    const rows = [
      recording("morning", today(8)),
      recording("yesterday", today(8) - 86_400_000),
      recording("noon", today(12)),
    ];
    expect(shown(rowsOf(rows, "all"))).toEqual(["2026-11-23", "noon", "morning", "2026-11-22", "yesterday"]);
  });

  it("begins a day at every midnight of the person, and nowhere else", () => {
    const everyHour = Array.from({ length: 400 * 24 }, (_, i) => recording(String(i), NOW.getTime() - i * 3_600_000));
    const rows = rowsOf(everyHour, "all");
    const days = new Set(rows.flatMap((row) => (row.kind === "day" ? row.day : [])));
    const elsewhere = rows.filter((row, at) => {
      const before = rows[at - 1];
      if (row.kind === "day" || before === undefined) return false;
      const day = dayKey(new Date(row.recording.startedAtMs));
      return day !== (before.kind === "day" ? before.day : dayKey(new Date(before.recording.startedAtMs)));
    });
    expect(elsewhere).toEqual([]);
    expect(rows).toHaveLength(everyHour.length + days.size);
    expect(days.size).toBe(401);
  });

  const PENDING: Readonly<Record<RecordingStatus, boolean>> = {
    in_progress: true,
    miss: true,
    uploaded: true,
    synced: false,
    corrupted: false,
    outside_recovery_window: false,
    unsupported_audio: false,
    upload_rejected: false,
  };

  it.each(RECORDING_STATUSES)("shows what is %s where it belongs", (status) => {
    const one = [recording("a", NOW.getTime(), status)];
    const has = (filter: "all" | "pending" | "synced"): boolean => rowsOf(one, filter).length === 2;
    expect(has("all")).toBe(true);
    expect(has("pending")).toBe(PENDING[status]);
    expect(has("synced")).toBe(status === "synced");
    // Nothing is under neither of the two without being counted beside them.
    expect(has("pending") || has("synced") || finalCount(one) === 1).toBe(true);
  });

  it("without recordings has no days either", () => expect(rowsOf([], "all")).toEqual([]));

  it("of fifty thousand is made in a blink", () => {
    const many = Array.from({ length: 50_000 }, (_, i) =>
      recording(String(i), NOW.getTime() - ((i * 7_919) % 50_000) * 60_000, i % 9 === 0 ? "miss" : "synced"),
    );
    const began = performance.now();
    const rows = rowsOf(many, "all");
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(rows.filter(({ kind }) => kind === "recording")).toHaveLength(50_000);
  });
});
