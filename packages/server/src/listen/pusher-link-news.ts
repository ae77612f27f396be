/** What a link tells the log when its state changes. The names of the events are part of the watch list of the docs. */
import type { LinkState, LinkStep, Log } from "@holdfast/core";

export interface LinkNews {
  readonly before: LinkState;
  readonly step: LinkStep;
  /** Why it was lost or failed, where somebody knows. */
  readonly why: string | undefined;
  /** It had a connection before, and this many requests wait for the next. */
  readonly wasConnected: boolean;
  readonly pending: number;
}

export function tellNews(log: Log, { before, step, why, wasConnected, pending }: LinkNews): void {
  const { state } = step;
  if (state === before) return;
  const wait = step.effects.find((effect) => effect.type === "wait");
  const reason = why === undefined ? {} : { why };
  switch (state.name) {
    case "connected":
      if (state.sound === "withheld") {
        log.warn({ event: "pusher_link_sound_withheld" }, "this pusher does not keep sound to its time: it gets none");
      }
      if (before.name === "connected") return;
      if (wasConnected) log.info({ event: "pusher_link_recovered", pending }, "the link to the pusher is back");
      else log.debug({ event: "pusher_link_connected" }, "linked to a pusher");
      return;
    case "reconnect_backoff":
      if (state.open) return;
      if (before.name === "connected") {
        log.warn({ event: "pusher_link_lost", pending, ...reason }, "the link to the pusher is lost");
      }
      if (wait !== undefined) {
        const line = { event: "pusher_link_backoff", attempts: state.attempts, waitMs: wait.ms, ...reason };
        log.info(line, "the pusher is tried again soon");
      }
      return;
    case "degraded":
      log.warn(
        { event: "pusher_link_degraded", from: before.name, waitMs: wait?.ms, pending, ...reason },
        "no pusher for now: the session goes on, finished conversations wait",
      );
      return;
    case "half_open_probe":
      if (state.open) return;
      log.info({ event: "pusher_link_probe" }, "the pusher is tried once");
      return;
    default:
      state satisfies never;
  }
}
