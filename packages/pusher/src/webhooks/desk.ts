/** Sends messages of users to their webhooks, unless the receiver is being left alone (`circuit.ts`). */
import type { Webhook } from "@holdfast/store";
import type { SendOutcome } from "./answer.ts";
import type { Circuits } from "./circuit.ts";
import type { WebhookMessage, WebhookSender } from "./sender.ts";

export interface WebhookDesk {
  /** `query` is added to the URL. Never rejects. */
  send(to: Recipient, message: DeskMessage, signal: AbortSignal): Promise<SendOutcome>;
}

export interface Recipient {
  readonly userId: string;
  readonly webhook: Pick<Webhook, "type" | "url">;
  readonly secret: string;
}

export interface DeskMessage extends Pick<WebhookMessage, "deliveryId" | "contentType" | "body"> {
  readonly query: Readonly<Record<string, string>>;
}

export function createWebhookDesk(sender: WebhookSender, circuits: Circuits): WebhookDesk {
  return {
    async send({ userId, webhook, secret }, { query, ...message }, signal) {
      const key = JSON.stringify([userId, webhook.type, webhook.url]);
      const waitMs = circuits.waitMs(key);
      if (waitMs > 0) {
        return { outcome: "failed", class: "transport", code: "webhook_paused", status: null, retryAfterMs: waitMs };
      }
      const url = withQuery(webhook.url, query);
      const outcome = await sender.send({ ...message, url, event: webhook.type, secret }, signal);
      if (signal.aborted) circuits.released(key);
      else if (outcome.outcome === "delivered" || outcome.class === "permanent_input") circuits.succeeded(key);
      else circuits.failed(key);
      return outcome;
    },
  };
}

/** The URL as it is, where it cannot be read: whoever sends it says so. */
function withQuery(text: string, query: Readonly<Record<string, string>>): string {
  const url = URL.parse(text);
  if (url === null) return text;
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.toString();
}
