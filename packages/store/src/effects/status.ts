/** How far the fan-out of a conversation is, for people and apps that ask (reference listen-and-pusher section 9). */
import { isTerminal } from "@holdfast/core";
import type { ConversationRow } from "../conversations/read.ts";
import type { Db } from "../database.ts";
import type { Job } from "../jobs/job.ts";
import { findJob } from "../jobs/read.ts";
import { fanoutJobId } from "./request.ts";

export type FanoutStatus = "pending" | "leased" | "completed" | "fenced" | "unknown";

export interface FanoutView {
  readonly status: FanoutStatus;
  /** Why it did not reach everybody, if it did not. */
  readonly reasonCode: string | null;
}

/**
 * `finalization` is the job the conversation names. A finalisation that ended without anybody to tell has completed its fan-out;
 * `unknown` means that it will never happen, because the finalisation or every delivery failed.
 */
export async function fanoutStatus(db: Db, row: ConversationRow, finalization: Job): Promise<FanoutView> {
  if (finalization.result?.fenced === true) return { status: "fenced", reasonCode: null };
  const revision = row.completed_revision ?? row.finalization_revision;
  const job = await findJob(db, row.user_id, fanoutJobId(row.user_id, row.id, revision));
  if (job !== undefined) return viewOf(job);
  if (!isTerminal(finalization.state)) return { status: "pending", reasonCode: null };
  return { status: finalization.state === "completed" ? "completed" : "unknown", reasonCode: null };
}

function viewOf(job: Job): FanoutView {
  const { reasonCode } = job;
  if (job.state === "leased") return { status: "leased", reasonCode };
  if (!isTerminal(job.state)) return { status: "pending", reasonCode };
  if (job.state !== "completed") return { status: "unknown", reasonCode };
  return { status: job.result?.fenced === true ? "fenced" : "completed", reasonCode };
}
