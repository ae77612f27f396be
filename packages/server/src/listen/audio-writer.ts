/**
 * Writes the audio of all sessions of this process: chunks that wait at the same moment are one statement, so the cost of a
 * commit is shared by hundreds of sockets (measured by `bench/pipeline.ts`). It also owns the beat on which sessions write, which
 * lines their chunks up: some dozens at a time, because the chunks of a thousand sessions are more than an event loop should
 * join, send and acknowledge in one turn.
 *
 * A chunk whose session row is locked is tried again with the next statement, and after a few tries by itself, waiting for the
 * lock. If a statement is refused by the database, its chunks are tried one by one, so that a chunk that cannot be written
 * costs nobody else anything. Errors that mean "not now" reach every session that waits; each tries again.
 */
import { AUDIO_LOG } from "@holdfast/contract";
import type { Clock, Timer } from "@holdfast/core";
import { type AudioChunk, appendChunk, appendChunks, type Db, isDatabaseUnavailable } from "@holdfast/store";

export interface AudioWriter {
  /** Makes a chunk durable. At most one chunk of a session at a time. Rejects where the database cannot be reached. */
  append(chunk: AudioChunk): Promise<"stored" | "fenced">;
  /** Calls back at the next beat, once. */
  onBeat(call: () => void): Timer;
}

interface Waiting {
  readonly chunk: AudioChunk;
  readonly resolve: (outcome: "stored" | "fenced") => void;
  readonly reject: (error: unknown) => void;
  readonly tries: number;
}

/** Chunks of one statement. */
const MAX_CHUNKS = 256;

/** Sessions that write in one turn of the event loop, and the time until the next so many do. */
const CALLS_OF_TURN = 64;
const NEXT_TURN_MS = 10;

/** Statements under way at once: one computes while the other waits for the disk. */
const MAX_STATEMENTS = 2;

/** Times a chunk is passed over because its session row is locked before it waits for the lock. */
const MAX_PASSED_OVER = 4;

export function createAudioWriter(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly leaseMs: number;
}): AudioWriter {
  const { db, clock, leaseMs } = deps;
  let waiting: Waiting[] = [];
  let statements = 0;
  let armed = false;
  /** For the next beat, and of the last one. */
  const calls = new Set<() => void>();
  const due = new Set<() => void>();
  let ringing = false;
  const at = () => ({ nowMs: clock.now(), leaseMs });

  const writeAlone = async (entry: Waiting): Promise<void> => {
    try {
      entry.resolve(await appendChunk(db, entry.chunk, at()));
    } catch (error) {
      entry.reject(error);
    }
  };

  const write = async (entries: readonly Waiting[]): Promise<void> => {
    try {
      const chunks = entries.map(({ chunk }) => chunk);
      const outcomes = await appendChunks(db, chunks, at());
      const locked: Waiting[] = [];
      for (const [index, entry] of entries.entries()) {
        const outcome = outcomes[index] ?? "fenced";
        if (outcome !== "busy") entry.resolve(outcome);
        else locked.push(entry);
      }
      await Promise.all(locked.map(async (entry) => await again(entry)));
    } catch (error) {
      if (isDatabaseUnavailable(error)) for (const entry of entries) entry.reject(error);
      else for (const entry of entries) await writeAlone(entry);
    }
  };

  const again = async (entry: Waiting): Promise<void> => {
    const tries = entry.tries + 1;
    if (tries > MAX_PASSED_OVER) await writeAlone(entry);
    else waiting.push({ ...entry, tries });
  };

  const ring = (): void => {
    armed = false;
    for (const call of calls) due.add(call);
    calls.clear();
    if (!ringing) turn();
  };

  const turn = (): void => {
    for (const call of [...due].slice(0, CALLS_OF_TURN)) {
      due.delete(call);
      call();
    }
    ringing = due.size > 0;
    if (ringing) clock.after(NEXT_TURN_MS, turn);
  };

  const pump = (): void => {
    while (statements < MAX_STATEMENTS && waiting.length > 0) {
      const entries = waiting.slice(0, MAX_CHUNKS);
      waiting = waiting.slice(MAX_CHUNKS);
      statements += 1;
      void write(entries).finally(() => {
        statements -= 1;
        pump();
      });
    }
  };

  return {
    append: (chunk) =>
      new Promise((resolve, reject) => {
        waiting.push({ chunk, resolve, reject, tries: 0 });
        // Sessions that write on the same beat get into the same statement.
        queueMicrotask(pump);
      }),
    onBeat(call) {
      calls.add(call);
      if (!armed) clock.after(AUDIO_LOG.flushIntervalMs, ring);
      armed = true;
      return { cancel: () => void (calls.delete(call) || due.delete(call)) };
    },
  };
}
