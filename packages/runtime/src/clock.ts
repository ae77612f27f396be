/**
 * The one place where wall time and timers enter the product (law L12). Timers never keep the process alive: a role lives
 * as long as its sockets and servers do, and ends when they are closed.
 */
import type { Clock, Timer } from "@holdfast/core";

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms: number, call: () => void): Timer {
    const timer = setTimeout(call, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  every(ms: number, call: () => void): Timer {
    const timer = setInterval(call, ms);
    timer.unref();
    return { cancel: () => clearInterval(timer) };
  },
};
