/** The time of the machine, for tests of real storage. */
import type { Clock } from "@holdfast/core";

export const realClock: Clock = {
  now: () => Date.now(),
  after: (ms, call) => {
    const handle = setTimeout(call, ms);
    return { cancel: () => clearTimeout(handle) };
  },
  every: (ms, call) => {
    const handle = setInterval(call, ms);
    return { cancel: () => clearInterval(handle) };
  },
};
