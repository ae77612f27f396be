/**
 * One upload from its first byte to its finished conversations. The request is repeated whole when it fails on the way, which
 * is harmless: the server knows content it already has. Waiting follows the server's own pace.
 */
import {
  followConversation,
  followJob,
  type HoldfastApi,
  isTerminalJob,
  type RetryOptions,
  retrying,
  type UploadProgress,
} from "@holdfast/client";
import { type Conversation, isHoldfastError, type SyncJobView } from "@holdfast/contract";
import type { UploadItem } from "./plan.ts";

export interface UploadCourse {
  readonly api: HoldfastApi;
  /** Wait for the job and its conversations. */
  readonly wait: boolean;
  readonly patience: () => RetryOptions;
  readonly onProgress?: (progress: UploadProgress) => void;
  readonly onJob?: (job: SyncJobView) => void;
}

export interface UploadOutcome {
  readonly jobId: string;
  /** The job as last seen; undefined where nobody waited. */
  readonly job: SyncJobView | undefined;
  readonly conversations: readonly Conversation[];
}

export async function uploadItem(item: UploadItem, course: UploadCourse): Promise<UploadOutcome> {
  const { api } = course;
  const patience = course.patience();
  const options = {
    ...(course.onProgress === undefined ? {} : { onProgress: course.onProgress }),
    ...(patience.signal === undefined ? {} : { signal: patience.signal }),
  };
  const [only] = item.files;
  const accepted = await retrying(
    () =>
      item.kind === "sound" && only !== undefined
        ? api.uploadSound(only, options)
        : api.uploadRecordings(item.files, options),
    patience,
  );
  if (!course.wait) return { jobId: accepted.job_id, job: undefined, conversations: [] };
  const follow = { ...course.patience(), ...(course.onJob === undefined ? {} : { onJob: course.onJob }) };
  const job = await followJob(api, accepted, follow);
  const ids = [...(job.result?.new_memories ?? []), ...(job.result?.updated_memories ?? [])];
  const conversations = await Promise.all(ids.map((id) => finished(api, id, course.patience())));
  return { jobId: accepted.job_id, job, conversations: conversations.filter((one) => one !== undefined) };
}

/** A conversation may have been deleted, or merged away, since. */
async function finished(api: HoldfastApi, id: string, patience: RetryOptions): Promise<Conversation | undefined> {
  try {
    return await followConversation(api, id, patience);
  } catch (error) {
    if (isHoldfastError(error) && error.code === "not_found") return undefined;
    throw error;
  }
}

/** One line about a job for a person. */
export function jobText(job: SyncJobView): string {
  const counted = job.total_segments === 0 ? "" : ` ${job.processed_segments} of ${job.total_segments} segments`;
  if (!isTerminalJob(job)) {
    const reason = job.reason_code === undefined ? "" : `, waits: ${job.reason_code}`;
    return `${job.status}${counted}${reason}`;
  }
  const failed = job.failed_segments === 0 ? "" : `, ${job.failed_segments} of ${job.total_segments} segments failed`;
  return `${job.status}${failed}${job.reason_code === undefined ? "" : ` (${job.reason_code})`}`;
}

export function progressText({ sentBytes, totalBytes }: UploadProgress): string {
  const share = totalBytes === 0 ? 1 : sentBytes / totalBytes;
  const filled = Math.round(share * 24);
  const bar = `${"█".repeat(filled)}${"░".repeat(24 - filled)}`;
  return `${bar} ${String(Math.round(share * 100)).padStart(3)} %  ${(totalBytes / 1_048_576).toFixed(1)} MiB`;
}
