/** Figures of the links to a pusher, read when somebody asks (see `PusherLinks.figures`). */
import { BREAKER_STATES, LINK_STATES } from "@holdfast/core";
import { Counter, Gauge, type Registry } from "prom-client";
import type { LinkFigures, PusherLinks } from "../listen/pusher-links.ts";

export function registerLinkMetrics(registry: Registry, links: Pick<PusherLinks, "figures">): void {
  const registers = [registry];
  new Gauge({
    name: "holdfast_pusher_links",
    help: "Links of live sessions to a pusher, by state",
    labelNames: ["state"],
    registers,
    collect() {
      const { links: counted } = links.figures();
      for (const state of LINK_STATES) this.set({ state }, counted[state]);
    },
  });
  new Gauge({
    name: "holdfast_pusher_breaker",
    help: "1 for the state that the circuit to the pusher is in",
    labelNames: ["state"],
    registers,
    collect() {
      const { breaker } = links.figures();
      for (const state of BREAKER_STATES) this.set({ state }, state === breaker ? 1 : 0);
    },
  });
  new Gauge({
    name: "holdfast_pusher_pending",
    help: "Finished conversations that a pusher was asked for and did not answer",
    registers,
    collect() {
      this.set(links.figures().pending);
    },
  });
  const count = (name: string, help: string, read: (figures: LinkFigures) => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read(links.figures()));
      },
    });
  };
  count("holdfast_pusher_reconnects_total", "Links that came back", ({ reconnects }) => reconnects);
  count("holdfast_pusher_pending_retries_total", "Requests asked again or put to rest", ({ retries }) => retries);
  count("holdfast_pusher_pending_overflow_total", "Requests left to the store", ({ overflows }) => overflows);
  count(
    "holdfast_handoff_without_pusher_total",
    "Finished conversations that wait because no pusher is configured",
    ({ withoutPusher }) => withoutPusher,
  );
  new Counter({
    name: "holdfast_pusher_dropped_total",
    help: "Words (segments), sound (bytes) and speaker samples dropped from full buffers; the store still has them",
    labelNames: ["kind"],
    registers,
    collect() {
      const { dropped } = links.figures();
      this.reset();
      this.inc({ kind: "segments" }, dropped.segments);
      this.inc({ kind: "audio_bytes" }, dropped.audioBytes);
      this.inc({ kind: "speaker_samples" }, dropped.samples);
    },
  });
}
