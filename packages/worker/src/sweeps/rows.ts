/** Rows of a sweep, one by one: a row that fails is logged and left for the next time, so it stops nothing else. */
import { messageOf } from "@holdfast/contract";
import type { Log } from "@holdfast/core";

export interface RowSweep {
  readonly name: string;
  readonly log: Log;
  /** No further row begins. */
  readonly signal: AbortSignal;
}

/** Returns how many rows were moved: those for which `move` did not answer false. */
export async function eachRow<T>(
  { name, log, signal }: RowSweep,
  rows: readonly T[],
  idOf: (row: T) => string,
  move: (row: T) => Promise<unknown>,
): Promise<number> {
  let moved = 0;
  for (const row of rows) {
    if (signal.aborted) break;
    try {
      if ((await move(row)) !== false) moved += 1;
    } catch (error) {
      log.warn({ sweep: name, id: idOf(row), error: messageOf(error) }, "a row could not be swept");
    }
  }
  return moved;
}
