/**
 * The process requests (opcode 104) of one link that nobody has answered yet: keeps them as `core/pending` decides, sends what
 * it says, and tells the log and the figures what was asked again or let go.
 */
import { encodeProcess, type ProcessRequest, type ProcessResult } from "@holdfast/contract";
import {
  type Clock,
  type Log,
  NO_PENDING,
  type PendingEffect,
  type PendingEvent,
  type PendingState,
  stepPending,
} from "@holdfast/core";

/** A nudge names the job that is already in the store. */
export type HandOff = ProcessRequest & { readonly finalization_job_id: string; readonly dispatch_generation: number };

export interface HandOffCounts {
  retries: number;
  overflows: number;
}

export class HandOffs {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counts: HandOffCounts;
  readonly #send: (frame: Uint8Array) => void;
  #state: PendingState = NO_PENDING;

  constructor(parts: {
    readonly clock: Clock;
    readonly log: Log;
    /** Of the whole process. */
    readonly counts: HandOffCounts;
    readonly send: (frame: Uint8Array) => void;
  }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#counts = parts.counts;
    this.#send = parts.send;
  }

  get size(): number {
    return this.#state.entries.size;
  }

  request(wanted: HandOff): void {
    const { conversation_id, finalization_job_id, dispatch_generation, language } = wanted;
    const named = { conversationId: conversation_id, jobId: finalization_job_id, generation: dispatch_generation };
    this.#step({ type: "request", request: { ...named, language } });
  }

  settled(conversationId: string): void {
    this.#step({ type: "settled", conversationId });
  }

  connected(): void {
    this.#step({ type: "connected" });
  }

  lost(): void {
    this.#step({ type: "disconnected" });
  }

  answered(result: ProcessResult): void {
    this.#step({ type: "result", result });
  }

  /** Looks for those that were not answered in time. */
  pass(): void {
    if (this.size > 0) this.#step({ type: "pass" });
  }

  #step(event: PendingEvent): void {
    const step = stepPending(this.#state, event, this.#clock.now());
    this.#state = step.state;
    for (const effect of step.effects) this.#perform(effect);
  }

  #perform(effect: PendingEffect): void {
    const { conversationId, jobId, generation, language, retries } = effect.entry;
    switch (effect.type) {
      case "send": {
        const job = { finalization_job_id: jobId, dispatch_generation: generation, finalization_result_protocol: 2 };
        this.#send(encodeProcess({ conversation_id: conversationId, language, byok_keys: {}, ...job }));
        return;
      }
      case "retry": {
        this.#counts.retries += 1;
        const event = effect.rest ? "pusher_pending_resting" : "pusher_pending_retry";
        this.#log.warn({ event, conversationId, retries }, "a finished conversation is not processed yet");
        return;
      }
      case "overflow":
        this.#counts.overflows += 1;
        this.#log.error(
          { event: "pusher_pending_overflow", conversationId },
          "too many finished conversations wait: this one is left to the pushers that poll the store",
        );
        return;
      default:
        effect satisfies never;
    }
  }
}
