/** What the worker is given, and what each job's work gets of it. */
import type { Config } from "@holdfast/contract";
import type { Clock, Log, Random } from "@holdfast/core";
import type { BlobStore, Db } from "@holdfast/store";
import type { Transcriber } from "./speech/transcriber.ts";

export interface WorkerDeps {
  readonly db: Db;
  readonly blobs: BlobStore;
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface JobDeps extends Omit<WorkerDeps, "config"> {
  readonly transcriber: Transcriber;
}
