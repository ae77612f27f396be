/**
 * Webhooks of a user, by the routes that clients know. An address is checked when it is set, so that a person hears at once what
 * the pusher would refuse later; the pusher checks again at the moment of connecting, which is what protects.
 */
import { HoldfastError } from "@holdfast/contract";
import {
  enableWebhook,
  ensureSecret,
  listWebhooks,
  removeWebhook,
  rotateSecret,
  setWebhook,
  WEBHOOK_TYPES,
  type WebhookType,
} from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { text } from "./input.ts";
import { checkWebhookUrl } from "./webhooks-address.ts";

const MAX_URL = 2_000;
const MIN_SECONDS = 1;
const MAX_SECONDS = 120;
const tags = ["webhooks"];
const TypeParams = z.object({ type: z.enum(WEBHOOK_TYPES) });
/** `day_summary` is a name that clients know and set, and nothing here makes such a summary. Whoever sets it hears so. */
const NEVER_SENT = "Kept, but never sent: this server makes no summary of a day.";
const Note = z.object({ note: z.string().optional().describe("What a person should know about this webhook") });
const Ok = Note.extend({ status: z.literal("ok") });
const Secret = z.object({ secret: z.string() });
const noteOn = (type: WebhookType): z.output<typeof Note> => (type === "day_summary" ? { note: NEVER_SENT } : {});
const ok = (type: WebhookType): z.output<typeof Ok> => ({ status: "ok", ...noteOn(type) });

export function registerWebhooks(app: App, { db, clock, config }: Pick<HttpContext, "db" | "clock" | "config">): void {
  app.post(
    "/v1/users/developer/webhook/:type",
    {
      schema: {
        tags,
        summary: "Set the address; for audio_bytes `url,seconds`; an empty one removes it; day_summary is never sent",
        params: TypeParams,
        body: z.object({ url: text(MAX_URL) }),
        response: { 200: Ok },
      },
    },
    async ({ userId, params: { type }, body }) => {
      const { url, everySeconds } = partsOf(type, body.url);
      if (url === "") await removeWebhook(db, userId, type);
      else {
        await checkWebhookUrl(url, config.HOLDFAST_WEBHOOK_ALLOW_PRIVATE);
        await setWebhook(db, userId, { type, url, everySeconds }, clock.now());
      }
      return ok(type);
    },
  );

  app.get(
    "/v1/users/developer/webhook/:type",
    {
      schema: { tags, summary: "The address", params: TypeParams, response: { 200: Note.extend({ url: z.string() }) } },
    },
    async ({ userId, params: { type } }) => {
      const webhook = (await listWebhooks(db, userId)).find((one) => one.type === type);
      if (webhook === undefined) return { url: "", ...noteOn(type) };
      const url = webhook.everySeconds === null ? webhook.url : `${webhook.url},${webhook.everySeconds}`;
      return { url, ...noteOn(type) };
    },
  );

  for (const [action, enabled] of [
    ["enable", true],
    ["disable", false],
  ] as const) {
    app.post(
      `/v1/users/developer/webhook/:type/${action}`,
      { schema: { tags, summary: `Switch it ${enabled ? "on" : "off"}`, params: TypeParams, response: { 200: Ok } } },
      async ({ userId, params: { type } }) => {
        await enableWebhook(db, userId, type, enabled, clock.now());
        return ok(type);
      },
    );
  }

  app.get(
    "/v1/users/developer/webhooks/status",
    {
      schema: {
        tags,
        summary: "Which are on",
        response: { 200: z.record(z.enum(WEBHOOK_TYPES), z.boolean()) },
      },
    },
    async ({ userId }) => {
      const on = new Set((await listWebhooks(db, userId)).filter((one) => one.enabled).map((one) => one.type));
      return Object.fromEntries(WEBHOOK_TYPES.map((type) => [type, on.has(type)])) as Record<WebhookType, boolean>;
    },
  );

  app.get(
    "/v1/users/developer/webhooks/secret",
    { schema: { tags, summary: "The secret that requests are signed with", response: { 200: Secret } } },
    async ({ userId }) => ({ secret: await ensureSecret(db, userId, clock.now()) }),
  );

  app.post(
    "/v1/users/developer/webhooks/secret",
    {
      schema: {
        tags,
        summary: "Make a new secret; what was signed with the old one, playback links too, is worth nothing then",
        response: { 200: Secret },
      },
    },
    async ({ userId }) => ({ secret: await rotateSecret(db, userId, clock.now()) }),
  );
}

/** `url` or, for sound, `url,seconds`; clients send a bare comma for nothing. */
function partsOf(type: WebhookType, value: string): { readonly url: string; readonly everySeconds: number | null } {
  const trimmed = value.trim();
  if (type !== "audio_bytes") return { url: trimmed === "," ? "" : trimmed, everySeconds: null };
  const [, url = trimmed, digits = ""] = /^(.*?),\s*(\d{0,6}(?:\.\d{1,3})?)$/.exec(trimmed) ?? [];
  if (digits === "") return { url: url.trim(), everySeconds: null };
  const seconds = Number(digits);
  if (seconds >= MIN_SECONDS && seconds <= MAX_SECONDS) return { url: url.trim(), everySeconds: seconds };
  throw new HoldfastError(`between ${MIN_SECONDS} and ${MAX_SECONDS} seconds are possible`, {
    code: "webhook_seconds_invalid",
    class: "permanent_input",
  });
}
