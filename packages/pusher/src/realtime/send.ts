/**
 * Best effort: a message of the moment is tried three times within a few seconds and then dropped, for it is worth nothing
 * later. A refusal ends it at once. The link that brought it keeps what comes meanwhile, so only that link waits.
 */
import type { Clock, Random } from "@holdfast/core";
import { sleep } from "@holdfast/core";
import type { OnPusherEvent } from "../events.ts";
import type { DeskMessage, Recipient, WebhookDesk } from "../webhooks/desk.ts";

const PAUSES_MS = [250, 1_000] as const;

export interface RealtimeDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly desk: WebhookDesk;
  readonly onEvent: OnPusherEvent;
}

/** Never rejects. */
export async function sendNow(
  deps: RealtimeDeps,
  to: Recipient,
  message: Omit<DeskMessage, "deliveryId">,
  signal: AbortSignal,
): Promise<void> {
  const deliveryId = deps.random.uuid();
  const of = { webhook: to.webhook.type, deliveryId };
  for (let tries = 0; ; tries++) {
    const outcome = await deps.desk.send(to, { ...message, deliveryId }, signal);
    const { status } = outcome;
    if (outcome.outcome === "delivered") return deps.onEvent({ type: "webhook_delivered", ...of, status, code: null });
    const pauseMs = PAUSES_MS[tries];
    const isHopeless = outcome.class === "permanent_input" || outcome.code === "webhook_paused";
    if (pauseMs === undefined || isHopeless || signal.aborted) {
      return deps.onEvent({ type: "webhook_failed", ...of, status, code: outcome.code });
    }
    await sleep(deps.clock, pauseMs, signal);
  }
}
