/**
 * Fair use for users: the state of one's own account, and of a case by its reference, which needs no token and is therefore
 * limited by address and says nothing about anybody (reference offline-sync 6.6).
 */
import { FAIR_USE, HoldfastError } from "@holdfast/contract";
import { currentStage, fairUseMessage, fairUsePolicy, isCaseRef, RateWindow } from "@holdfast/core";
import { findFairUseCase, findFairUseUser, loadFairUse, stageOf } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { FairUseStageName, FairUseStatus, fairUseStatus } from "./status.ts";

type Context = Pick<HttpContext, "db" | "config" | "clock">;

const tags = ["fair use"];

const CaseStatus = z.object({
  case_ref: z.string(),
  stage: FairUseStageName,
  message: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  support_email: z.string(),
});

/** A server that somebody runs themselves has no support of ours. */
const SUPPORT_EMAIL = "";

export function registerFairUse(app: App, { db, config, clock }: Context): void {
  const policy = fairUsePolicy(config);
  app.get(
    "/v1/fair-use/status",
    { schema: { tags, summary: "What you used, and what that limits", response: { 200: FairUseStatus } } },
    async ({ userId }) => {
      const nowMs = clock.now();
      const [account, row] = [await loadFairUse(db, userId, nowMs), await findFairUseUser(db, userId)];
      return fairUseStatus(policy, account, row?.last_case_ref ?? null, nowMs);
    },
  );
}

/** Beside the routes that need a user. */
export function registerFairUseCases(app: App, { db, clock }: Context): void {
  const rate = new RateWindow(FAIR_USE.caseRequests, FAIR_USE.caseWindowMs);
  app.get(
    "/v1/fair-use/case/:case_ref/status",
    {
      schema: {
        tags,
        summary: "The state of a case (no token, 10 requests a minute)",
        security: [],
        params: z.object({ case_ref: z.string() }),
        response: { 200: CaseStatus },
      },
    },
    async ({ ip, params }) => {
      const nowMs = clock.now();
      const waitMs = rate.take(ip, nowMs);
      if (waitMs > 0) {
        throw new HoldfastError("Too many requests", { code: "rate_limited", class: "throttle", retryAfterMs: waitMs });
      }
      const { case_ref } = params;
      const event = isCaseRef(case_ref) ? await findFairUseCase(db, case_ref) : undefined;
      const user = event === undefined ? undefined : await findFairUseUser(db, event.user_id);
      if (event === undefined || user === undefined) {
        throw new HoldfastError("Case not found", { code: "not_found", class: "permanent_input" });
      }
      // What became of the user since belongs to later cases.
      const isLatest = user.last_case_ref === case_ref && event.resolved_at === null;
      const { stage } = isLatest ? currentStage(stageOf(user), nowMs) : { stage: "none" as const };
      return {
        case_ref,
        stage,
        message: fairUseMessage(stage, case_ref),
        created_at: new Date(event.created_at).toISOString(),
        updated_at: new Date(event.resolved_at ?? Math.max(event.created_at, user.updated_at)).toISOString(),
        support_email: SUPPORT_EMAIL,
      };
    },
  );
}
