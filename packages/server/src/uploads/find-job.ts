/** The asker's upload job: 404 where there is none of that id, 403 where it is somebody else's (reference offline-sync 4.4). */
import { canonicalUuid, HoldfastError } from "@holdfast/contract";
import { type Db, findJobOfAnyUser, type Job } from "@holdfast/store";

export async function ownUploadJob(db: Db, userId: string, id: string): Promise<Job> {
  const jobId = canonicalUuid(id);
  const job = jobId === null ? undefined : await findJobOfAnyUser(db, jobId);
  if (job === undefined || job.kind !== "sync") {
    throw new HoldfastError("Job not found", { code: "job_not_found", class: "permanent_input" });
  }
  if (job.userId === userId) return job;
  throw new HoldfastError("Not your job", { code: "job_forbidden", class: "permanent_input", scope: "account" });
}
