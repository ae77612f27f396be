/**
 * What this worker counts of its work: how uploads ended and how long that took, and leases that it took over. Added to the
 * figures in the store every second, where gateways read them; what cannot be written waits for the next time.
 */
import { type FailureClass, messageOf, QUEUE } from "@holdfast/contract";
import type { Clock, Log } from "@holdfast/core";
import { addServiceFigures, type ClaimedJob, type Db, type Job, type ServiceFigure } from "@holdfast/store";

/** Upper bounds in seconds of the histogram of service times. */
const SERVICE_BUCKETS = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800] as const;

export interface UploadEnd {
  readonly outcome: "completed" | "partial_failure" | "failed" | "retried";
  readonly class: FailureClass | "none";
  readonly reason: string | null;
}

export interface ServiceFigures {
  claimed(job: ClaimedJob): void;
  /** `beganMs`: when its work began, under this lease. */
  ended(job: Job, end: UploadEnd, beganMs: number): void;
  /** Writes what is left. Never throws. */
  stop(): Promise<void>;
}

export interface ServiceFiguresDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
}

export function startServiceFigures({ db, clock, log }: ServiceFiguresDeps): ServiceFigures {
  let counted = new Map<string, ServiceFigure>();
  let work = { audioSeconds: 0, busyMs: 0 };
  let writing: Promise<void> = Promise.resolve();

  const add = (name: string, labels: Readonly<Record<string, string>>, value: number): void => {
    const key = JSON.stringify([name, labels]);
    counted.set(key, { name, labels, value: (counted.get(key)?.value ?? 0) + value });
  };

  const write = async (): Promise<void> => {
    if (counted.size === 0) return;
    const [figures, done] = [[...counted.values()], work];
    counted = new Map();
    work = { audioSeconds: 0, busyMs: 0 };
    try {
      await addServiceFigures(db, figures, done, clock.now());
    } catch (error) {
      for (const { name, labels, value } of figures) add(name, labels, value);
      work = { audioSeconds: work.audioSeconds + done.audioSeconds, busyMs: work.busyMs + done.busyMs };
      log.warn({ error: messageOf(error) }, "figures could not be written");
    }
  };
  const next = (): Promise<void> => {
    writing = writing.then(write);
    return writing;
  };
  const ticks = clock.every(QUEUE.figuresMs, () => void next());

  return {
    claimed(job) {
      if (job.takenOver) add("takeovers", { kind: job.kind }, 1);
    },
    ended({ lane, audioSeconds }, end, beganMs) {
      const busyMs = Math.max(1, clock.now() - beganMs);
      add("outcomes", { lane, outcome: end.outcome, class: end.class, reason: end.reason ?? "none" }, 1);
      if (end.outcome === "retried") return;
      for (const le of SERVICE_BUCKETS)
        if (busyMs / 1_000 <= le) add("service_seconds_bucket", { lane, le: `${le}` }, 1);
      add("service_seconds_bucket", { lane, le: "+Inf" }, 1);
      add("service_seconds_sum", { lane }, busyMs / 1_000);
      add("service_seconds_count", { lane }, 1);
      if (end.outcome === "failed") return;
      work = { audioSeconds: work.audioSeconds + audioSeconds, busyMs: work.busyMs + busyMs };
    },
    async stop() {
      ticks.cancel();
      await next();
    },
  };
}
