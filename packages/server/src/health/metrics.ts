/**
 * What the gateway publishes for Prometheus: how late its loop is, how many live sessions it holds, how long requests take,
 * and how much work waits, with the age of the oldest piece (law L5). Queue figures are read when somebody asks and left out
 * while the database is away.
 */
import { loopDelay } from "@holdfast/runtime";
import { NONTERMINAL_KINDS, oldestNonterminal, queueDepths } from "@holdfast/store";
import { Gauge, Histogram, Registry } from "prom-client";
import type { HttpContext } from "../http/context.ts";
import { registerLinkMetrics } from "./link-metrics.ts";
import { registerQueueMetrics } from "./queue-metrics.ts";

export interface Metrics {
  observe(method: string, route: string, status: number, durationMs: number): void;
  /** An upload was refused. */
  refused(reason: string): void;
  /** Prometheus text format. */
  render(): Promise<string>;
  readonly contentType: string;
}

export function createMetrics(context: Pick<HttpContext, "db" | "clock" | "listen" | "links">): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Histogram({
    name: "holdfast_http_request_seconds",
    help: "Time from request to answer",
    labelNames: ["method", "route", "status"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const delay = new Gauge({
    name: "holdfast_event_loop_delay_ms",
    help: "Delay of the gateway's event loop since it started",
    labelNames: ["quantile"],
    registers,
  });
  const sessions = new Gauge({ name: "holdfast_live_sessions", help: "Live sockets of this process", registers });
  const depth = new Gauge({
    name: "holdfast_jobs",
    help: "Jobs that are not finished",
    labelNames: ["kind", "state"],
    registers,
  });
  const oldest = new Gauge({
    name: "oldest_nonterminal_age_seconds",
    help: "Age of the oldest of each kind of job, conversation and sound that is not finished",
    labelNames: ["kind"],
    registers,
  });

  registerLinkMetrics(registry, context.links);
  const queue = registerQueueMetrics(registry, context);

  const readQueues = async (): Promise<void> => {
    depth.reset();
    oldest.reset();
    const figures = await Promise.all([
      queueDepths(context.db),
      oldestNonterminal(context.db, context.clock.now()),
    ]).catch(() => undefined);
    if (figures === undefined) return;
    const [depths, unfinished] = figures;
    for (const { kind, state, count } of depths) depth.set({ kind, state }, count);
    for (const kind of NONTERMINAL_KINDS) oldest.set({ kind }, 0);
    for (const { kind, ageSeconds } of unfinished) oldest.set({ kind }, ageSeconds);
  };

  return {
    contentType: registry.contentType,
    observe(method, route, status, durationMs) {
      requests.observe({ method, route, status: `${Math.floor(status / 100)}xx` }, durationMs / 1000);
    },
    refused: queue.refused,
    async render() {
      const { p50Ms, p99Ms, maxMs } = loopDelay();
      delay.set({ quantile: "0.5" }, p50Ms);
      delay.set({ quantile: "0.99" }, p99Ms);
      delay.set({ quantile: "1" }, maxMs);
      sessions.set(context.listen.sessionCount());
      await Promise.all([readQueues(), queue.read()]);
      return await registry.metrics();
    },
  };
}
