/**
 * The clock of one recogniser stream: which message, and which wall time, belongs to a moment of the stream. Stream time runs
 * with the sound; wall time runs on while a client sends nothing, so every message remembers when its sound was captured.
 */

/** A client that is silent on the wire for longer than this was not recording: the sound's wall time jumps. */
const PAUSE_MS = 1_500;

/**
 * Wall time of the first sample of a message. Sound follows on what came before (arrival jitters, a replay arrives faster
 * than real time) unless the message comes so late that the client must have paused.
 */
export function captureTime(previousEndMs: number | undefined, arrivalMs: number, durationMs: number): number {
  if (previousEndMs === undefined) return arrivalMs;
  const latest = arrivalMs - durationMs;
  return latest - previousEndMs > PAUSE_MS ? latest : previousEndMs;
}

/**
 * Messages of one length that follow one another without a jump of the wall clock. A client sends the same kind of message for
 * hours, so a stream is a few of these, and a message more costs no memory.
 */
interface Run {
  /** Of its first message. */
  readonly message: number;
  readonly startMs: number;
  readonly wallMs: number;
  /** Of each message. */
  readonly durationMs: number;
  /** From one message to the next: more than 1 where messages of other channels lie between. */
  step: number;
  count: number;
}

/** What adding up fractions of a millisecond may be wrong by. */
const SAME_MS = 0.01;

/** Bounded by use: `forget` drops what the recogniser has closed. */
export class Timeline {
  #runs: Run[] = [];
  #endMs = 0;

  /** Length of the stream so far, milliseconds. */
  get endMs(): number {
    return this.#endMs;
  }

  /** Adds a message. `message` counts the audio messages of the recording before it, `wallMs` is its capture time. */
  push(message: number, durationMs: number, wallMs: number): void {
    const run = this.#runs.at(-1);
    if (run !== undefined && continues(run, message, durationMs, wallMs)) {
      if (run.count === 1) run.step = message - run.message;
      run.count += 1;
      this.#endMs = run.startMs + run.count * durationMs;
      return;
    }
    this.#runs.push({ message, startMs: this.#endMs, wallMs, durationMs, step: 1, count: 1 });
    this.#endMs += durationMs;
  }

  /** Count of the recording's messages that end at or before this moment; undefined where none of the stream's does. */
  messagesBefore(streamMs: number): number | undefined {
    const untilMs = streamMs + 0.5;
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const run = this.#runs[middle];
      if (run !== undefined && run.startMs + run.durationMs <= untilMs) low = middle + 1;
      else high = middle;
    }
    const run = this.#runs[low - 1];
    if (run === undefined) return undefined;
    const ended = run.count === 1 ? 1 : Math.min(run.count, Math.floor((untilMs - run.startMs) / run.durationMs));
    return run.message + (ended - 1) * run.step + 1;
  }

  /** Wall time of a moment of the stream, Unix milliseconds; undefined before the first message. */
  wallAt(streamMs: number): number | undefined {
    const run = this.#runs.findLast((candidate) => candidate.startMs <= streamMs) ?? this.#runs[0];
    return run === undefined ? undefined : run.wallMs + (streamMs - run.startMs);
  }

  /** Drops runs that end before this moment, but for the last of them. */
  forget(streamMs: number): void {
    const keepFrom = this.#runs.findIndex((run) => run.startMs + run.count * run.durationMs > streamMs);
    if (keepFrom > 1) this.#runs = this.#runs.slice(keepFrom - 1);
    else if (keepFrom === -1) this.#runs = this.#runs.slice(-1);
  }

  /** Entries held. */
  get size(): number {
    return this.#runs.length;
  }
}

function continues(run: Run, message: number, durationMs: number, wallMs: number): boolean {
  if (durationMs !== run.durationMs || durationMs === 0) return false;
  if (run.count > 1 && message !== run.message + run.count * run.step) return false;
  return Math.abs(wallMs - (run.wallMs + run.count * durationMs)) < SAME_MS;
}
