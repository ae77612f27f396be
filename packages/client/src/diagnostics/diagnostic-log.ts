/**
 * What happened, as JSON lines in a file, for a person who wants to show somebody why their recordings wait (reference
 * client-sync 7.6). Off unless it is turned on; one file a day (UTC), cut when it reaches 5 MiB, gone after three days. It never
 * throws and never holds anything up: where it cannot write, lines are dropped and the next line says how many.
 *
 * It carries ids, codes, counts and times. What was said, file contents and tokens have no way in: only events of the engine and
 * what a program writes on purpose.
 */
import type { Clock } from "@holdfast/core";
import type { LogStore } from "../log/store.ts";
import type { SyncEngine } from "../sync/engine.ts";

export const DIAGNOSTICS = { maxFileBytes: 5 * 1_048_576, keepDays: 3, maxHeldLines: 1_000 } as const;

export interface DiagnosticLogOptions {
  /** A store of its own; the log removes files of other days. */
  readonly store: LogStore;
  readonly clock: Clock;
}

export type DiagnosticLevel = "INFO" | "WARN" | "ERROR";

const PREFIX = "omi_debug_";
/** A character is at most three bytes, so that what is held fits into one file. */
const MAX_HELD_CHARS = 1_048_576;
const DAY_MS = 86_400_000;

export class DiagnosticLog {
  readonly #store: LogStore;
  readonly #clock: Clock;
  #isEnabled = false;
  #lines: string[] = [];
  #dropped = 0;
  #heldChars = 0;
  #file: { readonly name: string; bytes: number } | undefined;
  #writing: Promise<void> | undefined;

  constructor({ store, clock }: DiagnosticLogOptions) {
    this.#store = store;
    this.#clock = clock;
  }

  get enabled(): boolean {
    return this.#isEnabled;
  }

  /** Turning it off keeps what is there until it is cleared or grows old. */
  set enabled(value: boolean) {
    this.#isEnabled = value;
  }

  /** Writes every event of an engine but bare changes; returns the way out. */
  attach(engine: SyncEngine): () => void {
    return engine.on((name, detail) => {
      if (name !== "changed") this.event(name, { ...detail });
    });
  }

  event(type: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#add({ ...fields, timestamp: this.#now(), level: "EVENT", type });
  }

  write(level: DiagnosticLevel, message: string, extra?: Readonly<Record<string, unknown>>): void {
    this.#add({ ts: this.#now(), level, message, ...(extra === undefined ? {} : { extra }) });
  }

  /** Everything there is, oldest first, as one file to share. */
  async share(): Promise<Blob> {
    await this.flush();
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (const name of await this.#files()) {
      const bytes = await this.#store.read(name, 0, Number.MAX_SAFE_INTEGER);
      parts.push(new Uint8Array(bytes));
    }
    return new Blob(parts, { type: "application/x-ndjson" });
  }

  async clear(): Promise<void> {
    await this.flush();
    for (const name of await this.#files()) await this.#store.remove(name);
    this.#file = undefined;
  }

  /** Resolves when everything so far is written, or could not be. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  #add(line: Readonly<Record<string, unknown>>): void {
    if (!this.#isEnabled) return;
    const text = textOf(line);
    const isFull = this.#lines.length >= DIAGNOSTICS.maxHeldLines || this.#heldChars + text.length > MAX_HELD_CHARS;
    if (isFull) this.#dropped += 1;
    else {
      this.#lines.push(text);
      this.#heldChars += text.length;
    }
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
    });
  }

  async #drain(): Promise<void> {
    while (this.#lines.length > 0) {
      const lines = this.#lines;
      this.#lines = [];
      this.#heldChars = 0;
      const lost = this.#dropped;
      this.#dropped = 0;
      if (lost > 0) lines.push(textOf({ timestamp: this.#now(), level: "EVENT", type: "lines_dropped", count: lost }));
      try {
        await this.#append(new TextEncoder().encode(lines.join("")));
      } catch {
        this.#file = undefined;
        this.#dropped += lines.length;
        return;
      }
    }
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const name = `${PREFIX}${new Date(this.#clock.now()).toISOString().slice(0, 10).replaceAll("-", "")}.log`;
    if (this.#file?.name !== name) this.#file = await this.#open(name);
    // Cut, not rotated: the newest is what somebody wants to see.
    if (this.#file.bytes + bytes.length > DIAGNOSTICS.maxFileBytes) this.#file.bytes = 0;
    await this.#store.write(name, this.#file.bytes, bytes);
    this.#file.bytes += bytes.length;
  }

  async #open(name: string): Promise<{ readonly name: string; bytes: number }> {
    const oldest = new Date(this.#clock.now() - DIAGNOSTICS.keepDays * DAY_MS).toISOString();
    const oldestName = `${PREFIX}${oldest.slice(0, 10).replaceAll("-", "")}.log`;
    const files = await this.#files();
    for (const file of files) if (file < oldestName) await this.#store.remove(file);
    if (!files.includes(name)) return { name, bytes: 0 };
    const { length } = await this.#store.read(name, 0, DIAGNOSTICS.maxFileBytes);
    return { name, bytes: length };
  }

  async #files(): Promise<string[]> {
    const names = await this.#store.list();
    return names.filter((name) => name.startsWith(PREFIX) && name.endsWith(".log")).sort();
  }
}

/** A value that cannot be written as JSON must not take the line with it. */
function textOf(line: Readonly<Record<string, unknown>>): string {
  try {
    return `${JSON.stringify(line)}\n`;
  } catch {
    return `${JSON.stringify({ level: "ERROR", message: "a line could not be written", type: String(line.type) })}\n`;
  }
}
