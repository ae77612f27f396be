/** A line in the log, and a count, for each upload that is refused. Fair use writes its own line beside it. */
import { failureClassOf, HoldfastError } from "@holdfast/contract";
import { asDatabaseError } from "@holdfast/store";
import type { FastifyRequest } from "fastify";
import { refusalReason } from "../health/queue-metrics.ts";
import type { HttpContext } from "../http/context.ts";

const ROUTES: readonly string[] = ["/v1/sync-local-files", "/v2/sync-local-files", "/v1/uploads", "/v2/uploads"];

export function noteUploadRefusal(
  { log }: Pick<HttpContext, "log">,
  thrown: unknown,
  request: FastifyRequest,
  count: (reason: string) => void,
): void {
  const route = request.routeOptions.url ?? "";
  if (request.method !== "POST" || !ROUTES.includes(route)) return;
  const error = asDatabaseError(thrown);
  const reason = refusalReason(error);
  count(reason);
  const retryAfterMs = error instanceof HoldfastError ? error.retryAfterMs : undefined;
  const fields = { userId: request.userId, route, reason, class: failureClassOf(error), retryAfterMs };
  log.warn({ event: "upload_refused", ...fields }, "an upload was refused");
}
