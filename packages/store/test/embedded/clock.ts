/** Real time for tests of real processes. */
import type { Clock } from "@holdfast/core";

export const testClock: Clock = {
  now: () => Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  every: (ms, call) => {
    const timer = setInterval(call, ms);
    return { cancel: () => clearInterval(timer) };
  },
};
