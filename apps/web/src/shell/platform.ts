/** The browser's clock and randomness behind the ports of core. */
import type { Clock, Random } from "@holdfast/core";

export const browserClock: Clock = {
  now: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  every(ms, call) {
    const timer = setInterval(call, ms);
    return { cancel: () => clearInterval(timer) };
  },
};

export const browserRandom: Random = {
  next: () => Math.random(),
  uuid: () => crypto.randomUUID(),
};
