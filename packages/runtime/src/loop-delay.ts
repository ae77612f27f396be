/**
 * How late this process answers: the delay of its event loop beyond what was asked for, as percentiles since the monitor
 * was made or last reset. It is what the gateway publishes, because a loop that stalls is an outage that no probe sees.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 10;

export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LoopDelayMonitor {
  read(): LoopDelay;
  reset(): void;
  close(): void;
}

/** Starts to measure. Does not keep the process alive. */
export function startLoopDelayMonitor(): LoopDelayMonitor {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  // The histogram counts whole intervals between two ticks of its timer, so the asked-for interval is not delay.
  const delayMs = (ns: number): number => (Number.isFinite(ns) ? Math.max(0, ns / 1e6 - RESOLUTION_MS) : 0);
  return {
    read: () => ({
      p50Ms: histogram.count === 0 ? 0 : delayMs(histogram.percentile(50)),
      p99Ms: histogram.count === 0 ? 0 : delayMs(histogram.percentile(99)),
      maxMs: histogram.count === 0 ? 0 : delayMs(histogram.max),
    }),
    reset: () => histogram.reset(),
    close: () => histogram.disable(),
  };
}

let shared: LoopDelayMonitor | undefined;

/** The delay of this process since it was first asked for (`runProcess` asks at start). */
export function loopDelay(): LoopDelay {
  shared ??= startLoopDelayMonitor();
  return shared.read();
}
