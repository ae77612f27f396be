import { describe, expect, it } from "vitest";
import { askInMs } from "./ask-soon.ts";

describe("asking after a job while somebody looks", () => {
  it.each([
    [0, 2_000],
    [12_000, 2_000],
    [60_000, 10_000],
    [3_600_000, 20_000],
  ])("%i ms after it was sent waits %i ms", (ageMs, waitMs) => expect(askInMs(ageMs)).toBe(waitMs));
});
