/**
 * Fair use for whoever runs the server (reference offline-sync 6.7): header `X-Admin-Key` must be the setting ADMIN_KEY, or, ours,
 * a token must be of the server's owner. To everybody else the routes are closed. What is done is signed with a hash of the key,
 * never with the key, or as the owner's.
 */

import { createHash } from "node:crypto";
import { HoldfastError } from "@holdfast/contract";
import { currentStage, isCaseRef, type Log, parseStage } from "@holdfast/core";
import { isSameSecret } from "@holdfast/runtime";
import {
  type FairUseEventRow,
  type FairUseUserRow,
  findFairUseCase,
  findFairUseUser,
  listFairUseEvents,
  listFlaggedUsers,
  loadFairUse,
  OWNER_USER_ID,
  resetFairUse,
  resolveFairUseEvent,
  setFairUseStage,
  stageOf,
  violationsSince,
} from "@holdfast/store";
import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import { z } from "zod";
import { tokenOf } from "../auth/require-user.ts";
import type { App, HttpContext } from "../http/context.ts";

type Context = Pick<HttpContext, "db" | "config" | "clock" | "log" | "tokens">;

const tags = ["fair use (admin)"];
const DAY_MS = 86_400_000;
const EVENTS_SHOWN = 50;
const MAX_FLAGGED = 200;

const UserParams = z.object({ uid: z.string() });
const Any = z.record(z.string(), z.unknown());

/** Beside the routes that need a user. */
export async function registerFairUseAdmin(app: App, context: Context): Promise<void> {
  const routes: FastifyPluginAsync = async (scope) => {
    scope.addHook("onRequest", async (request) => await requireAdmin(context, request));
    registerReads(scope as unknown as App, context);
    registerDecisions(scope as unknown as App, context);
  };
  await app.register(routes);
}

function registerReads(app: App, { db, config, clock }: Context): void {
  app.get(
    "/v1/admin/fair-use/flagged",
    {
      schema: {
        tags,
        summary: "Users at a stage",
        security: [],
        querystring: z.object({
          stage: z.string().optional(),
          limit: z.coerce.number().int().min(1).max(MAX_FLAGGED).default(50),
        }),
        response: { 200: z.object({ users: z.array(Any), fair_use_enabled: z.boolean() }) },
      },
    },
    async ({ query }) => {
      const nowMs = clock.now();
      const stage = query.stage === undefined ? undefined : knownStage(query.stage);
      const rows = await listFlaggedUsers(db, stage, query.limit, nowMs);
      const users = [];
      for (const row of rows) users.push({ uid: row.user_id, ...(await stateView(db, row, nowMs)) });
      return { users, fair_use_enabled: config.FAIR_USE_ENABLED };
    },
  );

  app.get(
    "/v1/admin/fair-use/user/:uid",
    {
      schema: {
        tags,
        summary: "What is known of a user",
        security: [],
        params: UserParams,
        response: {
          200: z.object({ uid: z.string(), state: Any, events: z.array(Any), current_speech_ms: Any }),
        },
      },
    },
    async ({ params: { uid } }) => {
      const nowMs = clock.now();
      const row = await findFairUseUser(db, uid);
      const events = await listFairUseEvents(db, uid, EVENTS_SHOWN);
      const { totals } = await loadFairUse(db, uid, nowMs);
      const state = row === undefined ? { stage: "none" } : await stateView(db, row, nowMs);
      return { uid, state, events: events.map(eventView), current_speech_ms: { ...totals } };
    },
  );

  app.get(
    "/v1/admin/fair-use/case/:case_ref",
    {
      schema: {
        tags,
        summary: "The event behind a case",
        security: [],
        params: z.object({ case_ref: z.string() }),
        response: { 200: Any },
      },
    },
    async ({ params: { case_ref } }) => {
      const event = isCaseRef(case_ref) ? await findFairUseCase(db, case_ref) : undefined;
      if (event === undefined) throw notFound("Case not found");
      return { uid: event.user_id, event_id: event.id, ...eventView(event) };
    },
  );
}

function registerDecisions(app: App, { db, config, clock, log }: Context): void {
  const decision = (userId: string, request: FastifyRequest) => {
    const by = request.userId === OWNER_USER_ID ? OWNER_USER_ID : adminName(config.ADMIN_KEY ?? "");
    return { userId, by, nowMs: clock.now() };
  };

  app.post(
    "/v1/admin/fair-use/user/:uid/resolve-event/:event_id",
    {
      schema: {
        tags,
        summary: "An event was wrong and counts no more",
        security: [],
        params: UserParams.extend({ event_id: z.uuid() }),
        querystring: z.object({ notes: z.string().max(2_000).default("") }),
        response: { 200: z.object({ status: z.literal("resolved") }) },
      },
    },
    async (request) => {
      const { params, query } = request;
      const { uid, event_id } = params;
      const done = decision(uid, request);
      if (!(await resolveFairUseEvent(db, done, event_id, query.notes))) throw notFound("Event not found");
      told(log, done, "resolve_event", event_id);
      return { status: "resolved" as const };
    },
  );

  app.post(
    "/v1/admin/fair-use/user/:uid/reset",
    {
      schema: {
        tags,
        summary: "A clean slate: no stage, a whole budget",
        security: [],
        params: UserParams,
        response: { 200: z.object({ status: z.literal("reset") }) },
      },
    },
    async (request) => {
      const done = decision(request.params.uid, request);
      await resetFairUse(db, done);
      told(log, done, "reset");
      return { status: "reset" as const };
    },
  );

  app.post(
    "/v1/admin/fair-use/user/:uid/set-stage",
    {
      schema: {
        tags,
        summary: "Another stage: none, warning, throttle, restrict (until a person ends it)",
        security: [],
        params: UserParams,
        querystring: z.object({ stage: z.string() }),
        response: { 200: z.object({ status: z.literal("updated"), stage: z.string() }) },
      },
    },
    async (request) => {
      const done = decision(request.params.uid, request);
      const stage = knownStage(request.query.stage);
      await setFairUseStage(db, done, stage);
      told(log, done, "set_stage", stage);
      return { status: "updated" as const, stage };
    },
  );
}

/** Leaves who it is in `userId` where it is the owner. */
async function requireAdmin({ config, tokens }: Context, request: FastifyRequest): Promise<void> {
  const given = request.headers["x-admin-key"];
  const key = config.ADMIN_KEY;
  if (key !== undefined && typeof given === "string" && isSameSecret(given, key)) return;
  const token = tokenOf(request.headers.authorization);
  const check = token === undefined ? undefined : await tokens.check(token);
  if (check?.outcome === "valid" && check.userId === OWNER_USER_ID) {
    request.userId = check.userId;
    return;
  }
  throw new HoldfastError("Invalid admin key", { code: "forbidden", class: "auth", scope: "account" });
}

/** `admin:` and the first 8 hex digits of the key's SHA-256. */
function adminName(key: string): string {
  return `admin:${createHash("sha256").update(key).digest("hex").slice(0, 8)}`;
}

function told(log: Log, { by }: { readonly by: string }, decision: string, about?: string): void {
  log.info({ event: "fair_use_decision", by, decision, about }, "a person decided about a user's fair use");
}

function knownStage(text: string) {
  const stage = parseStage(text);
  if (stage !== undefined) return stage;
  throw new HoldfastError("Invalid stage", { code: "stage_invalid", class: "permanent_input" });
}

function notFound(message: string): HoldfastError {
  return new HoldfastError(message, { code: "not_found", class: "permanent_input" });
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** The stage and its ends are those of now. */
async function stateView(db: HttpContext["db"], row: FairUseUserRow, nowMs: number): Promise<Record<string, unknown>> {
  const state = currentStage(stageOf(row), nowMs);
  return {
    stage: state.stage,
    last_violation_at: iso(row.last_violation_at),
    last_classifier_score: row.last_classifier_score,
    last_classifier_type: row.last_classifier_type,
    violation_count_7d: await violationsSince(db, row.user_id, nowMs - 7 * DAY_MS),
    violation_count_30d: await violationsSince(db, row.user_id, nowMs - 30 * DAY_MS),
    warning_until: iso(state.warningUntilMs),
    throttle_until: iso(state.throttleUntilMs),
    restrict_until: iso(state.restrictUntilMs),
    restrict_reason: row.restrict_reason,
    last_case_ref: row.last_case_ref,
    updated_at: iso(row.updated_at),
    reset_by: row.reset_by,
    reset_at: iso(row.reset_at),
  };
}

function eventView(event: FairUseEventRow): Record<string, unknown> {
  const resolved = event.resolved_at !== null;
  return {
    id: event.id,
    case_ref: event.case_ref,
    session_id: event.session_id,
    trigger: event.trigger,
    window_speech_ms: event.window_speech_ms,
    thresholds_ms: event.thresholds_ms,
    classifier: event.classifier,
    enforcement_action: event.enforcement_action,
    previous_stage: event.previous_stage,
    new_stage: event.new_stage,
    created_at: iso(event.created_at),
    resolved,
    ...(resolved
      ? { resolved_at: iso(event.resolved_at), resolved_by: event.resolved_by, admin_notes: event.admin_notes }
      : {}),
  };
}
