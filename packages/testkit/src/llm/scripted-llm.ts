/**
 * A server of the OpenAI chat shape (`POST /v1/chat/completions`) that does what a test tells it: answer well, badly, late,
 * never, or with an HTTP error. Each request takes the next step of the script; when there is none left, the last one
 * repeats. Every request is kept for the test to look at.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export type LlmStep =
  /** The message of the model is this object as JSON. */
  | { readonly kind: "json"; readonly answer: unknown }
  /** The message of the model is this text. */
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** HTTP 200 with this body, whatever it is. */
  | { readonly kind: "body"; readonly body: string; readonly contentType?: string }
  /** Takes the request and never answers. */
  | { readonly kind: "hang" }
  /** Sends headers and the beginning of a body, and never ends it. */
  | { readonly kind: "stall" }
  /** Breaks the connection. */
  | { readonly kind: "drop" }
  /** Sends this many bytes of a JSON string that never ends. */
  | { readonly kind: "flood"; readonly bytes: number }
  /** Does the next step after a wait. */
  | { readonly kind: "slow"; readonly ms: number; readonly next: LlmStep }
  /** Does the next step when the test says so. */
  | { readonly kind: "held"; readonly until: Promise<unknown>; readonly next: LlmStep };

export interface LlmRequest {
  readonly authorization: string | undefined;
  readonly path: string;
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  /** `type` of the asked-for response format, if any. */
  readonly format: string | undefined;
}

export interface ScriptedLlmOptions {
  /** Response formats that this server refuses with 400, as many do. */
  readonly refusedFormats?: readonly string[];
}

export interface ScriptedLlm extends AsyncDisposable {
  /** Base URL with `/v1`. */
  readonly url: string;
  readonly requests: readonly LlmRequest[];
  /** Replaces the rest of the script. */
  script(...steps: LlmStep[]): void;
}

export async function startScriptedLlm(options: ScriptedLlmOptions = {}): Promise<ScriptedLlm> {
  const requests: LlmRequest[] = [];
  let steps: LlmStep[] = [{ kind: "status", status: 503 }];
  const server = createServer((request, response) => {
    response.on("error", () => {});
    void readRequest(request).then(async (asked) => {
      requests.push(asked);
      if (asked.format !== undefined && options.refusedFormats?.includes(asked.format) === true) {
        return sendJson(response, 400, { error: { message: "response_format is not supported" } });
      }
      const [step] = steps;
      if (steps.length > 1) steps = steps.slice(1);
      if (step !== undefined) await play(step, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    script(...next) {
      steps = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function play(step: LlmStep, response: ServerResponse): Promise<void> {
  switch (step.kind) {
    case "json":
      return sendJson(response, 200, completion(JSON.stringify(step.answer)));
    case "text":
      return sendJson(response, 200, completion(step.text));
    case "status":
      return sendJson(response, step.status, { error: { message: "scripted" } }, step.headers);
    case "body":
      response.writeHead(200, { "content-type": step.contentType ?? "application/json" });
      return void response.end(step.body);
    case "hang":
      return;
    case "stall":
      response.writeHead(200, { "content-type": "application/json" });
      return void response.write('{"choices":[');
    case "drop":
      return void response.destroy();
    case "flood":
      response.writeHead(200, { "content-type": "application/json" });
      return void response.write(`{"filler":"${"x".repeat(step.bytes)}`);
    case "slow":
      await delay(step.ms);
      return await play(step.next, response);
    case "held":
      await step.until;
      return await play(step.next, response);
    default:
      step satisfies never;
  }
}

function completion(content: string): object {
  return {
    id: "scripted",
    object: "chat.completion",
    created: 0,
    model: "scripted",
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
  };
}

function sendJson(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

interface RawRequest {
  readonly model?: string;
  readonly messages?: LlmRequest["messages"];
  readonly response_format?: { readonly type?: string };
}

async function readRequest(request: IncomingMessage): Promise<LlmRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const body = JSON.parse(Buffer.concat(chunks).toString() || "{}") as RawRequest;
  return {
    authorization: request.headers.authorization,
    path: request.url ?? "",
    model: body.model ?? "",
    messages: body.messages ?? [],
    format: body.response_format?.type,
  };
}
