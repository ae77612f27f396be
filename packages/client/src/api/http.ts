/**
 * One HTTP exchange with a Holdfast (or Omi) server, and what its failures mean: every answer that is not a success, and every
 * request without an answer, becomes a HoldfastError whose class says whether trying again can help. What the server says
 * about itself (problem+json, `code`, `Retry-After`) goes before what the bare status suggests.
 */
import { FAILURE_CLASSES, type FailureClass, type FailureScope, HoldfastError } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";

export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

export interface UploadProgress {
  readonly sentBytes: number;
  readonly totalBytes: number;
}

export interface FormRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly form: FormData;
  readonly signal: AbortSignal;
  readonly onProgress: (sentBytes: number) => void;
}

/** Sends a form and tells how far it is; `fetch` alone cannot, XMLHttpRequest and a counted stream can. */
export type FormTransport = (request: FormRequest) => Promise<Response>;

export interface HttpOptions {
  readonly server: string;
  readonly token: string | (() => string | Promise<string>);
  readonly fetch: FetchLike;
  readonly clock: Clock;
  readonly sendForm?: FormTransport;
  /** Longest wait for an answer that carries no upload. */
  readonly timeoutMs?: number;
}

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly json?: unknown;
  readonly form?: FormData;
  /** Bytes as they are, in place of JSON or a form. */
  readonly bytes?: Blob;
  readonly headers?: Readonly<Record<string, string>>;
  readonly onProgress?: (sentBytes: number) => void;
  readonly signal?: AbortSignal | undefined;
  /** A status that is an answer here and not a failure. */
  readonly alsoFine?: number;
}

export interface HttpAnswer {
  readonly body: unknown;
  readonly headers: Headers;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** The slowest line that is waited for, and what the server may take on top. */
const UPLOAD = { graceMs: 120_000, bytesPerMs: 4 } as const;
const MAX_RETRY_AFTER_MS = 24 * 3_600_000;

/** An answer as it came, whatever it says. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined where it is not JSON. */
  readonly body: unknown;
  readonly text: string;
}

/** The text of an answer that is a document. Throws HoldfastError for everything but a 2xx answer. */
export async function requestText(
  options: HttpOptions,
  call: HttpRequest,
): Promise<{ readonly text: string; readonly headers: Headers }> {
  const { status, headers, body, text } = await rawRequest(options, call);
  if (status < 200 || status >= 300) throw failureOf(status, headers, body, options.clock.now());
  return { text, headers };
}

/** Throws HoldfastError for everything but a 2xx answer with a JSON body. */
export async function request(options: HttpOptions, call: HttpRequest): Promise<HttpAnswer> {
  const { status, headers, body } = await rawRequest(options, call);
  const isFine = (status >= 200 && status < 300) || status === call.alsoFine;
  if (!isFine) throw failureOf(status, headers, body, options.clock.now());
  if (body === undefined) throw transport("bad_answer", "the server's answer is not JSON", undefined);
  return { body, headers };
}

/** Throws a HoldfastError of class `transport` (`timeout`, `unreachable`, `aborted`) where no answer came. */
export async function rawRequest(options: HttpOptions, call: HttpRequest): Promise<RawAnswer> {
  const abort = new AbortController();
  const cancel = (): void => abort.abort();
  call.signal?.addEventListener("abort", cancel, { once: true });
  if (call.signal?.aborted === true) cancel();
  const timer = options.clock.after(timeoutOf(options, call), cancel);
  try {
    // A transport that does not hear the signal must not hold anybody up either.
    return await Promise.race([answerTo(options, call, abort.signal), aborted(abort.signal)]);
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    if (call.signal?.aborted === true) throw transport("aborted", "the request was given up", error);
    throw transport(abort.signal.aborted ? "timeout" : "unreachable", "the server does not answer", error);
  } finally {
    timer.cancel();
    call.signal?.removeEventListener("abort", cancel);
  }
}

async function answerTo(options: HttpOptions, call: HttpRequest, signal: AbortSignal): Promise<RawAnswer> {
  const response = await exchange(options, call, signal);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parseJson(text), text };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
    if (signal.aborted) reject(new Error("aborted"));
  });
}

/** An upload may take its time, but not for ever: a connection that hangs must not stop everything behind it. */
function timeoutOf({ timeoutMs = DEFAULT_TIMEOUT_MS }: HttpOptions, { form, bytes }: HttpRequest): number {
  if (form === undefined && bytes === undefined) return timeoutMs;
  let size = bytes?.size ?? 0;
  for (const part of form?.values() ?? []) if (part instanceof Blob) size += part.size;
  return UPLOAD.graceMs + size / UPLOAD.bytesPerMs;
}

async function exchange(options: HttpOptions, call: HttpRequest, signal: AbortSignal): Promise<Response> {
  const { token } = options;
  const headers: Record<string, string> = {
    authorization: `Bearer ${typeof token === "string" ? token : await token()}`,
    accept: "application/json",
    ...call.headers,
  };
  const url = urlOf(options.server, call);
  if (call.form !== undefined) {
    const onProgress = call.onProgress ?? ((): void => {});
    const transportForm = options.sendForm ?? plainForm(options.fetch);
    return await transportForm({ url, headers, form: call.form, signal, onProgress });
  }
  if (call.json !== undefined) headers["content-type"] = "application/json";
  const body = call.bytes !== undefined ? { body: call.bytes } : json(call.json);
  return await options.fetch(url, { method: call.method, headers, signal, ...body });
}

function json(value: unknown): { readonly body?: string } {
  return value === undefined ? {} : { body: JSON.stringify(value) };
}

function plainForm(fetch: FetchLike): FormTransport {
  return async ({ url, headers, form, signal }) => await fetch(url, { method: "POST", headers, signal, body: form });
}

function urlOf(server: string, call: HttpRequest): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined) query.set(name, value);
  const tail = query.size === 0 ? "" : `?${query.toString()}`;
  return `${server.replace(/\/+$/, "")}${call.path}${tail}`;
}

/** The meaning of an answer that is not a success. */
export function failureOf(status: number, headers: Headers, body: unknown, nowMs: number): HoldfastError {
  const fields = isFields(body) ? body : {};
  const code = text(fields.code) ?? DEFAULT_CODES[status] ?? `http_${status}`;
  const failure = FAILURE_CLASSES.find((known) => known === fields.class) ?? classOf(status, headers);
  const retryAfterMs = count(fields.retry_after_ms) ?? parseRetryAfter(headers.get("retry-after"), nowMs);
  const message = text(fields.detail) ?? text(fields.title) ?? `the server answered with status ${status}`;
  return new HoldfastError(message, {
    code,
    class: failure,
    scope: scopeOf(fields.scope, failure),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) }),
  });
}

const DEFAULT_CODES: Readonly<Record<number, string>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  413: "payload_too_large",
  429: "too_many_requests",
  503: "unavailable",
};

function classOf(status: number, headers: Headers): FailureClass {
  if (status === 401 || status === 403) return "auth";
  if (status === 429) return "throttle";
  if (status === 503) return "capacity";
  // "Somebody else is at it, come back": sync_content_in_progress (reference offline-sync 3.4).
  if (status === 409 && headers.has("retry-after")) return "capacity";
  if (status === 408 || status >= 500) return "transport";
  return "permanent_input";
}

function scopeOf(scope: unknown, failure: FailureClass): FailureScope {
  if (scope === "item" || scope === "account" || scope === "service") return scope;
  if (failure === "auth" || failure === "throttle") return "account";
  return failure === "capacity" || failure === "transport" ? "service" : "item";
}

/** Both forms of the header: seconds, or a date. Undefined where it cannot be read. */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  if (/^\s*\d{1,9}(\.\d+)?\s*$/.test(value)) return Math.round(Number(value) * 1000);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
const count = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;

function transport(code: string, message: string, cause: unknown): HoldfastError {
  return new HoldfastError(message, { code, class: "transport", scope: "service", cause });
}
