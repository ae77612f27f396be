/**
 * `GET /v1/sync/status`: what waits, whose turn it is, when a user's recordings are begun and done as far as anybody can say,
 * why they rest, and whether more would be taken now. A person who waits is told what for (law L9).
 */
import {
  excessSeconds,
  type LaneLoad,
  otherLaneSeconds,
  type QueueLoad,
  refuseForCapacity,
  type SyncLane,
  serviceRate,
} from "@holdfast/core";
import { loadUserQueue, type UserLane } from "@holdfast/store";
import { z } from "zod";
import type { App } from "../http/context.ts";
import { oldestAgeSeconds, queueLimits, requireLoad, shownRate } from "./load.ts";
import { type QuotaContext, quotasOf } from "./publish.ts";
import { rateLimitFields } from "./quotas.ts";

const Lane = z.enum(["fresh", "backfill"]);
const LaneView = z.object({ waiting: z.number().int(), oldest_age_seconds: z.number().int() });

export const SyncStatus = z.object({
  queue: z.object({
    fresh: LaneView,
    backfill: LaneView,
    running: z.number().int(),
    /** Sound that all workers together get through in a second. */
    audio_seconds_per_second: z.number(),
  }),
  yours: z.array(
    z.object({
      lane: Lane,
      waiting: z.number().int(),
      running: z.number().int(),
      /** Of your next recording in its lane, 1 is next; null where none waits. */
      position: z.number().int().nullable(),
      expected_start: z.string().nullable(),
      expected_finish: z.string().nullable(),
      paused: z.object({ reason: z.string(), until: z.string() }).nullable(),
    }),
  ),
  accepts: z.array(
    z.object({
      lane: Lane,
      accepted: z.boolean(),
      code: z.string().optional(),
      retry_after: z.number().int().optional(),
    }),
  ),
  quotas: z.array(
    z.object({
      name: z.string(),
      unit: z.string(),
      quota: z.number().int(),
      remaining: z.number().int(),
      window_seconds: z.number().int().optional(),
      reset_seconds: z.number().int().optional(),
    }),
  ),
});
export type SyncStatus = z.infer<typeof SyncStatus>;

const LANES: readonly SyncLane[] = ["fresh", "backfill"];

export function registerSyncStatus(app: App, context: QuotaContext): void {
  const { db, clock, config, random } = context;
  app.get(
    "/v1/sync/status",
    {
      config: { problem: true },
      schema: { tags: ["uploads"], summary: "What waits, and what you may send", response: { 200: SyncStatus } },
    },
    async ({ userId }, reply) => {
      const nowMs = clock.now();
      const load = await requireLoad(context.queueLoad);
      const limits = queueLimits(config);
      const quotas = await quotasOf(context, userId);
      void reply.headers(rateLimitFields(quotas));
      return {
        queue: {
          ...{ fresh: laneView(load.fresh, nowMs), backfill: laneView(load.backfill, nowMs), running: load.running },
          audio_seconds_per_second: shownRate(load, nowMs),
        },
        yours: (await loadUserQueue(db, userId, nowMs)).map((lane) => userLaneView(lane, load, nowMs)),
        accepts: LANES.map((lane) => {
          if (excessSeconds(load, lane, limits, nowMs) <= 0) return { lane, accepted: true };
          const refusal = refuseForCapacity(load, lane, limits, nowMs, random.next());
          return { lane, accepted: false, code: refusal?.code, retry_after: refusal?.retryAfterSeconds };
        }),
        quotas: quotas.map(({ windowSeconds, resetSeconds, ...quota }) => ({
          ...quota,
          ...(windowSeconds === undefined ? {} : { window_seconds: windowSeconds }),
          ...(resetSeconds === undefined ? {} : { reset_seconds: resetSeconds }),
        })),
      };
    },
  );
}

function laneView(lane: LaneLoad, nowMs: number): z.infer<typeof LaneView> {
  return { waiting: lane.waiting, oldest_age_seconds: oldestAgeSeconds(lane, nowMs) };
}

/** Both lanes are worked on at once, each with its share of the claims. What rests begins no sooner than it may. */
export function userLaneView(mine: UserLane, load: QueueLoad, nowMs: number): SyncStatus["yours"][number] {
  const rate = serviceRate(load, nowMs);
  const lastSeconds = Math.max(mine.secondsBetween, mine.secondsAhead) + mine.audioSeconds;
  const secondsUntil = (own: number): number => (own + otherLaneSeconds(load, mine.lane, own)) / rate;
  const earliestMs = Math.max(nowMs, mine.paused?.untilMs ?? 0);
  const untilStart = secondsUntil(mine.secondsAhead);
  const startMs = Math.max(earliestMs, nowMs + untilStart * 1_000);
  const finishMs = startMs + (secondsUntil(lastSeconds) - untilStart) * 1_000;
  const waits = mine.waiting > 0;
  return {
    ...{ lane: mine.lane, waiting: mine.waiting, running: mine.running },
    position: waits ? mine.usersAhead + 1 : null,
    expected_start: waits ? time(startMs) : null,
    expected_finish: waits ? time(finishMs) : null,
    paused: mine.paused === null ? null : { reason: mine.paused.reason, until: time(mine.paused.untilMs) },
  };
}

/** Whole seconds, and nothing that a clock cannot show. */
function time(ms: number): string {
  return new Date(Math.min(Math.ceil(ms / 1_000) * 1_000, 8.64e15)).toISOString().replace(/\.\d+Z$/, "Z");
}
