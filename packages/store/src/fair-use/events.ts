/** Looking at flagged users and at events, for the people who run a server and for whoever knows a case reference. */
import { currentStage, type FairUseStage } from "@holdfast/core";
import type { Selectable } from "kysely";
import type { Db } from "../database.ts";
import type { FairUseEventsTable } from "../schema-fair-use.ts";
import { type FairUseUserRow, stageOf } from "./account.ts";

export type FairUseEventRow = Selectable<FairUseEventsTable>;

/** More than this are not looked through for the ones that time has not ended. */
const LOOKED_THROUGH = 2_000;

/** Newest first. */
export async function listFairUseEvents(db: Db, userId: string, limit: number): Promise<FairUseEventRow[]> {
  return await db
    .selectFrom("fair_use_events")
    .selectAll()
    .where("user_id", "=", userId)
    .orderBy("created_at", "desc")
    .limit(limit)
    .execute();
}

export async function findFairUseCase(db: Db, caseRef: string): Promise<FairUseEventRow | undefined> {
  return await db.selectFrom("fair_use_events").selectAll().where("case_ref", "=", caseRef).executeTakeFirst();
}

/** Users who are at a stage now, or at this one; latest change first. */
export async function listFlaggedUsers(
  db: Db,
  stage: FairUseStage | undefined,
  limit: number,
  nowMs: number,
): Promise<FairUseUserRow[]> {
  const rows = await db
    .selectFrom("fair_use_users")
    .selectAll()
    .where("stage", "<>", "none")
    .orderBy("updated_at", "desc")
    .limit(LOOKED_THROUGH)
    .execute();
  const isWanted = (row: FairUseUserRow): boolean => {
    const now = currentStage(stageOf(row), nowMs).stage;
    return stage === undefined ? now !== "none" : now === stage;
  };
  return rows.filter(isWanted).slice(0, limit);
}
