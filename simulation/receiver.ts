/**
 * Somebody who wants to be told of conversations: the receiver of a webhook, which takes messages, is slow, away or broken, as
 * the climate has it, and is well again in the calm. Its answers can be lost with the pusher that waits for them.
 */
import { outcomeOf, type SendOutcome, type WebhookMessage, type WebhookSender } from "@holdfast/pusher/parts";
import type { SimProcess } from "@holdfast/testkit/simulator";

export type ReceiverMood = "fine" | "slow" | "away" | "broken" | "mixed";

const TIMEOUT_MS = 10_000;

/** What a receiver reads of a conversation. */
export interface Told {
  readonly id: string;
  readonly transcript_segments: readonly unknown[];
}

export interface ReceiverLinks {
  readonly mood: () => ReceiverMood;
  readonly delayMs: () => number;
  /** A pusher sends now. */
  readonly onSent: (by: SimProcess, deliveryId: string, told: Told) => void;
  /** The receiver has it. */
  readonly onTaken: (deliveryId: string) => void;
}

/** A pusher's way to the receiver. */
export function simulatedSender(pusher: SimProcess, links: ReceiverLinks): WebhookSender {
  return {
    send: (message, signal) => deliver(pusher, links, message, signal),
    close: () => {},
  };
}

async function deliver(
  pusher: SimProcess,
  { mood, delayMs, onSent, onTaken }: ReceiverLinks,
  { deliveryId, body }: WebhookMessage,
  signal: AbortSignal,
): Promise<SendOutcome> {
  onSent(pusher, deliveryId, JSON.parse(Buffer.from(body).toString()));
  const { promise, resolve } = Promise.withResolvers<SendOutcome>();
  const lost = (code: string): void =>
    resolve({ outcome: "failed", class: "transport", code, status: null, retryAfterMs: undefined });
  const timer = pusher.clock.after(TIMEOUT_MS, () => lost("webhook_timeout"));
  signal.addEventListener("abort", () => lost("webhook_timeout"), { once: true });
  const answer = (ms: number, call: () => void): void => {
    pusher.after(ms, "webhook answer", call);
  };
  // It arrives also where the pusher has died meanwhile.
  pusher.scheduler.after(delayMs(), `${pusher.name} webhook`, undefined, () => {
    const now = mood() === "mixed" ? pusher.random.pick(["fine", "slow", "away", "broken"] as const) : mood();
    if (now === "away") return answer(delayMs(), () => lost("webhook_unreachable"));
    if (now === "broken") return answer(delayMs(), () => resolve(outcomeOf(500, undefined)));
    onTaken(deliveryId);
    const tookMs = now === "slow" ? pusher.random.between(1_000, 15_000) : 0;
    answer(delayMs() + tookMs, () => resolve(outcomeOf(200, undefined)));
  });
  return await promise.finally(() => timer.cancel());
}
