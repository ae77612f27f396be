/**
 * The life of one role process. Settings are read and checked, the role is started, the parent is told `ready`; then one
 * of three things ends it: SIGTERM, Ctrl-C or a closed terminal (only without a parent: a terminal signals the whole group,
 * and below a supervisor it is the supervisor that orders the end), or the parent going away. The end is drain (with a deadline),
 * close, exit 0. Settings that are not valid end it with 2. An error that nobody caught is logged and ends the process with 1: the supervisor starts a fresh one,
 * which is safer than going on with a state that nobody knows. With `--held` the role does not begin before its parent says so:
 * it is loaded while what it needs is still being made.
 */
import { type Config, isHoldfastError, messageOf, parseConfig } from "@holdfast/contract";
import type { Clock, Log, Random } from "@holdfast/core";
import { systemClock } from "./clock.ts";
import { createLog } from "./log.ts";
import { loopDelay } from "./loop-delay.ts";
import { assertNodeVersion } from "./node-version.ts";
import { systemRandom } from "./random.ts";

const DRAIN_DEADLINE_MS = 15_000;
const CLOSE_DEADLINE_MS = 5_000;
/** Tells the supervisor that starting again is no use. */
const EXIT_SETTINGS = 2;

export interface ProcessContext {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborts when the end begins, before `drain`. */
  readonly signal: AbortSignal;
}

/** A started role. `drain` finishes what is in hand and takes nothing new; `close` frees everything. Both idempotent. */
export interface RunningRole {
  readonly port?: number;
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** What a role tells its parent by IPC once it can work. */
export interface ReadyMessage {
  readonly type: "ready";
  readonly port: number | undefined;
}

/** The argument of a role that is to wait for its parent's word, and that word. */
export const HELD = "--held";
export interface BeginMessage {
  readonly type: "begin";
}

/** Runs a role as this process, to the end of the process. Call it once, from a composition root (`main.ts`). */
export function runProcess(name: string, start: (context: ProcessContext) => Promise<RunningRole>): void {
  const config = settingsOrExit(name);
  const log = createLog(name, config.HOLDFAST_LOG_LEVEL);
  const hasParent = process.send !== undefined;
  const ending = new AbortController();
  let role: Promise<RunningRole> | undefined;

  // The timers of the clock keep nothing alive, and a role that waits for its database has nothing else.
  setInterval(() => {}, 60_000);

  const die = (error: unknown, event: string): void => {
    log.fatal({ err: error, event }, `${name} ends: ${messageOf(error)}`);
    process.exit(isHoldfastError(error) && error.code === "config_invalid" ? EXIT_SETTINGS : 1);
  };
  process.on("uncaughtException", (error) => die(error, "uncaught_exception"));
  process.on("unhandledRejection", (reason) => die(reason, "unhandled_rejection"));

  const end = async (why: string): Promise<void> => {
    log.info({ event: "ending", why }, `${name} is ending (${why})`);
    ending.abort();
    try {
      const started = await within(DRAIN_DEADLINE_MS, role);
      if (started !== undefined) {
        const drained = await within(
          DRAIN_DEADLINE_MS,
          started.drain().then(() => true),
        );
        if (drained === undefined) log.warn({ event: "drain_deadline" }, `${name} did not drain in time`);
        await within(CLOSE_DEADLINE_MS, started.close());
      }
    } catch (error) {
      log.error({ err: error, event: "end_failed" }, `${name} failed while ending`);
      process.exit(1);
    }
    log.info({ event: "ended" }, `${name} ended`);
    process.exit(0);
  };
  const endOnce = (why: string): void => {
    if (!ending.signal.aborted) void end(why);
  };

  process.on("SIGTERM", () => endOnce("SIGTERM"));
  for (const name of ["SIGINT", "SIGHUP"] as const) {
    process.on(name, () => {
      if (hasParent) return;
      if (ending.signal.aborted) process.exit(130);
      endOnce(name);
    });
  }
  if (hasParent) process.on("disconnect", () => endOnce("parent is gone"));

  loopDelay();
  const begin = (): void => {
    if (ending.signal.aborted) return;
    role = start({ config, log, clock: systemClock, random: systemRandom, signal: ending.signal });
    role.then(
      ({ port }) => {
        log.info(
          { event: "ready", port },
          port === undefined ? `${name} is ready` : `${name} is ready on port ${port}`,
        );
        const message: ReadyMessage = { type: "ready", port };
        if (process.connected) process.send?.(message);
      },
      (error: unknown) => {
        if (!ending.signal.aborted) die(error, "start_failed");
      },
    );
  };
  // The word may have come while the role was loaded; it is kept until somebody listens.
  if (hasParent && process.argv.includes(HELD)) process.once("message", begin);
  else begin();
}

function settingsOrExit(name: string): Config {
  try {
    assertNodeVersion(process.version);
    return parseConfig(process.env);
  } catch (error) {
    process.stderr.write(`${name}: ${messageOf(error)}\n`);
    process.exit(EXIT_SETTINGS);
  }
}

/** What `work` gives, or undefined after `ms`. The timer keeps the process alive until then. */
async function within<T>(ms: number, work: Promise<T> | undefined): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
