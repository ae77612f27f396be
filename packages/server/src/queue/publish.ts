/** Puts the user's quotas on every answer of the upload routes that takes, or refuses for now: 202, 429 and 503. */
import { fairUsePolicy, isLimited } from "@holdfast/core";
import { loadFairUse } from "@holdfast/store";
import type { App, HttpContext } from "../http/context.ts";
import type { QueueContext } from "./gate.ts";
import { queueLimits } from "./load.ts";
import { fairUseQuotas, type Quota, queueQuotas, rateLimitFields } from "./quotas.ts";

const PUBLISHED = [202, 429, 503];

export type QuotaContext = QueueContext & Pick<HttpContext, "db">;

export function publishQuotas(app: App, context: QuotaContext): void {
  app.addHook("onSend", async (request, reply) => {
    if (!PUBLISHED.includes(reply.statusCode) || request.userId === "") return;
    const quotas = await quotasOf(context, request.userId).catch(() => []);
    for (const [name, value] of Object.entries(rateLimitFields(quotas))) void reply.header(name, value);
  });
}

export async function quotasOf(context: QuotaContext, userId: string): Promise<Quota[]> {
  const { db, config, clock } = context;
  const nowMs = clock.now();
  const load = await context.queueLoad();
  const policy = fairUsePolicy(config);
  return [
    ...(isLimited(policy, userId) ? fairUseQuotas(policy, await loadFairUse(db, userId, nowMs), nowMs) : []),
    ...(load === undefined ? [] : queueQuotas(load, queueLimits(config), nowMs)),
  ];
}
