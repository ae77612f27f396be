/**
 * The clock of a device may run ahead. A batch with a recording from the future is moved as a whole, by one amount, so that its
 * recordings keep their distances: moved one by one they would all begin now (reference offline-sync, defect 10).
 */

/** How far the whole batch must be moved, in milliseconds; 0 or less. Times that nobody knows are passed over. */
export function commonShiftMs(
  capturedAtMs: readonly (number | null)[],
  acceptedMs: number,
  futureSkewMs: number,
): number {
  const newest = Math.max(...capturedAtMs.filter((ms) => ms !== null), Number.NEGATIVE_INFINITY);
  const aheadMs = newest - acceptedMs;
  return aheadMs > 0 && aheadMs <= futureSkewMs ? -aheadMs : 0;
}
