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

interface Entry {
  readonly message: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly wallMs: number;
}

/** Bounded by use: `forget` drops what the recogniser has closed. */
export class Timeline {
  #entries: Entry[] = [];
  #endMs = 0;

  /** Length of the stream so far, milliseconds. */
  get endMs(): number {
    return this.#endMs;
  }

  /** Adds a message. `message` counts the audio messages of the recording before it, `wallMs` is its capture time. */
  push(message: number, durationMs: number, wallMs: number): void {
    this.#entries.push({ message, startMs: this.#endMs, endMs: this.#endMs + durationMs, wallMs });
    this.#endMs += durationMs;
  }

  /** Count of the recording's messages that end at or before this moment; undefined where none of the stream's does. */
  messagesBefore(streamMs: number): number | undefined {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.endMs ?? 0) <= streamMs + 0.5) low = middle + 1;
      else high = middle;
    }
    const last = this.#entries[low - 1];
    return last === undefined ? undefined : last.message + 1;
  }

  /** Wall time of a moment of the stream, Unix milliseconds; undefined before the first message. */
  wallAt(streamMs: number): number | undefined {
    const entry = this.#entries.findLast((candidate) => candidate.startMs <= streamMs) ?? this.#entries[0];
    return entry === undefined ? undefined : entry.wallMs + (streamMs - entry.startMs);
  }

  /** Drops messages that end before this moment, but for the last of them. */
  forget(streamMs: number): void {
    const keepFrom = this.#entries.findIndex((entry) => entry.endMs > streamMs);
    if (keepFrom > 1) this.#entries = this.#entries.slice(keepFrom - 1);
    else if (keepFrom === -1) this.#entries = this.#entries.slice(-1);
  }

  get size(): number {
    return this.#entries.length;
  }
}
