/**
 * One POST to a webhook. The address is judged twice: written into the URL, or, for a name, at the very moment of connecting,
 * so that a name which resolves to something else than it did before gains nothing. Redirects are not followed. Of the answer
 * only the status and `Retry-After` are read; a receiver that is slow, or says too much, is cut off. Never rejects.
 */
import { type LookupAddress, lookup as systemLookup } from "node:dns";
import type { IncomingMessage } from "node:http";
import https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { FailureClass } from "@holdfast/contract";
import { type AddressRules, type Clock, mayConnect } from "@holdfast/core";
import { http } from "@holdfast/runtime";
import { outcomeOf, type SendOutcome } from "./answer.ts";
import { signatureOf } from "./sign.ts";

const SEND = { timeoutMs: 10_000, maxAnswerBytes: 65_536, socketsPerHost: 8, idleSocketMs: 15_000 } as const;

export interface WebhookMessage {
  readonly url: string;
  /** Names the message; the same for every try of it. */
  readonly deliveryId: string;
  readonly event: string;
  readonly contentType: "application/json" | "application/octet-stream";
  readonly body: Uint8Array;
  readonly secret: string;
}

export interface WebhookSender {
  send(message: WebhookMessage, signal: AbortSignal): Promise<SendOutcome>;
  /** Closes idle connections. Idempotent. */
  close(): void;
}

export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

export interface SenderOptions {
  readonly rules: AddressRules;
  readonly clock: Clock;
  readonly timeoutMs?: number;
  /** Looks a name up; the system's resolver unless a test brings its own. */
  readonly resolve?: Resolve;
}

/** The name resolves only to addresses that webhooks may not reach. */
class AddressRefused extends Error {}

export function createWebhookSender(options: SenderOptions): WebhookSender {
  const { rules, clock } = options;
  const lookup = checkedLookup(rules, options.resolve ?? resolveBySystem);
  const pool = { keepAlive: true, maxSockets: SEND.socketsPerHost, timeout: SEND.idleSocketMs };
  const agents = { http: new http.Agent(pool), https: new https.Agent(pool) };
  const timeoutMs = options.timeoutMs ?? SEND.timeoutMs;

  const send = async (message: WebhookMessage, signal: AbortSignal): Promise<SendOutcome> => {
    const url = URL.parse(message.url);
    if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return refused("webhook_invalid_url");
    // A written address is never looked up, so it is judged here.
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    if (isIP(host) !== 0 && !mayConnect(host, host, rules)) return refused("webhook_address_refused");
    const limit = new AbortController();
    const timer = clock.after(timeoutMs, () => limit.abort());
    try {
      return await post(url, message, AbortSignal.any([signal, limit.signal]));
    } finally {
      timer.cancel();
    }
  };

  const post = (url: URL, message: WebhookMessage, signal: AbortSignal): Promise<SendOutcome> =>
    new Promise((resolve) => {
      const secure = url.protocol === "https:";
      const request = (secure ? https : http).request(url, {
        method: "POST",
        agent: secure ? agents.https : agents.http,
        lookup,
        signal,
        headers: {
          "content-type": message.contentType,
          "content-length": message.body.length,
          "user-agent": "Holdfast-Webhook/1",
          "x-holdfast-event": message.event,
          "x-holdfast-delivery": message.deliveryId,
          "x-holdfast-signature": signatureOf(message.secret, clock.now(), message.body),
        },
      });
      request.on("response", (response) => {
        const outcome = outcomeOf(response.statusCode ?? 0, response.headers["retry-after"]);
        void drained(response).then(() => resolve(outcome));
      });
      request.on("error", (error) => {
        if (error instanceof AddressRefused) resolve(refused("webhook_address_refused"));
        else resolve(failed("transport", signal.aborted ? "webhook_timeout" : "webhook_unreachable"));
      });
      request.end(message.body);
    });

  return {
    send,
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/** Reads the answer to its end so that the connection can be used again, or cuts it off where it is too long. */
function drained(response: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > SEND.maxAnswerBytes) response.destroy();
    });
    response.on("error", () => {});
    response.on("close", resolve);
  });
}

function checkedLookup(rules: AddressRules, resolve: Resolve): LookupFunction {
  return (host, options, callback) => {
    const refuse = (error: Error): void => callback(error as NodeJS.ErrnoException, "", 0);
    void resolve(host).then((found) => {
      const family = options.family === 4 || options.family === 6 ? options.family : undefined;
      const fitting = found.filter((one) => family === undefined || one.family === family);
      const allowed = fitting.filter(({ address }) => mayConnect(address, host, rules));
      const first = allowed[0];
      if (first === undefined) return refuse(fitting.length > 0 ? new AddressRefused() : new Error("no address"));
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    }, refuse);
  };
}

function resolveBySystem(host: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(host, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error)));
  });
}

function refused(code: string): SendOutcome {
  return failed("permanent_input", code);
}

function failed(failureClass: FailureClass, code: string): SendOutcome {
  return { outcome: "failed", class: failureClass, code, status: null, retryAfterMs: undefined };
}
