/**
 * How the commands that talk to a server end: one exit code per kind of failure, so that scripts can decide without reading
 * words. Decided by class and code of the failure (law L4).
 */
import { isHoldfastError, messageOf } from "@holdfast/contract";

export const CLIENT_EXIT = {
  ok: 0,
  /** It ran, and the outcome is not what was asked for. */
  failure: 1,
  usage: 2,
  unreachable: 3,
  auth: 4,
  rejected: 5,
  jobFailed: 6,
  gaveUp: 7,
  interrupted: 130,
} as const;

export type ClientExit = (typeof CLIENT_EXIT)[keyof typeof CLIENT_EXIT];

export const CLIENT_EXIT_HELP = `
Exit codes:
  0 done   1 done, but not as asked   2 wrong arguments   3 server not reachable   4 token missing or refused
  5 input refused   6 job failed   7 gave up waiting   130 interrupted`;

/** Ends a command with this code and sentence. */
export class CommandFailure extends Error {
  readonly exit: ClientExit;

  constructor(exit: ClientExit, message: string) {
    super(message);
    this.name = "CommandFailure";
    this.exit = exit;
  }
}

export function clientExitOf(error: unknown): ClientExit {
  if (error instanceof CommandFailure) return error.exit;
  if (!isHoldfastError(error)) return CLIENT_EXIT.failure;
  if (error.code === "gave_up_waiting" || error.code === "drain_aborted") return CLIENT_EXIT.gaveUp;
  switch (error.class) {
    case "auth":
      return CLIENT_EXIT.auth;
    case "transport":
      return CLIENT_EXIT.unreachable;
    // The server was there and said "later" until the time was up.
    case "throttle":
    case "capacity":
      return CLIENT_EXIT.gaveUp;
    case "permanent_input":
      return CLIENT_EXIT.rejected;
    case "content":
      return CLIENT_EXIT.jobFailed;
    default:
      return error.class satisfies never;
  }
}

/** One sentence for a person, with what to do where that is known. */
export function explainFailure(error: unknown, server: string): string {
  const exit = clientExitOf(error);
  const said = messageOf(error);
  if (error instanceof CommandFailure) return said;
  if (exit === CLIENT_EXIT.unreachable) return `${said} (${server}). Is it running? \`npm start\` starts it.`;
  if (exit === CLIENT_EXIT.auth) return `${said}. Is the token right? The owner's is in <data>/owner.token.`;
  return said;
}
