/**
 * `GET /v1/users/developer/webhooks`: all webhooks of the asker at once, with what their last messages came to. Setting them goes by
 * the routes that clients know (`rest/webhooks.ts`).
 */
import { WebhookSetting } from "@holdfast/contract";
import { listWebhooks, WEBHOOK_TYPES, type Webhook, type WebhookType } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";

export function registerWebhookList(app: App, { db }: Pick<HttpContext, "db">): void {
  app.get(
    "/v1/users/developer/webhooks",
    {
      config: { problem: true },
      schema: {
        tags: ["webhooks"],
        summary: "All my webhooks, and what became of their last messages",
        response: { 200: z.array(WebhookSetting) },
      },
    },
    async ({ userId }) => {
      const known = await listWebhooks(db, userId);
      return WEBHOOK_TYPES.map((type) =>
        view(
          type,
          known.find((webhook) => webhook.type === type),
        ),
      );
    },
  );
}

function view(type: WebhookType, webhook: Webhook | undefined): WebhookSetting {
  const { url = "", everySeconds = null, enabled = false, last = null } = webhook ?? {};
  return {
    ...{ type, url, every_seconds: everySeconds, enabled, never_sent: type === "day_summary" },
    last: last === null ? null : { at: new Date(last.atMs).toISOString(), code: last.code, status: last.status },
  };
}
