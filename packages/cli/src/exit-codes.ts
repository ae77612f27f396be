/**
 * What the exit code of `holdfast` says: one table for the whole command line, so that a script can decide without knowing
 * which command it ran, and without reading words. `holdfast --help` and the help of every command print it.
 */
export const EXIT = {
  ok: 0,
  /** The command ran, and the outcome is not what was asked for. */
  failure: 1,
  /** Nothing was done. */
  usage: 2,
  unreachable: 3,
  auth: 4,
  /** The server, or our own look at the file, says that sending it again is no use. */
  rejected: 5,
  jobFailed: 6,
  gaveUp: 7,
  inUse: 8,
  /** The port of the gateway. */
  portTaken: 9,
  /** PostgreSQL could not be started or reached, or its schema not brought up to date. */
  database: 10,
  /** The folder was removed, moved or replaced below a Holdfast that ran on it. */
  dataGone: 11,
  /** By Ctrl-C; `serve` ends with 0 after the first one, and with this after the second. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const WORDS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: "done",
  failure: "not done, or not as asked",
  usage: "wrong arguments or settings",
  unreachable: "server not reachable",
  auth: "token missing or refused",
  rejected: "input refused",
  jobFailed: "job failed",
  gaveUp: "gave up waiting",
  inUse: "data folder used by another Holdfast",
  portTaken: "port taken",
  database: "database not available",
  dataGone: "data folder gone",
  interrupted: "interrupted",
};

/** The table as the end of a help text. */
export const EXIT_HELP = `\nExit codes:\n${inTwoColumns(
  (Object.keys(EXIT) as (keyof typeof EXIT)[]).map((name) => `${String(EXIT[name]).padStart(3)} ${WORDS[name]}`),
)}`;

/** A failure that already is a sentence for a person, and the code to end with. */
export class ExitError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.name = "ExitError";
    this.exitCode = exitCode;
  }
}

/** Read downwards, as a person reads a list. */
function inTwoColumns(entries: readonly string[]): string {
  const half = Math.ceil(entries.length / 2);
  const width = Math.max(...entries.map((entry) => entry.length));
  return entries
    .slice(0, half)
    .map((left, i) => `  ${left.padEnd(width)}  ${entries[half + i] ?? ""}`.trimEnd())
    .join("\n");
}
