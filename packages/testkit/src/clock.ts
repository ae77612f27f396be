/** A clock that runs faster than the wall: two minutes of silence pass in seconds, through the real timers of the product. */
import type { Clock } from "@holdfast/core";

/** `factor` 20 makes a minute last three seconds. Time starts at the real time of the call. */
export function fastClock(factor: number): Clock {
  const start = Date.now();
  const timer = (handle: NodeJS.Timeout) => {
    handle.unref();
    return handle;
  };
  return {
    now: () => start + (Date.now() - start) * factor,
    after(ms, call) {
      const handle = timer(setTimeout(call, ms / factor));
      return { cancel: () => clearTimeout(handle) };
    },
    every(ms, call) {
      const handle = timer(setInterval(call, ms / factor));
      return { cancel: () => clearInterval(handle) };
    },
  };
}
