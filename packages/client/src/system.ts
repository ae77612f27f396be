/**
 * The clock and the randomness of the machine, for applications: the library itself takes both from outside, so that tests can
 * move time by hand. In Node these timers keep the process alive, so that a program which waits for its recordings is not
 * ended in the middle; `close` of the client ends them all.
 */
import type { Clock, Random } from "@holdfast/core";

export const systemClock: Clock = {
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

export const systemRandom: Random = {
  next: () => Math.random(),
  uuid: () => crypto.randomUUID(),
};
