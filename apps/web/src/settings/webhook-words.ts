/** What became of the last message to a webhook, and why an address is not taken, in words. Pure. */
import type { WebhookSetting } from "@holdfast/contract";
import { moment } from "../i18n/amounts.ts";
import { type Message, message, sentences } from "../i18n/message.ts";

const SECONDS = { least: 1, most: 120 } as const;

const PRIVATE = message("webhooks.why.private", { setting: "HOLDFAST_WEBHOOK_ALLOW_PRIVATE" });

const REFUSALS: Readonly<Record<string, Message>> = {
  webhook_address_invalid: message("webhooks.why.address"),
  webhook_address_password: message("webhooks.why.password"),
  webhook_address_private: PRIVATE,
  webhook_host_unknown: message("webhooks.why.host"),
  webhook_seconds_invalid: message("webhooks.why.seconds", SECONDS),
};

/** Undefined where the code is not about the address. */
export function refusalWords(code: string): Message | undefined {
  return REFUSALS[code];
}

export function lastWords(last: WebhookSetting["last"], nowMs: number): Message {
  if (last === null) return message("webhooks.last.none");
  const when = moment(Date.parse(last.at), nowMs);
  if (last.code === null) return message("webhooks.last.arrived", { ...when });
  return sentences(message("webhooks.last.lost", { ...when }), lostWords(last.code, last.status));
}

function lostWords(code: string, status: number | null): Message {
  // A status is a name, not an amount.
  if (status !== null) return message("webhooks.why.answered", { status: String(status) });
  return code === "webhook_address_refused" ? PRIVATE : message("webhooks.why.silent");
}
