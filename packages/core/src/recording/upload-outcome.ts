/**
 * What an answer to an upload means (reference client-sync 4.4 and 5.4). Every documented answer has a type of its own, so that
 * a caller that forgets one does not compile; an answer that nobody documented is `unknown`: the file stays, it is shown, and
 * nothing is counted. Decisions are made on status, headers and codes, never on the words of a text (law L4).
 */
import type { CooldownReason } from "./cooldown.ts";

/** The answer as it came over the wire. */
export interface UploadAnswer {
  readonly status: number;
  /** `X-Omi-Rate-Limit-Reason`. */
  readonly limitReason: string | null;
  /** `Retry-After` in milliseconds from now, both forms read; null where it is missing or cannot be read. */
  readonly retryAfterMs: number | null;
  /** The body, where it is JSON. */
  readonly body: unknown;
}

export type UploadOutcome =
  /** 202: the server has the bytes, and a job to ask after. */
  | { readonly type: "accepted"; readonly jobId: string; readonly pollAfterMs: number | null }
  /** 200: done at once. */
  | { readonly type: "finished"; readonly created: readonly string[]; readonly updated: readonly string[] }
  /** 200 that admits failed segments: the content was not understood. */
  | { readonly type: "partial"; readonly reason: string }
  /** 429, or 503 with a reason: the whole account pauses. */
  | { readonly type: "limited"; readonly reason: CooldownReason; readonly retryAfterMs: number | null }
  /** 422 `backfill_lookback_exceeded`. */
  | { readonly type: "too_old"; readonly reason: string }
  /** 400, 403, 413, and 415 for a sort of sound: the server will not take it. In a batch, one member may be the reason. */
  | { readonly type: "rejected"; readonly reason: string }
  /** 401, or a refusal that says it is about the account's sign-in. */
  | { readonly type: "signed_out"; readonly reason: string }
  /** 408, 409 with `Retry-After`, any other 5xx, or no answer: the same request may succeed later. */
  | { readonly type: "unavailable"; readonly reason: string; readonly retryAfterMs: number | null }
  | { readonly type: "unknown"; readonly reason: string };

/** Refusals of age, reference client-sync 4.4. */
export const TOO_OLD = "backfill_lookback_exceeded";

export function uploadOutcome(answer: UploadAnswer): UploadOutcome {
  const { status, retryAfterMs } = answer;
  const body = fieldsOf(answer.body);
  const reason = textOf(body.code) ?? `http_${status}`;
  switch (status) {
    case 200:
      return finished(body);
    case 202: {
      const jobId = textOf(body.job_id);
      if (jobId === null) return { type: "unknown", reason: "job_id_missing" };
      return { type: "accepted", jobId, pollAfterMs: countOf(body.poll_after_ms) };
    }
    case 401:
      return { type: "signed_out", reason };
    case 403:
      // The page of something between here and the server (a network that wants a sign-in) is no word of the server's.
      if (typeof answer.body !== "object" || answer.body === null) return { type: "unknown", reason };
      // Ours says whose failure it is; an answer without a class is the server's last word on this recording.
      return body.class === "auth" && body.scope === "account"
        ? { type: "signed_out", reason }
        : { type: "rejected", reason };
    case 400:
    case 413:
      return { type: "rejected", reason };
    case 408:
      return { type: "unavailable", reason, retryAfterMs };
    case 409:
      // Somebody else is at it: `sync_content_in_progress`, reference offline-sync 3.4.
      return retryAfterMs === null ? { type: "unknown", reason } : { type: "unavailable", reason, retryAfterMs };
    case 415:
      // Ours, for a sound file that nobody here can read; another answer may be about the request alone.
      return body.class === "permanent_input" ? { type: "rejected", reason } : { type: "unknown", reason };
    case 422:
      return reason === TOO_OLD ? { type: "too_old", reason } : { type: "unknown", reason };
    case 429:
      return { type: "limited", reason: answer.limitReason === "fair_use" ? "fair_use" : "backend_busy", retryAfterMs };
    case 503:
      if (answer.limitReason === null) return { type: "unavailable", reason, retryAfterMs };
      return { type: "limited", reason: answer.limitReason === "fair_use" ? "fair_use" : "backend_busy", retryAfterMs };
    default:
      return status >= 500 ? { type: "unavailable", reason, retryAfterMs } : { type: "unknown", reason };
  }
}

function finished(body: Fields): UploadOutcome {
  if ((countOf(body.failed_segments) ?? 0) > 0) return { type: "partial", reason: "failed_segments" };
  // A page of something between here and the server may come with 200 as well; ours names both lists (D11).
  if (!Array.isArray(body.new_memories) || !Array.isArray(body.updated_memories)) {
    return { type: "unknown", reason: "bad_answer" };
  }
  return { type: "finished", ...conversationsOf(body) };
}

/** Each conversation once: one that was made is not also one that was added to (reference client-sync 4.5). */
export function conversationsOf(result: Fields): { readonly created: string[]; readonly updated: string[] } {
  const created = new Set(textsOf(result.new_memories));
  const updated = new Set(textsOf(result.updated_memories).filter((id) => !created.has(id)));
  return { created: [...created], updated: [...updated] };
}

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

export function countOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string" && item !== "") : [];
}
