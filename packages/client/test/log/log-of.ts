/** A recording log over a disk in memory, and what is in it. */
import { readFrames } from "@holdfast/contract";
import type { MemoryDisk } from "@holdfast/testkit/log";
import { RecordingLog, type RecordingLogEvent, type RecordingLogOptions } from "../../src/index.ts";
import { fixedRandom, ManualClock } from "../manual-clock.ts";
import { numberOf } from "./recordings.ts";

export interface OpenedLog {
  readonly log: RecordingLog;
  readonly clock: ManualClock;
  /** Every event since it was opened. */
  readonly events: RecordingLogEvent[];
}

export async function openLog(
  disk: MemoryDisk,
  options: Partial<RecordingLogOptions> & { readonly clock?: ManualClock } = {},
): Promise<OpenedLog> {
  const clock = options.clock ?? new ManualClock();
  const log = await RecordingLog.open({
    owner: "anna",
    random: fixedRandom(),
    reserveBytes: 0,
    ...options,
    store: await disk.open(),
    clock,
  });
  const events: RecordingLogEvent[] = [];
  log.on((event) => events.push(event));
  return { log, clock, events };
}

/** Numbers of the frames that would be uploaded, in the order of the recordings' places in their session. */
export async function framesIn(log: RecordingLog): Promise<number[]> {
  const numbers: number[] = [];
  const captured = [...log.recordings.values()].filter(
    ({ sessionId, status }) => sessionId !== null && status !== "corrupted",
  );
  for (const { id } of captured.sort((a, b) => a.firstSequence - b.firstSequence)) {
    const { content } = await log.export(id);
    numbers.push(...readFrames(new Uint8Array(await content.arrayBuffer())).frames.map(numberOf));
  }
  return numbers;
}
