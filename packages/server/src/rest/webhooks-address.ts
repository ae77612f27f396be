/**
 * Whether a webhook address may be taken: http or https, no password in it, and a host that is not private, as far as can be
 * known now. A name that cannot be looked up at this moment is taken; one that does not exist is not.
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { HoldfastError } from "@holdfast/contract";
import { type AddressRules, mayConnect, parseAddressRules } from "@holdfast/core";

/** Throws HoldfastError `webhook_…`, which says what is wrong with it. `allowPrivate` is the setting of that name. */
export async function checkWebhookUrl(text: string, allowPrivate: string | undefined): Promise<void> {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw refusal("webhook_address_invalid", "the address must be an http or https URL");
  }
  if (url.username !== "" || url.password !== "") {
    throw refusal("webhook_address_password", "the address must not hold a password");
  }
  const rules = parseAddressRules(allowPrivate) ?? NOTHING_PRIVATE;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const addresses = isIP(host) === 0 ? await lookUp(host) : [host];
  if (addresses.some((address) => mayConnect(address, host, rules)) || addresses.length === 0) return;
  throw refusal(
    "webhook_address_private",
    "the address is in a private network; HOLDFAST_WEBHOOK_ALLOW_PRIVATE can allow it",
  );
}

const NOTHING_PRIVATE: AddressRules = { all: false, hosts: new Set(), ranges: [] };

/** Empty where nobody can say now. */
async function lookUp(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    const isUnknown = error instanceof Error && "code" in error && error.code === "ENOTFOUND";
    if (isUnknown) throw refusal("webhook_host_unknown", "there is no host of that name");
    return [];
  }
}

function refusal(code: string, message: string): HoldfastError {
  return new HoldfastError(message, { code, class: "permanent_input" });
}
