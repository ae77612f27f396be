/**
 * Writes down what the last message to each webhook came to, so that its user can see why nothing arrives. Words and sound of the
 * moment come several times a second, so the same result is written again only after a while. Best effort: a database that does
 * not take it holds up no message. A receiver that is being left alone was not asked, so nothing is written for it.
 */
import { messageOf } from "@holdfast/contract";
import type { Clock, Log } from "@holdfast/core";
import { type Db, noteWebhookResult } from "@holdfast/store";
import type { SendOutcome } from "./answer.ts";
import type { Recipient, WebhookDesk } from "./desk.ts";

const AGAIN_AFTER_MS = 30_000;
const MAX_KNOWN = 10_000;

interface Noted {
  readonly result: string;
  readonly atMs: number;
}

export function notingResults(
  desk: WebhookDesk,
  { db, clock, log }: { readonly db: Db; readonly clock: Clock; readonly log: Log },
): WebhookDesk {
  const known = new Map<string, Noted>();
  const note = async ({ userId, webhook }: Recipient, outcome: SendOutcome): Promise<void> => {
    const { status } = outcome;
    const code = outcome.outcome === "delivered" ? null : outcome.code;
    const [key, result, atMs] = [
      JSON.stringify([userId, webhook.type]),
      JSON.stringify([webhook.url, code, status]),
      clock.now(),
    ];
    const before = known.get(key);
    if (before?.result === result && atMs - before.atMs < AGAIN_AFTER_MS) return;
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(key, { result, atMs });
    await noteWebhookResult(db, userId, webhook, { atMs, code, status });
  };
  return {
    async send(to, message, signal) {
      const outcome = await desk.send(to, message, signal);
      const isAsked = outcome.outcome === "delivered" || outcome.code !== "webhook_paused";
      if (isAsked && !signal.aborted) {
        await note(to, outcome).catch((error: unknown) => {
          log.warn({ event: "webhook_result_lost", error: messageOf(error) }, "a result of a webhook was not written");
        });
      }
      return outcome;
    },
  };
}
