/** The adapters of a real process: clock, randomness, log, event-loop delay, and the life of a role from start to end. */
export { systemClock } from "./clock.ts";
export { createHelperThread, type HelperThread, type HelperThreadOptions } from "./helper-thread.ts";
export { http } from "./http.ts";
export { createLog, type ProcessLog } from "./log.ts";
export { type LoopDelay, type LoopDelayMonitor, loopDelay, startLoopDelayMonitor } from "./loop-delay.ts";
export { assertNodeVersion, OLDEST_NODE_MAJOR } from "./node-version.ts";
export {
  type BeginMessage,
  HELD,
  type ProcessContext,
  type ReadyMessage,
  type RunningRole,
  runProcess,
} from "./process.ts";
export { systemRandom } from "./random.ts";
export { isSameSecret } from "./same-secret.ts";
