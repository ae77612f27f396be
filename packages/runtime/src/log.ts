/**
 * The log of a process: pino, one JSON object per line, levels as words, times in ISO. Private fields are dropped before
 * pino sees them, in child loggers too. Writing is synchronous to the file descriptor, so that the last line before a
 * crash is not lost; a reader that went away (EPIPE) is ignored.
 */
import type { Log } from "@holdfast/core";
import { type DestinationStream, type Logger, pino } from "pino";
import { withoutPrivateFields } from "./private-fields.ts";

/** `Log` and one more level, for the moment before a process ends itself. */
export interface ProcessLog extends Log {
  fatal(fields: object, message: string): void;
}

/** A log for the process or part called `name`. `level` is a pino level; `destination` is standard output by default. */
export function createLog(name: string, level: string, destination?: DestinationStream): ProcessLog {
  const options = {
    name,
    level,
    base: { pid: process.pid },
    // Errors are plain objects by the time pino sees them.
    serializers: { err: (value: unknown) => value },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return wrap(pino(options, destination ?? pino.destination({ dest: 1, sync: true })));
}

function wrap(logger: Logger): ProcessLog {
  return {
    debug: (fields, message) => logger.debug(withoutPrivateFields(fields), message),
    info: (fields, message) => logger.info(withoutPrivateFields(fields), message),
    warn: (fields, message) => logger.warn(withoutPrivateFields(fields), message),
    error: (fields, message) => logger.error(withoutPrivateFields(fields), message),
    fatal: (fields, message) => logger.fatal(withoutPrivateFields(fields), message),
    child: (fields) => wrap(logger.child(withoutPrivateFields(fields))),
  };
}
