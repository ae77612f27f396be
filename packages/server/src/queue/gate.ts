/**
 * The last gate of an upload: does the queue take more of its lane (`core/capacity/admission.ts`)? A client keeps its recordings
 * and comes back after `Retry-After`; the reason header tells it that this is nobody's fair use. No query of its own.
 */
import { HoldfastError } from "@holdfast/contract";
import { refuseForCapacity, type SyncLane } from "@holdfast/core";
import type { HttpContext } from "../http/context.ts";
import { type KnownLoad, queueLimits } from "./load.ts";

export type QueueContext = Pick<HttpContext, "config" | "clock" | "random"> & { readonly queueLoad: KnownLoad };

/** Throws the refusal. Takes what it cannot judge: without a database nothing is accepted anyway. */
export async function passCapacity(context: QueueContext, lane: SyncLane): Promise<void> {
  const load = await context.queueLoad();
  if (load === undefined) return;
  const { clock, random, config } = context;
  const refusal = refuseForCapacity(load, lane, queueLimits(config), clock.now(), random.next());
  if (refusal === undefined) return;
  throw new HoldfastError("more recordings wait than can be transcribed soon; keep yours and send them later", {
    code: refusal.code,
    class: "capacity",
    scope: "service",
    retryAfterMs: refusal.retryAfterSeconds * 1_000,
  });
}
