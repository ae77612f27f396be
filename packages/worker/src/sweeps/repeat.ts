/**
 * Work that time alone asks for: the same call again and again, the first time at once, never two at a time (a tick that comes
 * while the last call still runs is left out), and a failed call only costs itself.
 */
import { messageOf } from "@holdfast/contract";
import type { Clock, Log } from "@holdfast/core";

export interface Repetition {
  /** No further call begins; resolves when the one that runs has ended. Idempotent. */
  stop(): Promise<void>;
}

export function repeat(
  options: { readonly name: string; readonly everyMs: number; readonly clock: Clock; readonly log: Log },
  call: (signal: AbortSignal) => Promise<void>,
): Repetition {
  const { name, everyMs, clock, log } = options;
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const tick = (): void => {
    if (running !== undefined || stopping.signal.aborted) return;
    running = call(stopping.signal)
      .catch((error: unknown) => log.warn({ sweep: name, error: messageOf(error) }, "a sweep failed"))
      .finally(() => {
        running = undefined;
      });
  };
  const timer = clock.every(everyMs, tick);
  tick();
  return {
    async stop() {
      timer.cancel();
      stopping.abort();
      await running;
    },
  };
}
