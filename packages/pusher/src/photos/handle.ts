/**
 * Works on one picture: asks the vision model what it shows and stores the answer. Without a model, or for a file no model
 * takes, the picture is kept and described by nothing, which is said honestly and at once. A model that is away is tried again
 * later, up to a day; one that refuses the picture spends attempts. Whatever happens, the picture stays.
 */

import type { Clock, Random } from "@holdfast/core";
import {
  completeJob,
  type Db,
  describePhoto,
  failPhoto,
  findConversation,
  findPhoto,
  type Job,
  type JobFailure,
} from "@holdfast/store";
import type { OnPusherEvent } from "../events.ts";
import { enrichDelayMs, shouldGiveUp } from "../finalise/enrich.ts";
import { jobFailureOf } from "../job-failure.ts";
import { LlmFailure } from "../summary/port.ts";
import type { DescribePicture } from "./vision.ts";

export interface PhotoDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  /** The vision model that counts now, if there is one; asked for with each picture. */
  readonly describe: () => Promise<DescribePicture | undefined>;
  readonly onEvent: OnPusherEvent;
}

type PhotoOutcome = "described" | "without_description" | "gone" | "lease_lost";

export async function handlePhoto(deps: PhotoDeps, job: Job, signal: AbortSignal): Promise<void> {
  const startedMs = deps.clock.now();
  try {
    const outcome = await work(deps, job, signal);
    if (outcome === undefined) return;
    const tookMs = deps.clock.now() - startedMs;
    deps.onEvent({ type: "photo_finished", ...nameOf(job), outcome, tookMs });
  } catch (error) {
    if (!signal.aborted) await recordFailure(deps, job, jobFailureOf(error, "photo_failed"));
  }
}

/** Records a failure of the job, also one that its worker could not record itself. */
export async function recordFailure(deps: PhotoDeps, job: Job, failure: JobFailure): Promise<Job["state"] | undefined> {
  const at = { nowMs: deps.clock.now(), random: deps.random.next() };
  const state = await failPhoto(deps.db, job, photoIdOf(job), failure, at);
  const { code, class: failureClass } = failure;
  deps.onEvent({ type: "photo_failed", ...nameOf(job), code, class: failureClass, state: state ?? null });
  return state;
}

async function work(deps: PhotoDeps, job: Job, signal: AbortSignal): Promise<PhotoOutcome | undefined> {
  const { db, clock } = deps;
  const conversationId = job.conversationId ?? "";
  const photo = await findPhoto(db, { userId: job.userId, conversationId, id: photoIdOf(job) });
  if (photo === undefined || photo.described) {
    const held = await completeJob(db, job, { outcome: "completed", result: { gone: true }, nowMs: clock.now() });
    return held ? "gone" : "lease_lost";
  }
  const describe = await deps.describe();
  if (describe === undefined) return await write(deps, job, "", "llm_not_configured");
  if (!photo.contentType.startsWith("image/")) return await write(deps, job, "", "unknown_image_type");
  const language = (await findConversation(db, job.userId, conversationId))?.language ?? null;
  try {
    const description = await describe({ ...photo, language }, signal);
    return signal.aborted ? undefined : await write(deps, job, description, null);
  } catch (error) {
    if (signal.aborted || !(error instanceof LlmFailure)) throw error;
    if (error.class !== "content" && shouldGiveUp(job.tries + 1)) return await write(deps, job, "", error.code);
    // A server that is away is asked at growing distances; the last refusal of a picture ends its waiting.
    const away = error.class === "content" ? undefined : enrichDelayMs(job.tries, error.retryAfterMs);
    await recordFailure(deps, job, {
      code: error.code,
      class: error.class,
      message: error.message,
      retryAfterMs: away,
    });
    return undefined;
  }
}

async function write(deps: PhotoDeps, job: Job, description: string, reason: string | null): Promise<PhotoOutcome> {
  const result = { description, reason, nowMs: deps.clock.now() };
  if (!(await describePhoto(deps.db, job, photoIdOf(job), result))) return "lease_lost";
  return description === "" ? "without_description" : "described";
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;
const NOBODY = "00000000-0000-0000-0000-000000000000";

function photoIdOf(job: Job): string {
  const id = job.payload.photo_id;
  return typeof id === "string" && UUID.test(id) ? id : NOBODY;
}

function nameOf(job: Job) {
  return { jobId: job.id, conversationId: job.conversationId ?? "" };
}
