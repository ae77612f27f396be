/**
 * Turns the changes of the machine into what the engine acts on: nobody looks any more, somebody looks again, the network is
 * back. Knows a network that comes and goes, which must not be a way around the waits between tries.
 */
import type { Clock } from "@holdfast/core";
import type { SyncEnvironment } from "./environment.ts";

/** A network that returns again so soon is one that comes and goes. */
const FLAPPING_MS = 60_000;

export interface EnvironmentActs {
  readonly wentAway: () => void;
  readonly cameForward: () => void;
  readonly cameOnline: (isFlapping: boolean) => void;
  /** After each of them, and whenever something changed at all. */
  readonly changed: () => void;
}

/** Calls `acts` from now on; returns the way out. */
export function watchEnvironment(environment: SyncEnvironment, clock: Clock, acts: EnvironmentActs): () => void {
  let wasOnline = environment.isOnline;
  let wasForeground = environment.isForeground;
  let cameOnlineMs = Number.NEGATIVE_INFINITY;
  return environment.subscribe(() => {
    const { isOnline, isForeground } = environment;
    const cameOnline = isOnline && !wasOnline;
    const cameForward = isForeground && !wasForeground;
    wasOnline = isOnline;
    wasForeground = isForeground;
    if (!isForeground) acts.wentAway();
    if (cameForward) acts.cameForward();
    if (cameOnline) {
      const nowMs = clock.now();
      const isFlapping = nowMs - cameOnlineMs < FLAPPING_MS;
      cameOnlineMs = nowMs;
      acts.cameOnline(isFlapping);
    }
    acts.changed();
  });
}
