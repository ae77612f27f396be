/**
 * How the commands that talk to a server end: one exit code per kind of failure, so that scripts can decide without reading
 * words. Decided by class and code of the failure (law L4).
 */
import { isHoldfastError, messageOf } from "@holdfast/contract";
import { EXIT, type ExitCode, ExitError } from "../exit-codes.ts";

export function clientExitOf(error: unknown): ExitCode {
  if (error instanceof ExitError) return error.exitCode;
  if (!isHoldfastError(error)) return EXIT.failure;
  if (error.code === "gave_up_waiting") return EXIT.gaveUp;
  if (error.code === "no_recorder") return EXIT.usage;
  // Of this machine, not of the server.
  if (error.code === "microphone_failed" || error.code === "storage_full" || error.code === "storage_failed") {
    return EXIT.failure;
  }
  switch (error.class) {
    case "auth":
      return EXIT.auth;
    case "transport":
      return EXIT.unreachable;
    // The server was there and said "later" until the time was up.
    case "throttle":
    case "capacity":
      return EXIT.gaveUp;
    case "permanent_input":
      return EXIT.rejected;
    case "content":
      return EXIT.jobFailed;
    default:
      return error.class satisfies never;
  }
}

/** One sentence for a person, with what to do where that is known. */
export function explainFailure(error: unknown, server: string): string {
  const exit = clientExitOf(error);
  const said = messageOf(error);
  if (error instanceof ExitError) return said;
  if (exit === EXIT.unreachable) return `${said} (${server}). Is it running? \`npm start\` starts it.`;
  if (exit === EXIT.auth) return `${said}. Is the token right? The owner's is in <data>/owner.token.`;
  return said;
}
