/**
 * The frame around every command that talks to a server: it finds the server, hands the command what it needs, turns whatever
 * is thrown into one sentence and an exit code, and ends the process. Ctrl-C aborts the signal once and ends at the second.
 */
import type { RetryOptions } from "@holdfast/client";
import { isHoldfastError } from "@holdfast/contract";
import type { Clock, Random } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import type { Command } from "commander";
import { EXIT, EXIT_HELP, type ExitCode } from "../exit-codes.ts";
import { clientExitOf, explainFailure } from "../output/client-exit.ts";
import { Screen } from "../output/screen.ts";
import { addServerOptions, findServer, type ServerAccess, type ServerOptions, serverUrl } from "./server.ts";

export interface CommandContext {
  readonly server: ServerAccess;
  readonly screen: Screen;
  readonly clock: Clock;
  readonly random: Random;
  /** When waiting for the server is given up; the command's own work before that does not count. */
  readonly patience: (label?: string) => RetryOptions;
  readonly signal: AbortSignal;
}

export function clientCommand(program: Command, usage: string, description: string): Command {
  const command = addServerOptions(program.command(usage).description(description));
  return command.addHelpText("after", EXIT_HELP);
}

/** Runs one command to its end; never returns. */
export async function runCommand(
  options: ServerOptions,
  work: (context: CommandContext) => Promise<ExitCode>,
): Promise<never> {
  const screen = new Screen({ json: options.json === true, stdout: process.stdout, stderr: process.stderr });
  const abort = new AbortController();
  process.on("SIGINT", () => {
    if (abort.signal.aborted) process.exit(EXIT.interrupted);
    abort.abort();
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
