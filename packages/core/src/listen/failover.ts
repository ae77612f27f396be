/**
 * Which speech engine serves a live session, and when to give up (reference listen-and-pusher 2.10, 8.2 nos 26 to 28). One
 * value per session, one `Circuits` per process; both pure.
 *
 * | what happens                                   | engine of the session                     | circuit of the engine |
 * |------------------------------------------------|-------------------------------------------|-----------------------|
 * | a stream is open                               | stays; the time without one ends          | -                     |
 * | it refuses the key or the audio                | ruled out for the session, next one       | open if it was the key|
 * | it cannot be reached, is busy, dies            | next one that is not open, at most twice  | open                  |
 * | no engine is left that was not ruled out       | gives up: `config_error`, not retryable   |                       |
 * | no stream for `giveUpMs`                       | gives up: `upstream_error`, retryable     |                       |
 *
 * Sound is durable whatever happens here: giving up ends the socket, not the recording.
 */
import type { FailureClass } from "@holdfast/contract";

export const STT_FAILOVER = {
  /** Changes of engine in one session; then it stays with the one it has. */
  maxFailovers: 2,
  /** A session without any stream for this long gives up. */
  giveUpMs: 60_000,
  /** How long an engine that failed is passed over by the other sessions of the process. */
  passOverMs: 30_000,
} as const;

/** Until when each engine is passed over, Unix milliseconds. Shared by all sessions of a process. */
export type Circuits = Map<string, number>;

export type GiveUp = "config_error" | "upstream_error";

export class EngineChoice {
  readonly #engines: readonly string[];
  readonly #circuits: Circuits;
  readonly #ruledOut = new Set<string>();
  #serving: string;
  #failovers = 0;
  #downSinceMs: number | undefined;

  /** `engines`: ids in order of preference, at least one. */
  constructor(engines: readonly [string, ...string[]], circuits: Circuits, nowMs: number) {
    this.#engines = engines;
    this.#circuits = circuits;
    this.#serving = this.#firstClosed(nowMs) ?? engines[0];
  }

  get serving(): string {
    return this.#serving;
  }

  get preferred(): string {
    return this.#engines[0] ?? this.#serving;
  }

  opened(engine: string): void {
    this.#circuits.delete(engine);
    this.#downSinceMs = undefined;
  }

  /** A stream could not be opened or has ended by itself. `class` undefined: it just closed. Says whether to give up. */
  failed(engine: string, failure: FailureClass | undefined, nowMs: number): GiveUp | undefined {
    this.#downSinceMs ??= nowMs;
    const refused = failure === "auth" || failure === "content" || failure === "permanent_input";
    if (refused) this.#ruledOut.add(engine);
    if (!refused || failure === "auth") this.#circuits.set(engine, nowMs + STT_FAILOVER.passOverMs);
    if (this.#usable().length === 0) return "config_error";
    // Channels of one session report the same death; only the first one changes the engine.
    if (engine === this.#serving) this.#change(refused, nowMs);
    return nowMs - this.#downSinceMs >= STT_FAILOVER.giveUpMs ? "upstream_error" : undefined;
  }

  #change(forced: boolean, nowMs: number): void {
    if (!forced && this.#failovers >= STT_FAILOVER.maxFailovers) return;
    const next = this.#firstClosed(nowMs) ?? (forced ? this.#usable()[0] : undefined);
    if (next === undefined || next === this.#serving) return;
    this.#failovers += 1;
    this.#serving = next;
  }

  #usable(): string[] {
    return this.#engines.filter((engine) => !this.#ruledOut.has(engine));
  }

  #firstClosed(nowMs: number): string | undefined {
    return this.#usable().find((engine) => (this.#circuits.get(engine) ?? 0) <= nowMs);
  }
}
