/**
 * `serve` as the life of this process: signals, words for the person, exit codes. The first SIGTERM, Ctrl-C or closed
 * terminal ends everything in order; a second one ends it by force, and PostgreSQL recovers at the next start. A data folder
 * that goes away ends it too: what a new, empty one would take in would be missing in the old one.
 */
import { isatty } from "node:tty";
import { isHoldfastError, messageOf } from "@holdfast/contract";
import { EXIT, type ExitCode, ExitError } from "../exit-codes.ts";
import { followEndingSignals } from "./ending-signals.ts";
import { killServed } from "./force.ts";
import { type ServeOptions, type Serving, serve } from "./serve.ts";

/** Runs until it is ended; resolves with the exit code. `startedMs` is when the person pressed Enter. */
export async function runServe(options: Omit<ServeOptions, "signal">, startedMs: number): Promise<ExitCode> {
  const { config, clock, log, output } = options;
  const ending = new AbortController();
  const asked = new Promise<void>((resolve) => {
    followEndingSignals({
      source: process,
      hasTerminal: [0, 1, 2].some((descriptor) => isatty(descriptor)),
      clock,
      asked(name) {
        log.info({ event: "ending", why: name }, "Holdfast is ending; Ctrl-C again ends it by force");
        ending.abort();
        resolve();
      },
      insisted() {
        killServed(config.HOLDFAST_DATA);
        process.exit(EXIT.interrupted);
      },
    });
  });
  // Timers of the clock keep nothing alive, and there are moments without a child.
  const alive = setInterval(() => {}, 60_000);
  try {
    const serving = await serve({ ...options, signal: ending.signal });
    output.say(welcome(serving, config.HOLDFAST_HOST, clock.now() - startedMs));
    try {
      await Promise.race([asked, serving.lost]);
    } finally {
      await serving.end();
    }
    log.info({ event: "ended" }, "Holdfast has ended; everything is kept");
    return EXIT.ok;
  } catch (error) {
    if (ending.signal.aborted) return EXIT.ok;
    output.say(`holdfast: ${messageOf(error)}`);
    return exitCodeOf(error);
  } finally {
    clearInterval(alive);
  }
}

/** The code to end with for an error that was thrown. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof ExitError) return error.exitCode;
  if (!isHoldfastError(error)) return EXIT.failure;
  if (error.code === "config_invalid") return EXIT.usage;
  return error.code.startsWith("postgres_") ? EXIT.database : EXIT.failure;
}

/** What a person is told when everything is up. */
export function welcome(
  serving: Pick<Serving, "dataDir" | "gatewayPort" | "ownerToken">,
  host: string,
  tookMs: number,
): string {
  const shown = ["0.0.0.0", "::", "127.0.0.1", ""].includes(host) ? "localhost" : host;
  const address = `http://${shown}:${serving.gatewayPort}`;
  return [
    "",
    `  Holdfast is ready on ${address} (after ${(tookMs / 1_000).toFixed(1)} s)`,
    `  Sign in:   ${address}/#token=${serving.ownerToken}`,
    `  Data:      ${serving.dataDir}`,
    "  Stop:      Ctrl-C",
    "",
  ].join("\n");
}
