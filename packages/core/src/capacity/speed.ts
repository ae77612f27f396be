/**
 * How fast uploads are worked on, as a number that forgets: seconds of sound that one place of a worker gets through in a second
 * of work. Each measurement counts by how much work it was, so that many short jobs and one long one say the same.
 */
import { QUEUE } from "@holdfast/contract";

export interface Work {
  /** Sound of the jobs that ended. */
  readonly audioSeconds: number;
  /** From their lease to their end, all together. */
  readonly busyMs: number;
}

/** Undefined where nothing was ever measured. */
export function blendSpeed(before: number | undefined, { audioSeconds, busyMs }: Work): number | undefined {
  if (!(busyMs > 0) || !(audioSeconds >= 0)) return before;
  const measured = audioSeconds / (busyMs / 1_000);
  if (before === undefined) return measured;
  const weight = 1 - Math.exp(-busyMs / QUEUE.speedMemoryMs);
  return before + weight * (measured - before);
}
