/** One POST over real sockets: what arrives, and what is never connected to. */
import { type AddressRules, parseAddressRules } from "@holdfast/core";
import { systemClock } from "@holdfast/runtime";
import { type Receiver, startReceiver } from "@holdfast/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createWebhookSender, type SenderOptions, type WebhookSender } from "../../src/webhooks/sender.ts";
import { signatureOf } from "../../src/webhooks/sign.ts";

const rulesOf = (setting?: string): AddressRules => {
  const rules = parseAddressRules(setting);
  if (rules === undefined) throw new Error("not a list");
  return rules;
};

let receiver: Receiver;
const senders: WebhookSender[] = [];
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  for (const sender of senders.splice(0)) sender.close();
  await receiver[Symbol.asyncDispose]();
});

function sender(allow: string | undefined, over: Partial<SenderOptions> = {}): WebhookSender {
  const made = createWebhookSender({ rules: rulesOf(allow), clock: systemClock, ...over });
  senders.push(made);
  return made;
}

const send = (by: WebhookSender, url: string, signal = new AbortController().signal) =>
  by.send(
    {
      url,
      deliveryId: "d1",
      event: "memory_created",
      contentType: "application/json",
      body: Buffer.from('{"x":"ü"}'),
      secret: "whsec_s",
    },
    signal,
  );

const port = (): string => new URL(receiver.url).port;

it("delivers a signed body", async () => {
  expect(await send(sender("all"), `${receiver.url}?uid=u`)).toEqual({ outcome: "delivered", status: 200 });
  const [got] = receiver.received;
  expect(got?.body.toString()).toBe('{"x":"ü"}');
  expect(got?.query.get("uid")).toBe("u");
  expect(got?.headers).toMatchObject({
    "content-type": "application/json",
    "x-holdfast-event": "memory_created",
    "x-holdfast-delivery": "d1",
  });
  const signature = String(got?.headers["x-holdfast-signature"]);
  const seconds = Number(/^t=(\d+),/.exec(signature)?.[1]);
  expect(Math.abs(seconds * 1000 - Date.now())).toBeLessThan(60_000);
  expect(signature).toBe(signatureOf("whsec_s", seconds * 1000, Buffer.from('{"x":"ü"}')));
});

describe("private addresses", () => {
  const written = ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"];
  it.each([...written, "0.0.0.0", "[::]", "10.0.0.1", "169.254.169.254", "100.64.0.1"])(
    "%s is not connected to",
    async (host) => {
      const outcome = await send(sender(undefined), `http://${host}:${port()}/hook`);
      expect(outcome).toMatchObject({ outcome: "failed", class: "permanent_input", code: "webhook_address_refused" });
      expect(receiver.received).toHaveLength(0);
    },
  );

  it("a name that resolves to one is refused when it connects, whatever it resolved to before", async () => {
    const answers = [{ address: "127.0.0.1", family: 4 }];
    const resolving = sender(undefined, { resolve: async () => answers });
    expect(await send(resolving, `http://rebind.example:${port()}/hook`)).toMatchObject({
      code: "webhook_address_refused",
    });
    expect(receiver.received).toHaveLength(0);
  });

  it("of several addresses only the allowed ones are used", async () => {
    const both = [
      { address: "10.9.9.9", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ];
    const resolving = sender("127.0.0.0/8", { resolve: async () => both, timeoutMs: 3_000 });
    expect(await send(resolving, `http://mixed.example:${port()}/hook`)).toMatchObject({ outcome: "delivered" });
    expect(receiver.received).toHaveLength(1);
  });

  it("a host on the list may be reached", async () => {
    const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
    const url = `http://home.lan:${port()}/hook`;
    expect(await send(sender("home.lan", { resolve }), url)).toMatchObject({ outcome: "delivered" });
    expect(await send(sender("other.lan", { resolve }), url)).toMatchObject({ outcome: "failed" });
  });
});

it("a redirect is not followed", async () => {
  receiver.script((response) => response.writeHead(302, { location: receiver.url }).end());
  expect(await send(sender("all"), receiver.url)).toMatchObject({
    class: "permanent_input",
    code: "webhook_redirected",
  });
  expect(receiver.received).toHaveLength(1);
});

it("a receiver that says nothing is given up after the timeout", async () => {
  receiver.script("hang");
  expect(await send(sender("all", { timeoutMs: 100 }), receiver.url)).toMatchObject({
    class: "transport",
    code: "webhook_timeout",
  });
});

it("a receiver that talks without end is cut off and counts as what it said first", async () => {
  receiver.script((response) => {
    response.writeHead(200);
    const more = (): void => void (response.destroyed || response.write(Buffer.alloc(32_768), more));
    more();
  });
  expect(await send(sender("all", { timeoutMs: 5_000 }), receiver.url)).toEqual({ outcome: "delivered", status: 200 });
});

it("nobody there, no such name, no such protocol", async () => {
  const closed = new URL(receiver.url);
  await receiver[Symbol.asyncDispose]();
  const by = sender("all", { resolve: async () => [] });
  expect(await send(by, closed.toString())).toMatchObject({ class: "transport", code: "webhook_unreachable" });
  expect(await send(by, "http://nowhere.example/")).toMatchObject({ class: "transport", code: "webhook_unreachable" });
  expect(await send(by, "ftp://example.com/")).toMatchObject({ class: "permanent_input", code: "webhook_invalid_url" });
  expect(await send(by, "nonsense")).toMatchObject({ code: "webhook_invalid_url" });
  receiver = await startReceiver();
});

it("an abort ends it at once", async () => {
  receiver.script("hang");
  const stop = new AbortController();
  const sent = send(sender("all"), receiver.url, stop.signal);
  await expect.poll(() => receiver.received.length).toBe(1);
  stop.abort();
  expect(await sent).toMatchObject({ outcome: "failed", class: "transport" });
});
