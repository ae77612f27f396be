/**
 * The only door to the upload endpoint (reference client-sync 4.6). One upload at a time goes through; while the account pauses
 * none does, and that costs no request; a fair-use limit that ran out is checked before it is believed to be over. What the
 * server answers moves the cooldown here, so that no path can forget it.
 */

import { HoldfastError, isHoldfastError } from "@holdfast/contract";
import { type ActiveLimit, type Clock, type UploadAnswer, type UploadOutcome, uploadOutcome } from "@holdfast/core";
import type { CooldownKeeper } from "./cooldown-keeper.ts";
import { Exclusive } from "./exclusive.ts";
import type { LiveEnds } from "./live-ends.ts";
import type { Batch, SendBatch, SendOptions } from "./send-batch.ts";

export type GateOutcome =
  | UploadOutcome
  /** The account pauses; nothing was sent. */
  | { readonly type: "paused"; readonly limit: ActiveLimit }
  /** It was given up from this side. */
  | { readonly type: "cancelled" };

export interface UploadGateOptions {
  readonly liveEnds: LiveEnds;
  readonly cooldown: CooldownKeeper;
  readonly send: SendBatch;
  readonly checkFairUse: () => Promise<void>;
  readonly clock: Clock;
}

export class UploadGate {
  readonly #options: UploadGateOptions;
  readonly #turn = new Exclusive();

  constructor(options: UploadGateOptions) {
    this.#options = options;
  }

  upload(batch: Batch, send: SendOptions): Promise<GateOutcome> {
    return this.#turn.run(() => this.#pass<never>(() => this.#options.send(batch, send), send.signal));
  }

  /** Must come before an upload of recordings of this session. Undefined when nothing stands in the way of it any more. */
  async endLive(sessionId: string | null, signal: AbortSignal): Promise<GateOutcome | undefined> {
    const { liveEnds } = this.#options;
    if (!liveEnds.isOpen(sessionId)) return undefined;
    return await this.#turn.run(() => this.#pass<undefined>(() => liveEnds.end(sessionId, signal), signal));
  }

  /** Undefined where the request had nothing to say. */
  async #pass<Nothing extends undefined>(
    request: () => Promise<UploadAnswer | Nothing>,
    signal: AbortSignal,
  ): Promise<GateOutcome | Nothing> {
    const { cooldown, clock, checkFairUse } = this.#options;
    if (signal.aborted) return { type: "cancelled" };
    if (cooldown.limit === null && cooldown.needsCheck) await checkFairUse();
    const { limit } = cooldown;
    if (limit !== null) return { type: "paused", limit };
    const startedAtMs = clock.now();
    const outcome = await this.#outcome(request, signal);
    if (outcome?.type === "limited") await cooldown.limited(outcome.reason, outcome.retryAfterMs);
    if (outcome?.type === "accepted" || outcome?.type === "finished") await cooldown.succeeded(startedAtMs);
    return outcome;
  }

  async #outcome<Nothing extends undefined>(
    request: () => Promise<UploadAnswer | Nothing>,
    signal: AbortSignal,
  ): Promise<GateOutcome | Nothing> {
    try {
      const answer = await request();
      return answer === undefined ? answer : uploadOutcome(answer);
    } catch (error) {
      if (signal.aborted) return { type: "cancelled" };
      const failure = isHoldfastError(error) ? error : unexpected(error);
      if (failure.class === "auth") return { type: "signed_out", reason: failure.code };
      if (failure.class === "transport") return { type: "unavailable", reason: failure.code, retryAfterMs: null };
      return { type: "unknown", reason: failure.code };
    }
  }
}

function unexpected(cause: unknown): HoldfastError {
  return new HoldfastError("the upload ended in a way nobody expected", {
    ...{ code: "unexpected", class: "transport", scope: "service", cause },
  });
}
