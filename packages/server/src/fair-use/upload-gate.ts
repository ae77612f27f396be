/**
 * Fresh uploads of a user over the limits are refused with 429, `Retry-After` and a reason that clients know (reference
 * offline-sync 6.4, 6.5): by the names of the recordings before their bytes are read, and once more when they have arrived.
 * A backlog is never refused: it is what a client has left after it was told to wait.
 */
import { HoldfastError } from "@holdfast/contract";
import { fairUsePolicy, isLimited, refuseUpload, type UploadRefusal } from "@holdfast/core";
import { loadFairUse } from "@holdfast/store";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { HttpContext } from "../http/context.ts";

/** The code that released clients know. */
const CODE = "fair_use_restricted";

const DETAIL: Readonly<Record<UploadRefusal["gate"], string>> = {
  restriction: "new recordings are not taken while your use is restricted; keep them and send them later",
  daily_ceiling: "more speech than a day can hold was recorded today; keep the rest and send it tomorrow",
  budget: "what you may have transcribed today is used up; keep the recordings and send them later",
};

/** Throws the refusal of a fresh upload to whoever calls the returned function; it does nothing for users who may go on. */
export async function openUploadGate(
  { db, config }: Pick<HttpContext, "db" | "config">,
  userId: string,
  nowMs: number,
): Promise<() => void> {
  const policy = fairUsePolicy(config);
  if (!isLimited(policy, userId)) return () => {};
  const refusal = refuseUpload(policy, await loadFairUse(db, userId, nowMs), nowMs);
  return () => {
    if (refusal === undefined) return;
    throw new HoldfastError(DETAIL[refusal.gate], {
      code: CODE,
      class: "throttle",
      scope: "account",
      retryAfterMs: refusal.retryAfterSeconds * 1000,
    });
  };
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu;
const TRACE_ID = /^[0-9a-f]{32}(?=$|[/;])/iu;

/** What only this refusal carries besides its shape, and its line in the log. Other errors pass untouched. */
export function nameFairUseRefusal(
  { random, log }: Pick<HttpContext, "random" | "log">,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (!(error instanceof HoldfastError) || error.code !== CODE) return;
  const requestId = idOf(request) ?? random.uuid();
  void reply.header("x-omi-rate-limit-reason", "fair_use").header("x-request-id", requestId);
  const fields = { route: request.routeOptions.url, reason: "fair_use", retryAfterMs: error.retryAfterMs, requestId };
  log.warn({ event: "sync_rate_limit_rejected", ...fields }, "an upload was refused for fair use");
}

/** The client's own id where it is a UUID or a trace id. */
function idOf({ headers }: FastifyRequest): string | undefined {
  const own = headers["x-request-id"];
  if (typeof own === "string" && UUID.test(own)) return own;
  const trace = headers["x-cloud-trace-context"];
  const from = typeof own === "string" && TRACE_ID.test(own) ? own : typeof trace === "string" ? trace : "";
  return TRACE_ID.exec(from)?.[0];
}
