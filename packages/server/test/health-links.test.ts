/** The figures of the links as Prometheus reads them: every series is there from the start, and counters only grow. */
import { Registry } from "prom-client";
import { expect, it } from "vitest";
import { registerLinkMetrics } from "../src/health/link-metrics.ts";
import { handOff, linkWorld } from "./listen/link-network.ts";

it("publishes links by state, the circuit, what waits, and what was lost on the way", async () => {
  const { links, network, open } = linkWorld();
  const registry = new Registry();
  registerLinkMetrics(registry, links);
  const read = async (): Promise<Record<string, number>> => {
    const lines = (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
    );
  };
  const nothing = {
    'holdfast_pusher_links{state="connected"}': 0,
    'holdfast_pusher_links{state="reconnect_backoff"}': 0,
    'holdfast_pusher_links{state="degraded"}': 0,
    'holdfast_pusher_links{state="half_open_probe"}': 0,
    'holdfast_pusher_breaker{state="closed"}': 1,
    'holdfast_pusher_breaker{state="open"}': 0,
    'holdfast_pusher_breaker{state="half_open"}': 0,
    holdfast_pusher_pending: 0,
    holdfast_pusher_reconnects_total: 0,
    holdfast_pusher_pending_retries_total: 0,
    holdfast_pusher_pending_overflow_total: 0,
    holdfast_handoff_without_pusher_total: 0,
    'holdfast_pusher_dropped_total{kind="segments"}': 0,
    'holdfast_pusher_dropped_total{kind="audio_bytes"}': 0,
    'holdfast_pusher_dropped_total{kind="speaker_samples"}': 0,
  };
  expect(await read()).toEqual(nothing);
  const link = open();
  network.last.open();
  for (let i = 0; i < 102; i += 1) link.process(handOff(`c${i}`), "queued");
  network.last.answer({ conversation_id: "c50", error: "processing_failed" });
  const busy = {
    ...nothing,
    'holdfast_pusher_links{state="connected"}': 1,
    holdfast_pusher_pending: 100,
    holdfast_pusher_pending_retries_total: 1,
    holdfast_pusher_pending_overflow_total: 2,
  };
  expect(await read()).toEqual(busy);
  expect(await read()).toEqual(busy);
  network.last.end();
  for (let i = 0; i < 52; i += 1) link.speakerSample({ person_id: "p", conversation_id: "a", segment_ids: [] });
  link.close();
  expect(await read()).toEqual({
    ...nothing,
    holdfast_pusher_pending_retries_total: 1,
    holdfast_pusher_pending_overflow_total: 2,
    'holdfast_pusher_dropped_total{kind="speaker_samples"}': 2,
  });
});
