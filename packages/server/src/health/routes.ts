/**
 * `/health/live` (the process answers), `/health/ready` (a user can record) and `/metrics`. Metrics are shown to this machine
 * itself, and elsewhere to the owner or the internal token; a request that a proxy passed on is not from this machine.
 */

import { HoldfastError } from "@holdfast/contract";
import { isSameSecret } from "@holdfast/runtime";
import { OWNER_USER_ID } from "@holdfast/store";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { tokenOf } from "../auth/require-user.ts";
import type { App, HttpContext } from "../http/context.ts";
import type { Metrics } from "./metrics.ts";
import { createReadiness } from "./readiness.ts";

const Part = z.object({ ok: z.boolean(), why: z.string().optional() });
const ReadinessView = z.object({
  ok: z.boolean(),
  parts: z.object({ database: Part, blobs: Part, speech: Part }),
});
const config = { whileDraining: true } as const;
const tags = ["health"];

export function registerHealth(app: App, context: HttpContext, metrics: Metrics): void {
  const readiness = createReadiness(context);
  app.get(
    "/health/live",
    { config, schema: { tags, summary: "The process answers", response: { 200: z.object({ ok: z.literal(true) }) } } },
    async () => ({ ok: true as const }),
  );

  app.get(
    "/health/ready",
    { config, schema: { tags, summary: "A user can record", response: { 200: ReadinessView, 503: ReadinessView } } },
    async (_request, reply) => {
      const answer = await readiness();
      return await reply.code(answer.ok ? 200 : 503).send(answer);
    },
  );

  app.get("/metrics", { config, schema: { tags, summary: "Figures for Prometheus" } }, async (request, reply) => {
    if (!isThisMachine(request) && !(await mayAsk(context, request))) {
      throw new HoldfastError("metrics need a token", { code: "unauthorized", class: "auth" });
    }
    return await reply
      .type(metrics.contentType)
      .serializer(String)
      .send(await metrics.render());
  });
}

const LOOPBACK = /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/;

function isThisMachine(request: FastifyRequest): boolean {
  const passedOn = request.headers["x-forwarded-for"] ?? request.headers.forwarded;
  return passedOn === undefined && LOOPBACK.test(request.raw.socket.remoteAddress ?? "");
}

async function mayAsk({ config: settings, tokens }: HttpContext, request: FastifyRequest): Promise<boolean> {
  const token = tokenOf(request.headers.authorization);
  if (token === undefined) return false;
  const internal = settings.HOLDFAST_INTERNAL_TOKEN ?? "";
  if (internal !== "" && isSameSecret(token, internal)) return true;
  const check = await tokens.check(token);
  return check.outcome === "valid" && check.userId === OWNER_USER_ID;
}
