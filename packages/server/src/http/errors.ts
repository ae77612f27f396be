/**
 * Errors on the wire. Everything thrown by a route comes here and leaves as Omi's `{"detail": …}`, or as problem+json on our
 * own routes. Only errors that we made (HoldfastError) or that Fastify made about the request show their text; anything else
 * is `internal error`, with the cause in the log.
 */
import type { Socket } from "node:net";
import { HoldfastError, isHoldfastError, problemOf } from "@holdfast/contract";
import type { Log } from "@holdfast/core";
import { asDatabaseError } from "@holdfast/store";
import type { FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { statusOf } from "./error-status.ts";
import { omiBody, omiHeaders, omiStatus } from "./omi-errors.ts";

function invalidInput(code: string, message: string, cause: unknown): HoldfastError {
  return new HoldfastError(message, { code, class: "permanent_input", cause });
}

/** What went wrong as a HoldfastError; `internal` where nobody foresaw it. */
function classify(error: unknown): HoldfastError {
  if (isHoldfastError(error)) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const status = error instanceof Error && "statusCode" in error ? Number(error.statusCode) : 500;
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
    case "FST_PARTS_LIMIT":
    case "FST_FILES_LIMIT":
    case "FST_FIELDS_LIMIT":
      return invalidInput("payload_too_large", "the request is too large", error);
    case "FST_ERR_CTP_INVALID_JSON_BODY":
      return invalidInput("json_invalid", "JSON decode error", error);
    default:
      if (error instanceof SyntaxError && status === 400)
        return invalidInput("json_invalid", "JSON decode error", error);
      if (error instanceof Error && status >= 400 && status < 500)
        return invalidInput("bad_request", error.message, error);
      return unforeseen(error);
  }
}

/**
 * Files and multipart bodies are classified where they are read, so an error without a class that gets here is the database
 * driver's, or a bug.
 */
function unforeseen(error: unknown): HoldfastError {
  const known = asDatabaseError(error);
  if (isHoldfastError(known)) return known;
  return new HoldfastError("internal error", { code: "internal", class: "content", scope: "service", cause: error });
}

/** Fastify's error handler. */
export async function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): Promise<FastifyReply> {
  const gone = request.raw.socket.destroyed;
  if (!gone && !hasZodFastifySchemaValidationErrors(error)) {
    const { code, message, cause } = classify(error);
    const fields = { method: request.method, route: request.routeOptions.url, code };
    if (code === "internal") log.error({ ...fields, err: cause }, "request failed");
    else if (code === "database_unavailable") log.warn(fields, message);
  }
  return sendError(error, request, reply);
}

export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const isProblem = request.routeOptions?.config?.problem === true;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const where = error.validationContext === "querystring" ? "query" : (error.validationContext ?? "body");
    const detail = error.validation.map((issue) => ({
      loc: [where, ...issue.instancePath.split("/").filter((part) => part !== "")],
      msg: issue.message,
      type: issue.keyword,
    }));
    if (!isProblem) return reply.code(422).send({ detail });
    const text = detail.map((item) => `${item.loc.join(".")}: ${item.msg}`).join("; ");
    return sendProblem(invalidInput("validation_failed", text, error), reply);
  }
  const failure = classify(error);
  if (isProblem) return sendProblem(failure, reply);
  const isSync = request.routeOptions?.config?.sync === true;
  for (const [name, value] of Object.entries(omiHeaders(failure, isSync))) void reply.header(name, value);
  return reply.code(omiStatus(failure, isSync)).send(omiBody(failure, isSync));
}

function sendProblem(error: HoldfastError, reply: FastifyReply): FastifyReply {
  const status = statusOf(error);
  if (error.retryAfterMs !== undefined) void reply.header("retry-after", String(Math.ceil(error.retryAfterMs / 1000)));
  return reply
    .code(status)
    .type("application/problem+json")
    .send(JSON.stringify({ ...problemOf(error), status }));
}

/** No such route; for people's browsers the pages module has a better answer. */
export async function answerNotFound(_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return await reply.code(404).send({ detail: "Not Found" });
}

/** Bytes that are not HTTP, or headers beyond the limit: there is no request to answer, so the socket is. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const line = error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
  const body = JSON.stringify({ detail: line.slice(4) });
  const head = `HTTP/1.1 ${line}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close`;
  if (socket.writable) socket.write(`${head}\r\n\r\n${body}`);
  socket.destroySoon();
}
