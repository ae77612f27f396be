/**
 * What may refuse an upload whose bytes have arrived, in the order of reference offline-sync 3.2; each gate throws its
 * refusal, and the caller then removes the bytes. The order is part of the contract: a client that could never succeed must not
 * be told to come back later.
 *
 * | step | gate                                    | refusal |
 * |------|-----------------------------------------|---------|
 * | 5    | too old (also by name, before the bytes)| 422     |
 * | 6    | limits of a batch of old recordings     | 413     |
 * | 7    | fair use, fresh uploads only (likewise) | 429     |
 * | 14   | room in the queue                       | 503     |
 */
import { type CountedRecording, refuseTooMuch } from "@holdfast/contract";
import { openUploadGate } from "../fair-use/upload-gate.ts";
import type { HttpContext } from "../http/context.ts";
import { passCapacity } from "../queue/gate.ts";
import type { KnownLoad } from "../queue/load.ts";
import { type Lane, refuseTooOld } from "./batch.ts";

export interface Arrival {
  readonly userId: string;
  readonly lane: Lane["lane"];
  /** Of `.bin` recordings; null where nobody knows. */
  readonly oldestMs: number | null;
  /** With the frames of each file that is old enough to have them counted. */
  readonly recordings: readonly CountedRecording[];
  /** The route of Omi clients, with its limits. */
  readonly isOmiRoute: boolean;
  readonly nowMs: number;
}

export async function passGates(
  context: Pick<HttpContext, "db" | "clock" | "config" | "random"> & { readonly queueLoad: KnownLoad },
  arrival: Arrival,
): Promise<void> {
  if (arrival.isOmiRoute && arrival.oldestMs !== null) refuseTooOld(arrival.oldestMs, arrival.nowMs);
  if (arrival.isOmiRoute && arrival.lane === "backfill") refuseTooMuch(arrival.recordings);
  if (arrival.lane === "fresh") (await openUploadGate(context, arrival.userId, arrival.nowMs))();
  await passCapacity(context, arrival.lane);
}
