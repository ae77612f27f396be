/**
 * One child under supervision, whatever it is: started, started again when it dies (restart policy), ended when asked.
 * `running` is the promise of the present life. Between lives it waits; `end` interrupts the wait. A start that fails
 * counts as a death, unless it says itself (ExitError) that trying again is no use; then `ready` rejects.
 */
import { messageOf } from "@holdfast/contract";
import { type Clock, type Log, sleep } from "@holdfast/core";
import { ExitError } from "../exit-codes.ts";
import type { PidFiles } from "./pid-files.ts";
import { afterDeath, cleanRecord } from "./restart-policy.ts";

/** A child that is ready. */
export interface Life {
  readonly pid: number;
  readonly port?: number | undefined;
  /** Resolves when the process is gone, with what it ended with, in words. */
  readonly died: Promise<string>;
  /** Orders the end and resolves when the process is gone. */
  end(): Promise<void>;
}

export interface SupervisedOptions {
  readonly name: string;
  /** Starts a life; `onPid` is called as soon as there is a process. Rejects when it dies before it is ready. */
  start(onPid: (pid: number) => void, signal: AbortSignal): Promise<Life>;
  readonly clock: Clock;
  readonly log: Log;
  readonly pids: PidFiles;
}

export interface Supervised {
  readonly name: string;
  /** The first life that became ready. */
  readonly ready: Promise<Life>;
  /** Lets the present life be the last. A signal to the whole group of processes ends children before we do. */
  retire(): void;
  /** Ends the present life for good. Idempotent. */
  end(): Promise<void>;
}

export function supervise(options: SupervisedOptions): Supervised {
  const { name, clock, log, pids } = options;
  const ending = new AbortController();
  const retired = new AbortController();
  const first = Promise.withResolvers<Life>();
  first.promise.catch(() => {});
  let present: Life | undefined;

  const live = async (): Promise<{ readonly healthyMs: number; readonly why: string }> => {
    try {
      present = await options.start((pid) => pids.write(name, pid), ending.signal);
    } catch (error) {
      if (error instanceof ExitError) {
        retired.abort();
        first.reject(error);
      }
      return { healthyMs: 0, why: messageOf(error) };
    }
    const readyAt = clock.now();
    first.resolve(present);
    if (ending.signal.aborted) await present.end();
    const why = await present.died;
    present = undefined;
    return { healthyMs: clock.now() - readyAt, why };
  };

  const run = async (): Promise<void> => {
    let record = cleanRecord;
    while (!retired.signal.aborted) {
      const { healthyMs, why } = await live();
      pids.remove(name);
      if (retired.signal.aborted) return;
      const decision = afterDeath(record, healthyMs);
      record = decision.record;
      log.warn(
        { event: "child_died", child: name, deaths: record.deaths, wait_ms: decision.waitMs },
        `${name} died (${why}); starting it again in ${decision.waitMs} ms`,
      );
      await sleep(clock, decision.waitMs, retired.signal);
    }
  };

  const done = run();
  return {
    name,
    ready: first.promise,
    retire: () => retired.abort(),
    async end() {
      retired.abort();
      ending.abort();
      await present?.end();
      await done;
    },
  };
}
