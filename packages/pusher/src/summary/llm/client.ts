/**
 * One question to an OpenAI-compatible server, with a deadline over the whole answer. Servers differ in how they can be told
 * to answer in JSON: a schema is tried first, then plain JSON mode, then nothing; a refusal (400, 404, 415, 422, 501) of one
 * way moves to the next, and the way that worked is remembered. Every failure leaves as `LlmFailure`, classed by the status.
 * The library is loaded with the first question, so that a pusher without a model does not carry it.
 */
import type { FailureClass } from "@holdfast/contract";
import { messageOf } from "@holdfast/contract";
import type OpenAI from "openai";
import { LlmFailure } from "../port.ts";
import { boundedFetch } from "./bounded-fetch.ts";
import { ANSWER_SCHEMA, type Message } from "./prompt.ts";

export interface LlmSettings {
  /** With or without the path; a bare host gets `/v1`. */
  readonly url: string;
  readonly key: string | undefined;
  readonly model: string;
  readonly timeoutMs: number;
}

/** Asks and returns the text of the answer. Rejects with LlmFailure. */
export type AskLlm = (messages: readonly Message[], signal: AbortSignal) => Promise<string>;

const MAX_ANSWER_BYTES = 2 * 1024 * 1024;
const FORMAT_REFUSED = new Set([400, 404, 415, 422, 501]);

/** What an answer looks like, for servers that enforce it. */
export interface AnswerShape {
  readonly name: string;
  readonly schema: Record<string, unknown>;
}

const CONVERSATION: AnswerShape = { name: "conversation", schema: ANSWER_SCHEMA };

export function openLlm(settings: LlmSettings, shape: AnswerShape = CONVERSATION): AskLlm {
  const formats = formatsOf(shape);
  let client: OpenAI | undefined;
  let format = 0;
  return async (messages, signal) => {
    client ??= await connectLlm(settings);
    for (;;) {
      const tried = format;
      try {
        return await ask(client, settings, messages, formats[tried], signal);
      } catch (error) {
        if (signal.aborted) throw error;
        const status = statusOf(error);
        const plainer = status !== undefined && FORMAT_REFUSED.has(status) && tried < formats.length - 1;
        if (!plainer) throw failureOf(error, status);
        format = Math.max(format, tried + 1);
      }
    }
  };
}

/** The library is loaded with the first question. */
export async function connectLlm(settings: LlmSettings): Promise<OpenAI> {
  const { default: Client } = await import("openai");
  return new Client({
    baseURL: baseUrl(settings.url),
    apiKey: settings.key ?? "none",
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: settings.timeoutMs,
    logLevel: "off",
    fetch: boundedFetch(MAX_ANSWER_BYTES),
  });
}

export function baseUrl(url: string): string {
  const parsed = new URL(url);
  if (parsed.pathname === "/") parsed.pathname = "/v1";
  return parsed.toString().replace(/\/+$/u, "");
}

/** The ways of asking for JSON, best first. */
function formatsOf({ name, schema }: AnswerShape) {
  return [
    { type: "json_schema", json_schema: { name, strict: true, schema } },
    { type: "json_object" },
    undefined,
  ] as const;
}

async function ask(
  client: OpenAI,
  settings: LlmSettings,
  messages: readonly Message[],
  format: ReturnType<typeof formatsOf>[number],
  signal: AbortSignal,
): Promise<string> {
  const asked = { model: settings.model, messages: [...messages] };
  const body = format === undefined ? asked : { ...asked, response_format: format };
  return textOf(await client.chat.completions.create(body, { signal }));
}

/** The library does not check what a server sent; a page of HTML comes through as a string. */
export function textOf(completion: unknown): string {
  const content = dig(dig(dig(dig(completion, "choices"), "0"), "message"), "content");
  if (typeof content === "string") return content;
  throw new LlmFailure("llm_invalid_answer", "content", "the answer holds no message");
}

function dig(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

export function statusOf(error: unknown): number | undefined {
  const status = dig(error, "status");
  return typeof status === "number" ? status : undefined;
}

export function failureOf(error: unknown, status: number | undefined): LlmFailure {
  if (error instanceof LlmFailure) return error;
  if (error instanceof SyntaxError) return new LlmFailure("llm_invalid_answer", "content", "the answer is not JSON");
  if (status === undefined) return new LlmFailure("llm_unavailable", "transport", messageOf(error));
  return new LlmFailure("llm_unavailable", classOf(status), `the server answered ${status}`, retryAfterMs(error));
}

function classOf(status: number): FailureClass {
  if (status === 401 || status === 403) return "auth";
  if (status === 429) return "throttle";
  if (status === 408 || status >= 500) return "transport";
  return "content";
}

function retryAfterMs(error: unknown): number | undefined {
  const headers = dig(error, "headers");
  const seconds = headers instanceof Headers ? Number(headers.get("retry-after") ?? "") : 0;
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3_600) * 1_000 : undefined;
}
