/**
 * What a person sees of a running Holdfast. On a terminal every line of a log, ours and the children's, becomes one calm
 * line: time, part, words; warnings and errors stand out. Elsewhere (a file, a service manager) the children write their
 * JSON lines straight to our own output, untouched.
 */
import type { ChildProcess, StdioOptions } from "node:child_process";
import { createInterface } from "node:readline";
import pc from "picocolors";

export interface Output {
  readonly childStdio: StdioOptions;
  /** Shows the lines of a child, where they are not its own affair. */
  follow(name: string, child: ChildProcess): void;
  /** Destination of our own log: JSON lines. */
  readonly destination: { write(line: string): void };
  /** Words for the person who started us, log or no log. */
  say(text: string): void;
}

interface Stream {
  write(text: string): unknown;
}

const NAME_WIDTH = 8;
const SHOWN_LEVELS: Readonly<Record<string, (text: string) => string>> = {
  warn: pc.yellow,
  error: pc.red,
  fatal: pc.red,
};

/** Lines for eyes. */
export function terminalOutput(stream: Stream): Output {
  const show = (name: string, line: string): void => {
    stream.write(`${formatLine(name, line)}\n`);
  };
  return {
    childStdio: ["ignore", "pipe", "pipe", "ipc"],
    follow(name, child) {
      for (const source of [child.stdout, child.stderr]) {
        if (source !== null) createInterface({ input: source }).on("line", (line) => show(name, line));
      }
    },
    destination: { write: (line) => show("holdfast", line.trimEnd()) },
    say: (text) => stream.write(`${text}\n`),
  };
}

/** Lines for machines. */
export function plainOutput(stream: Stream): Output {
  return {
    childStdio: ["ignore", "inherit", "inherit", "ipc"],
    follow: () => {},
    destination: { write: (line) => stream.write(line) },
    say: (text) => stream.write(`${text}\n`),
  };
}

/** One line of a log as a person reads it; a line that is not JSON is shown as it is. */
export function formatLine(name: string, line: string): string {
  const part = pc.dim(name.padEnd(NAME_WIDTH));
  const entry = parseEntry(line);
  if (entry === undefined) return `${" ".repeat(8)}  ${part}  ${line}`;
  const colour = SHOWN_LEVELS[entry.level] ?? ((text: string) => text);
  return `${pc.dim(entry.time.slice(11, 19).padEnd(8))}  ${part}  ${colour(entry.message)}`;
}

function parseEntry(line: string): { level: string; time: string; message: string } | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const { level, time, msg, err } = JSON.parse(line) as Record<string, unknown>;
    if (typeof msg !== "string") return undefined;
    const reason = typeof err === "object" && err !== null && "message" in err ? String(err.message) : "";
    const message = reason === "" || msg.includes(reason) ? msg : `${msg}: ${reason}`;
    return { level: String(level), time: typeof time === "string" ? time : "", message };
  } catch {
    return undefined;
  }
}
