/** When jobs are asked after (reference client-sync 6.1, 6.2). */
import { RECONCILE_CONCURRENCY, reconcileDelayMs, UPLOADED_DEADLINE_MS } from "@holdfast/core";
import { expect, test } from "vitest";

test("the delays grow to two minutes and stay there", () => {
  const delays = [0, 1, 2, 3, 4, 5, 6, 100].map(reconcileDelayMs);
  expect(delays).toEqual([20_000, 20_000, 30_000, 45_000, 60_000, 120_000, 120_000, 120_000]);
  expect(reconcileDelayMs(-1)).toBe(20_000);
});

test("three jobs are asked after at a time, and one of which nothing is heard for a day is overdue", () => {
  expect(RECONCILE_CONCURRENCY).toBe(3);
  expect(UPLOADED_DEADLINE_MS).toBe(24 * 3_600_000);
});
