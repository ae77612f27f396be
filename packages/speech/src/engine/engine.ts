/**
 * The engine as the rest of the speech process sees it: voice activity and decoding, served by a child process that is
 * started on first need and ended after idleness.
 *
 *   unloaded ──need──▶ loading ──started──▶ ready ──idle for `idleMs`──▶ unloaded
 *                        │                   │ exit, or an answer more than 30 s late (killed)
 *                        └───────────────────┴──▶ failed ──need, after a backoff──▶ loading
 *
 * A death is logged and counted; everything that waited for the child is rejected with HoldfastError `engine_died`, and
 * every open voice-activity stream is over. Nothing is retried here: the audio is durable elsewhere.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { HoldfastError } from "@holdfast/contract";
import { backoffMs, type Clock, type Log, type Random, type Timer } from "@holdfast/core";
import type { EngineSettings, FromEngine, ToEngine } from "./protocol.ts";

export interface EngineDeps {
  readonly settings: EngineSettings;
  readonly idleMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface VadStream {
  /** Flags for whole windows of 512 samples, in order. Rejects when the engine dies. */
  push(samples: Float32Array): Promise<Uint8Array>;
  close(): void;
}

export interface EngineStatus {
  readonly state: "unloaded" | "loading" | "ready" | "failed";
  readonly pid: number | undefined;
  readonly loads: number;
  readonly crashes: number;
  /** From the start of the child until its recogniser was ready. */
  readonly loadMs: number | undefined;
  readonly rssBytes: number | undefined;
  readonly streams: number;
  readonly lastError: string | undefined;
}

export interface Engine {
  /** Begins to load the recogniser, so that the first utterance need not wait for it. */
  warm(): void;
  /** `onDeath` is called once if the engine dies before the stream is closed. */
  openVad(onDeath: (error: HoldfastError) => void): VadStream;
  /** Text of up to 25 s of 16 kHz samples. */
  decode(samples: Float32Array): Promise<string>;
  readonly status: EngineStatus;
  close(): Promise<void>;
}

const CHILD = fileURLToPath(new URL("./child.ts", import.meta.url));
const HANG_MS = 30_000;
const WATCH_MS = 1_000;
const RESTART = { baseMs: 250, capMs: 10_000, jitter: 0.25 };
/** Lines of the child's stderr that are passed on to the log, per child. */
const MAX_STDERR_LINES = 20;

interface OpenVad {
  readonly waiting: Pending<Uint8Array>[];
  readonly onDeath: (error: HoldfastError) => void;
}

interface Pending<T> {
  readonly since: number;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

export function createEngine(deps: EngineDeps): Engine {
  return new ChildEngine(deps);
}

class ChildEngine implements Engine {
  readonly #deps: EngineDeps;
  #child: ChildProcess | undefined;
  #state: EngineStatus["state"] = "unloaded";
  #restart: Timer | undefined;
  #watch: Timer | undefined;
  /** Messages that wait for the child to be forked. */
  #unsent: ToEngine[] = [];
  readonly #decodes = new Map<number, Pending<string>>();
  readonly #vads = new Map<number, OpenVad>();
  #nextId = 1;
  #usedAt = 0;
  #startedAt = 0;
  #loads = 0;
  #crashes = 0;
  #crashesInARow = 0;
  #loadMs: number | undefined;
  #rssBytes: number | undefined;
  #lastError: string | undefined;
  #closed = false;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
  }

  get status(): EngineStatus {
    return {
      state: this.#state,
      pid: this.#child?.pid,
      loads: this.#loads,
      crashes: this.#crashes,
      loadMs: this.#loadMs,
      rssBytes: this.#rssBytes,
      streams: this.#vads.size,
      lastError: this.#lastError,
    };
  }

  warm(): void {
    this.#send({ type: "warm" });
  }

  openVad(onDeath: (error: HoldfastError) => void): VadStream {
    const stream = this.#nextId++;
    this.#vads.set(stream, { waiting: [], onDeath });
    return {
      push: (samples) =>
        new Promise((resolve, reject) => {
          const open = this.#vads.get(stream);
          if (open === undefined) return reject(died("the engine of this stream is gone"));
          open.waiting.push({ since: this.#deps.clock.now(), resolve, reject });
          this.#send({ type: "vad", stream, samples });
        }),
      close: () => {
        if (!this.#vads.delete(stream)) return;
        this.#usedAt = this.#deps.clock.now();
        if (this.#child !== undefined) this.#send({ type: "forget", stream });
      },
    };
  }

  decode(samples: Float32Array): Promise<string> {
    return new Promise((resolve, reject) => {
      const job = this.#nextId++;
      this.#decodes.set(job, { since: this.#deps.clock.now(), resolve, reject });
      this.#send({ type: "decode", job, samples });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#restart?.cancel();
    this.#failWaiting(died("the speech process is ending"));
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    this.#release();
    child.kill("SIGKILL");
    await gone;
  }

  #send(message: ToEngine): void {
    this.#usedAt = this.#deps.clock.now();
    if (this.#child?.connected === true) {
      this.#child.send(message);
      return;
    }
    this.#unsent.push(message);
    if (this.#closed) this.#failWaiting(died("the speech process is ending"));
    else if (this.#child === undefined && this.#restart === undefined) this.#begin();
  }

  /** Starts a child, after a wait if the last ones died. */
  #begin(): void {
    this.#state = "loading";
    const { clock, random } = this.#deps;
    if (this.#crashesInARow === 0) {
      this.#start();
      return;
    }
    this.#restart = clock.after(backoffMs(this.#crashesInARow - 1, random.next(), RESTART), () => {
      this.#restart = undefined;
      this.#start();
    });
  }

  #start(): void {
    const child = fork(CHILD, [], {
      serialization: "advanced",
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child = child;
    this.#loads += 1;
    this.#startedAt = this.#deps.clock.now();
    this.#passOnStderr(child);
    child.on("message", (message: FromEngine) => this.#receive(message));
    child.on("error", (error) => this.#ended(child, error.message));
    child.on("exit", (code, signal) => this.#ended(child, `exit ${signal ?? code}`));
    child.send({ type: "start", settings: this.#deps.settings } satisfies ToEngine);
    for (const message of this.#unsent) child.send(message);
    this.#unsent = [];
    this.#watch = this.#deps.clock.every(WATCH_MS, () => this.#look());
  }

  #receive(message: FromEngine): void {
    switch (message.type) {
      case "started":
        this.#state = "ready";
        return;
      case "loaded":
        this.#loadMs = this.#deps.clock.now() - this.#startedAt;
        this.#rssBytes = message.rssBytes;
        this.#deps.log.info({ loadMs: this.#loadMs, rssBytes: message.rssBytes }, "speech model loaded");
        return;
      case "flags":
        this.#vads.get(message.stream)?.waiting.shift()?.resolve(message.flags);
        return;
      case "text":
        this.#crashesInARow = 0;
        this.#rssBytes = message.rssBytes;
        this.#takeDecode(message.job)?.resolve(message.text);
        return;
      case "failed":
        this.#takeDecode(message.job)?.reject(
          new HoldfastError(`the engine could not decode: ${message.message}`, {
            code: "engine_failed",
            class: "content",
          }),
        );
        return;
      case "broken":
        this.#lastError = message.message;
        return;
      default:
        message satisfies never;
    }
  }

  #takeDecode(job: number): Pending<string> | undefined {
    const pending = this.#decodes.get(job);
    this.#decodes.delete(job);
    return pending;
  }

  /** Each second: is the child late with an answer, is it idle? */
  #look(): void {
    const now = this.#deps.clock.now();
    const waiting = [
      ...this.#decodes.values(),
      ...[...this.#vads.values()].flatMap(({ waiting: [first] }) => first ?? []),
    ];
    if (waiting.some(({ since }) => now - since > HANG_MS)) {
      this.#lastError = "no answer for 30 s";
      this.#child?.kill("SIGKILL");
      return;
    }
    if (waiting.length === 0 && this.#vads.size === 0 && now - this.#usedAt >= this.#deps.idleMs) {
      const child = this.#child;
      this.#release();
      this.#state = "unloaded";
      child?.disconnect();
      this.#deps.log.info({ idleMs: this.#deps.idleMs }, "speech model unloaded");
    }
  }

  #ended(child: ChildProcess, how: string): void {
    if (child !== this.#child) return;
    this.#release();
    this.#state = "failed";
    this.#crashes += 1;
    this.#crashesInARow += 1;
    const reason = this.#lastError ?? how;
    this.#lastError = reason;
    this.#deps.log.error({ reason, how, crashes: this.#crashes, waiting: this.#decodes.size }, "speech engine died");
    this.#failWaiting(died(reason));
  }

  #release(): void {
    this.#watch?.cancel();
    this.#watch = undefined;
    this.#child?.removeAllListeners("message");
    this.#child = undefined;
    this.#rssBytes = undefined;
  }

  #failWaiting(error: HoldfastError): void {
    this.#unsent = [];
    const streams = [...this.#vads.values()];
    const waiting = [...this.#decodes.values(), ...streams.flatMap((stream) => stream.waiting)];
    this.#decodes.clear();
    this.#vads.clear();
    for (const { reject } of waiting) reject(error);
    for (const { onDeath } of streams) onDeath(error);
  }

  #passOnStderr(child: ChildProcess): void {
    let lines = 0;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      for (const line of text.split("\n")) {
        if (line.trim() === "" || lines >= MAX_STDERR_LINES) continue;
        lines += 1;
        this.#deps.log.warn({ line: line.slice(0, 300) }, "speech engine says");
      }
    });
  }
}

function died(reason: string): HoldfastError {
  return new HoldfastError(`the speech engine died: ${reason}`, {
    code: "engine_died",
    class: "transport",
    scope: "service",
    retryAfterMs: 1_000,
  });
}
