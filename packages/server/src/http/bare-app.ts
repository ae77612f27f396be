/**
 * Fastify with our limits and compilers but without routes; also what the API description is made with. A body is never
 * larger than its limit, and a slow or silent peer holds a connection only for so long. Multipart parsing is not here: only
 * the upload routes have it.
 */
import { HoldfastError } from "@holdfast/contract";
import fastify, { type FastifyInstance } from "fastify";
import { validatorCompiler } from "fastify-type-provider-zod";
import type { App } from "./context.ts";
import { answerClientError, sendError } from "./errors.ts";
import { isListenPath } from "./upgrade.ts";

/** Bodies other than uploads. */
const BODY_LIMIT_BYTES = 1_048_576;
/** A connection on which nothing moves for this long is ended. */
const IDLE_CONNECTION_MS = 120_000;
/** One request may arrive for this long: a recording of 200 MiB over 1 Mbit/s. */
const REQUEST_TIMEOUT_MS = 1_800_000;

export function bareApp(): App {
  const app = fastify({
    logger: false,
    trustProxy: false,
    bodyLimit: BODY_LIMIT_BYTES,
    connectionTimeout: IDLE_CONNECTION_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    return503OnClosing: true,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 512 },
    // An upgrade we do not know (h2c, for one) is answered as the plain request that it also is.
    http: { shouldUpgradeCallback: (request) => isListenPath(request.url) },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => sendError(error, request, reply),
  });
  app.setValidatorCompiler(validatorCompiler);
  // Answers are made from typed rows; checking each again would stall the loop that holds the live sockets.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.decorateRequest("userId", "");
  app.decorateRequest("tokenHash", "");
  acceptJson(app);
  return app as unknown as App;
}

/** Clients send `Content-Type: application/json`, or anything, with an empty body where there is nothing to say. */
function acceptJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    if (String(body).trim() === "") done(null, undefined);
    else void parse(request, String(body), done);
  });
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => {
    if (String(body).trim() === "") done(null, undefined);
    else done(unsupportedMediaType());
  });
}

function unsupportedMediaType(): HoldfastError {
  const message = "the body must be application/json";
  return new HoldfastError(message, { code: "unsupported_media_type", class: "permanent_input" });
}
