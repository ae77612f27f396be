/**
 * Figures of the queue of uploads: depth and age by lane, what workers measured (kept in the store), and what this gateway
 * refused. Those of the store are left out while the database is away.
 */
import { HoldfastError } from "@holdfast/contract";
import { listServiceFigures, loadQueue, type ServiceFigure } from "@holdfast/store";
import { Counter, Gauge, type Registry } from "prom-client";
import type { HttpContext } from "../http/context.ts";

export interface QueueMetrics {
  /** Reads what the store knows. Never throws. */
  read(): Promise<void>;
  refused(reason: string): void;
}

const LANES = ["fresh", "backfill"] as const;

export function registerQueueMetrics(
  registry: Registry,
  { db, clock }: Pick<HttpContext, "db" | "clock">,
): QueueMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames: ["lane"], registers });
  const depth = gauge("holdfast_sync_queue_depth", "Uploads that wait");
  const sound = gauge("holdfast_sync_queue_audio_seconds", "Sound of uploads that wait");
  const oldest = gauge("holdfast_sync_queue_oldest_age_seconds", "Age of the oldest upload that waits");
  const running = new Gauge({ name: "holdfast_sync_running", help: "Uploads in work", registers });
  const speed = new Gauge({
    name: "holdfast_sync_speed",
    help: "Seconds of sound that one place of a worker gets through in a second",
    registers,
  });
  const counter = (name: string, help: string, labelNames: readonly string[]) =>
    new Counter({ name, help, labelNames, registers });
  const counters: Readonly<Record<string, Counter<string>>> = {
    outcomes: counter("holdfast_sync_outcomes_total", "How tries of uploads ended", [
      "lane",
      "outcome",
      "class",
      "reason",
    ]),
    takeovers: counter("holdfast_lease_takeovers_total", "Leases of dead workers that were taken over", ["kind"]),
    service_seconds_bucket: counter("holdfast_sync_service_seconds_bucket", "Lease to end of uploads", ["lane", "le"]),
    service_seconds_sum: counter("holdfast_sync_service_seconds_sum", "Their sum", ["lane"]),
    service_seconds_count: counter("holdfast_sync_service_seconds_count", "Their number", ["lane"]),
  };
  const refusals = counter("holdfast_uploads_refused_total", "Uploads that this gateway refused", ["reason"]);

  const show = (figures: readonly ServiceFigure[]): void => {
    for (const each of Object.values(counters)) each.reset();
    for (const { name, labels, value } of figures) counters[name]?.inc(labels, value);
  };
  return {
    refused: (reason) => refusals.inc({ reason }),
    async read() {
      const known = await Promise.all([loadQueue(db), listServiceFigures(db)]).catch(() => undefined);
      for (const each of [depth, sound, oldest]) each.reset();
      if (known === undefined) return;
      const [load, figures] = known;
      for (const lane of LANES) {
        const { waiting, audioSeconds, oldestMs } = load[lane];
        depth.set({ lane }, waiting);
        sound.set({ lane }, audioSeconds);
        oldest.set({ lane }, oldestMs === undefined ? 0 : Math.max(0, (clock.now() - oldestMs) / 1_000));
      }
      running.set(load.running);
      if (load.speed !== undefined) speed.set(load.speed);
      show(figures);
    },
  };
}

/** The reason of a refused upload; codes are a closed list, whatever else went wrong is `internal`. */
export function refusalReason(error: unknown): string {
  return error instanceof HoldfastError ? error.code : "internal";
}
