/**
 * Who may decode now. There are two slots (as many decodes as pay off on two cores); work waits in four queues: live
 * finals before first partials before later partials before batch, first come first served in each. Partials hold at most
 * one slot, and so does batch while live streams are open: a final always finds a slot that no long work of lesser
 * importance occupies twice over. What nobody wants any more is dropped before it starts.
 */

export type Priority = "final" | "first-partial" | "partial" | "batch";

const PRIORITIES: readonly Priority[] = ["final", "first-partial", "partial", "batch"];

export interface SchedulerOptions {
  readonly slots: number;
  /** Are there live streams now? */
  readonly isLive: () => boolean;
}

interface Waiting {
  readonly priority: Priority;
  readonly signal: AbortSignal | undefined;
  readonly start: () => Promise<void>;
  readonly drop: () => void;
}

export interface Scheduler {
  /** Runs `work` in a slot when its turn comes. Rejects with the signal's reason if it is aborted before that. */
  run<T>(priority: Priority, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  readonly queued: Readonly<Record<Priority, number>>;
  readonly running: number;
}

export function createScheduler({ slots, isLive }: SchedulerOptions): Scheduler {
  const queues: Record<Priority, Waiting[]> = { final: [], "first-partial": [], partial: [], batch: [] };
  const running: Record<Priority, number> = { final: 0, "first-partial": 0, partial: 0, batch: 0 };
  const inAll = (): number => PRIORITIES.reduce((sum, priority) => sum + running[priority], 0);
  const lesser = Math.max(1, slots - 1);
  const mayStart = (priority: Priority): boolean => {
    if (priority === "final") return true;
    if (priority === "batch") return !isLive() || running.batch < lesser;
    return running["first-partial"] + running.partial < lesser;
  };

  const next = (): Waiting | undefined => {
    for (const priority of PRIORITIES) {
      if (!mayStart(priority)) continue;
      const waiting = queues[priority].shift();
      if (waiting !== undefined) return waiting;
    }
    return undefined;
  };
  const pump = (): void => {
    while (inAll() < slots) {
      const waiting = next();
      if (waiting === undefined) return;
      if (waiting.signal?.aborted === true) {
        waiting.drop();
        continue;
      }
      running[waiting.priority] += 1;
      void waiting.start().finally(() => {
        running[waiting.priority] -= 1;
        pump();
      });
    }
  };
  return {
    run<T>(priority: Priority, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        queues[priority].push({
          priority,
          signal,
          start: () => work().then(resolve, reject),
          drop: () => reject(signal?.reason),
        });
        pump();
      });
    },
    get queued(): Record<Priority, number> {
      return {
        final: queues.final.length,
        "first-partial": queues["first-partial"].length,
        partial: queues.partial.length,
        batch: queues.batch.length,
      };
    },
    get running(): number {
      return inAll();
    },
  };
}
