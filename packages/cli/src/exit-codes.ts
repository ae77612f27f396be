/** What the exit code of `holdfast` says; the same for every command. Documented in `holdfast --help`. */
export const EXIT = {
  ok: 0,
  /** The command ran and did not succeed. */
  failure: 1,
  /** Wrong arguments or settings; nothing was done. */
  usage: 2,
  /** Another Holdfast runs on this data folder. */
  inUse: 3,
  /** The port of the gateway is taken. */
  portTaken: 4,
  /** PostgreSQL could not be started or reached, or its schema not brought up to date. */
  database: 5,
  /** Ended by a second Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure that already is a sentence for a person, and the code to end with. */
export class ExitError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.name = "ExitError";
    this.exitCode = exitCode;
  }
}
