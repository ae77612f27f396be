/** Plays the messages of a file as if they were heard now, at the pace of speech or faster. */
import { type Clock, sleep } from "@holdfast/core";
import type { TakeMessage } from "./live-course.ts";
import type { SoundMessages } from "./sound-messages.ts";

/** `speed`: 1 is the pace of speech; Infinity as fast as they are taken. */
export function play(
  { messages, messageMs, durationMs }: SoundMessages,
  speed: number,
  clock: Clock,
): (take: TakeMessage, signal: AbortSignal) => Promise<void> {
  return async (take, signal) => {
    const startedMs = clock.now();
    // Sound that comes faster than it was spoken was spoken before, and none of it in the time to come.
    const heardFromMs = startedMs - Math.max(0, durationMs - durationMs / speed);
    for (const [i, message] of messages.entries()) {
      const dueMs = startedMs + (i * messageMs) / speed;
      if (dueMs > clock.now()) await sleep(clock, dueMs - clock.now(), signal);
      if (signal.aborted) return;
      await take(message, heardFromMs + (i + 1) * messageMs);
    }
  };
}
