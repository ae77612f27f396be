/**
 * The HTTP application: every route, and what surrounds them all: security headers, error shapes, figures, and the refusal of
 * new requests while the gateway drains. Promises that no body, token or inner error text reaches a log or a client.
 */
import fastifyHelmet from "@fastify/helmet";
import { registerDocs } from "../docs/routes.ts";
import { nameFairUseRefusal } from "../fair-use/upload-gate.ts";
import { createMetrics } from "../health/metrics.ts";
import { registerHealth } from "../health/routes.ts";
import { registerPages } from "../pages/routes.ts";
import { noteUploadRefusal } from "../queue/refusals.ts";
import { bareApp } from "./bare-app.ts";
import type { App, HttpContext } from "./context.ts";
import { answerError } from "./errors.ts";
import { registerApi } from "./routes.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

export async function createApp(context: HttpContext): Promise<App> {
  const { log } = context;
  const metrics = createMetrics(context);
  const app = bareApp();
  await app.register(fastifyHelmet, SECURITY_HEADERS);
  app.addHook("onRequest", async (request, reply) => {
    const refused = context.draining.aborted && request.routeOptions.config.whileDraining !== true;
    if (refused) await reply.code(503).header("retry-after", "2").send({ detail: "the server is restarting" });
  });
  app.addHook("onSend", async (_request, reply) => {
    // An answer made while draining is the last one of its connection, or the drain would wait for a silent keep-alive.
    if (context.draining.aborted) void reply.header("connection", "close");
  });
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "unmatched";
    metrics.observe(request.method, route, reply.statusCode, reply.elapsedTime);
    const fields = { method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) };
    log.debug(fields, "request");
  });
  app.setErrorHandler(async (error, request, reply) => {
    nameFairUseRefusal(context, error, request, reply);
    noteUploadRefusal(context, error, request, metrics.refused);
    return await answerError(error, request, reply, log);
  });
  registerHealth(app, context, metrics);
  registerDocs(app);
  await registerApi(app, context);
  await registerPages(app, context);
  await app.ready();
  return app;
}
