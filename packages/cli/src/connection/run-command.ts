/**
 * The frame around every command that talks to a server: it finds the server, hands the command what it needs, turns whatever
 * is thrown into one sentence and an exit code, and ends the process. The first Ctrl-C (or SIGTERM) interrupts a command, or
 * asks one that runs until it is told to stop for its ordinary end; the second one ends it at once.
 */
import { isatty } from "node:tty";
import type { RetryOptions } from "@holdfast/client";
import { isHoldfastError } from "@holdfast/contract";
import type { Clock, Random } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import type { Command } from "commander";
import { EXIT, EXIT_HELP, type ExitCode } from "../exit-codes.ts";
import { clientExitOf, explainFailure } from "../output/client-exit.ts";
import { Screen } from "../output/screen.ts";
import { followEndingSignals } from "../supervisor/ending-signals.ts";
import { addServerOptions, findServer, type ServerAccess, type ServerOptions, serverUrl } from "./server.ts";

export interface CommandContext {
  readonly server: ServerAccess;
  readonly screen: Screen;
  readonly clock: Clock;
  readonly random: Random;
  /** When waiting for the server is given up; the command's own work before that does not count. */
  readonly patience: (label?: string) => RetryOptions;
  /** How long a server may give no news before it is given up. */
  readonly timeoutMs: number;
  /** The command is to be given up. */
  readonly signal: AbortSignal;
  /** A command that runs until it is told to stop is told so; of others the same as `signal`. */
  readonly asked: AbortSignal;
}

export interface RunOptions {
  /** The command ends in order when it is asked to; this is said when somebody insists. */
  readonly insisted?: string;
}

export function clientCommand(program: Command, usage: string, description: string): Command {
  const command = addServerOptions(program.command(usage).description(description));
  return command.addHelpText("after", EXIT_HELP);
}

/** Runs one command to its end; never returns. */
export async function runCommand(
  options: ServerOptions,
  work: (context: CommandContext) => Promise<ExitCode>,
  { insisted }: RunOptions = {},
): Promise<never> {
  const screen = new Screen({ json: options.json === true, stdout: process.stdout, stderr: process.stderr });
  const abort = new AbortController();
  const asked = new AbortController();
  followEndingSignals({
    source: process,
    hasTerminal: [0, 1, 2].some((descriptor) => isatty(descriptor)),
    clock: systemClock,
    asked() {
      asked.abort();
      if (insisted === undefined) abort.abort();
    },
    insisted() {
      screen.live("");
      if (insisted !== undefined) process.stderr.write(`holdfast: ${insisted}\n`);
      process.exit(EXIT.interrupted);
    },
  });
  let url = "the server";
  let exit: ExitCode;
  try {
    url = serverUrl(options, process.env);
    const server = await findServer(url, options, process.env);
    exit = await work({
      server,
      screen,
      clock: systemClock,
      random: systemRandom,
      signal: abort.signal,
      asked: asked.signal,
      timeoutMs: options.timeout * 1000,
      patience: (label = "") => ({
        clock: systemClock,
        random: systemRandom,
        deadlineMs: systemClock.now() + options.timeout * 1000,
        signal: abort.signal,
        onRetry: (error, waitMs) => {
          screen.line(`${label}${error.message}; trying again in ${(waitMs / 1000).toFixed(1)} s`);
        },
      }),
    });
  } catch (error) {
    exit = abort.signal.aborted ? EXIT.interrupted : clientExitOf(error);
    const message = abort.signal.aborted ? "interrupted" : explainFailure(error, url);
    screen.live("");
    const failure = isHoldfastError(error) ? { code: error.code, class: error.class } : {};
    if (screen.isJson) screen.json({ type: "error", error: message, ...failure, exit_code: exit });
    else process.stderr.write(`holdfast: ${message}\n`);
  }
  process.exit(exit);
}

/**
 * Asks the server once before work begins: nobody there is said at once (whoever goes away later is waited for), and what is
 * not well is shown, since the work will wait for it.
 */
export async function announceServer({ server, screen, signal }: CommandContext): Promise<void> {
  const { parts } = await server.api.readiness(signal);
  for (const part of Object.values(parts)) if (!part.ok && part.why !== undefined) screen.line(`note: ${part.why}`);
}
