/**
 * Carries the bytes of one batch to the server and brings its answer back unjudged. Small batches and servers that know nothing
 * else get one multipart request (`/v2/sync-local-files`, the route of Omi's clients; ordinary sound goes to `/v1/uploads`).
 * A batch that is larger than a chunk goes by tus 1.0 where the server speaks it, so that an interruption costs one chunk.
 */
import type { UploadAnswer } from "@holdfast/core";
import { type HttpOptions, parseRetryAfter, type RawAnswer, rawRequest } from "../api/http.ts";
import type { UploadContent } from "./sync-log.ts";

export interface BatchItem extends UploadContent {
  /** Of the recording; names the upload when it is resumed. */
  readonly id: string;
}

export interface Batch {
  readonly kind: "frames" | "sound";
  readonly items: readonly BatchItem[];
  readonly conversationId: string | null;
  readonly startedAtMs: number;
}

export interface SendOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (sentBytes: number) => void;
}

/** Throws HoldfastError of class `transport` where no answer came. */
export type SendBatch = (batch: Batch, options: SendOptions) => Promise<UploadAnswer>;

export function multipartSender(http: HttpOptions): SendBatch {
  return async ({ kind, items, conversationId, startedAtMs }, { signal, onProgress }) => {
    const form = new FormData();
    if (kind === "sound") form.append("started_at", String(startedAtMs));
    for (const { name, content } of items) form.append(kind === "sound" ? "file" : "files", content, name);
    const total = items.reduce((sum, { content }) => sum + content.size, 0);
    const answer = await rawRequest(http, {
      method: "POST",
      path: kind === "sound" ? "/v1/uploads" : "/v2/sync-local-files",
      query: { conversation_id: kind === "sound" ? undefined : (conversationId ?? undefined) },
      form,
      // The transport counts the form, which is a little longer than the files in it.
      onProgress: (sent) => onProgress(Math.min(sent, total)),
      signal,
    });
    return uploadAnswerOf(answer, http.clock.now());
  };
}

export function uploadAnswerOf({ status, headers, body }: RawAnswer, nowMs: number): UploadAnswer {
  return {
    status,
    limitReason: headers.get("x-omi-rate-limit-reason"),
    retryAfterMs: parseRetryAfter(headers.get("retry-after"), nowMs) ?? null,
    body,
  };
}
